"""Scores and their summary."""

import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc, Span

from benchmarks.corpora import SPANS_KEY
from benchmarks.scores import score_pipeline, summarize


@Language.component("benchmarks_label_every_word")
def label_every_word(doc: Doc) -> Doc:
    doc.spans[SPANS_KEY] = [Span(doc, i, i + 1, "X") for i in range(len(doc))]
    return doc


def gold_doc(nlp: Language) -> Doc:
    """Gold cuts "iron-works" in two and names both halves; spaCy's tokenizer does as it likes."""
    doc = Doc(nlp.vocab, words=["preiron", "s", "x"], spaces=[False, True, False])
    doc.spans[SPANS_KEY] = [Span(doc, i, i + 1, "X") for i in range(3)]
    return doc


def test_gold_that_the_tokens_cannot_express_is_missed():
    nlp = spacy.blank("en")
    nlp.add_pipe("benchmarks_label_every_word")
    gold = gold_doc(nlp)
    assert score_pipeline(nlp, [gold], "gold")["f"] == 1.0
    # "preirons x": two words, one of them a gold span, three gold spans.
    scores = score_pipeline(nlp, [gold], "spacy")
    assert (scores["p"], scores["r"]) == (pytest.approx(1 / 2), pytest.approx(1 / 3))


def make_run(seed: int, f: float, **changes) -> dict:
    run = {
        "pipeline": "spanbert",
        "layout": "sentences",
        "seed": seed,
        "minutes": 1,
        "seconds": 50.0 + seed,
        "scores": {"gold": {"f": f}, "spacy": {"f": 0.0}},
    }
    return run | changes


def test_seeds_are_summed_up_by_mean_and_sample_deviation():
    (row,) = summarize([make_run(0, 0.6), make_run(1, 0.7), make_run(2, 0.8)], "gold")
    assert (row["n_seeds"], row["f_mean"], row["f_deviation"]) == (3, 0.7, 0.1)
    assert (row["longest_seconds"], row["is_in_time"]) == (52.0, True)


def test_a_run_over_its_time_is_told_and_one_without_limit_is_not_judged():
    runs = [
        *(make_run(0, 0.6), make_run(1, 0.6, seconds=61)),
        make_run(0, 0.5, layout="documents"),
        make_run(0, 0.4, pipeline="spancat", minutes=None, seconds=9999),
    ]
    rows = summarize(runs, "gold")
    assert [row["is_in_time"] for row in rows] == [False, True, None]
    assert [row["f_deviation"] for row in rows] == [0.0, None, None]


def test_no_runs_have_no_summary():
    assert summarize([], "gold") == []
