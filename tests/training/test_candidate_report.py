"""The report of candidates says what the counts are."""

import json

import pytest
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_spanbert.training.candidate_counts import CandidateCounts
from spacy_spanbert.training.candidate_report import (
    make_candidate_report,
    render_candidate_report,
)

GOLD = [(0, 9, "PER"), (0, 2, "GPE"), (0, 2, "ORG"), (5, 6, "PER"), (1, 2, "PER")]


@pytest.fixture
def counts() -> CandidateCounts:
    """Ten words; all spans of one or two words, the gold ones among the best."""
    vocab = Vocab()
    reference = Doc(vocab, words=["x"] * 10)
    reference.spans["sc"] = [Span(reference, *span) for span in GOLD]
    spans = sorted((s, s + n) for s in range(10) for n in (1, 2) if s + n <= 10)
    scores = [0.9 if span == (0, 2) else 0.3 if span == (5, 6) else 0.01 for span in spans]
    counts = CandidateCounts()
    starts, ends = zip(*spans, strict=True)
    counts.add(Example(Doc(vocab, words=["x"] * 10), reference), "sc", starts, ends, scores)
    return counts


def test_groups_have_their_gold_spans_and_recalls(counts):
    report = make_candidate_report(counts)
    assert [report[f"n_{x}"] for x in ("docs", "words", "gold", "candidates")] == [1, 10, 4, 19]
    numbers = {
        kind: {name: group["n_gold"] for name, group in groups.items()}
        for kind, groups in report["groups"].items()
    }
    assert numbers == {
        "": {"all": 4},
        "words": {"1": 2, "2": 1, "9-16": 1},
        "nesting": {"outermost": 1, "inside one": 2, "inside two": 1},
        "label": {"PER": 3, "GPE": 1, "ORG": 1},
    }
    # one candidate, two, and all but the last two columns
    assert report["columns"] == [0.1, 0.2, 0.3, 0.5, 1.0]
    everything = report["groups"][""]["all"]
    assert everything["at_columns"][:2] == [0.25, 0.5]
    assert everything["at_columns"][-1] == 0.75
    assert report["groups"]["words"]["9-16"]["at_columns"][-1] == 0.0
    assert report["groups"]["label"]["GPE"]["at_columns"][0] == 1.0
    assert len(everything["recall"]) == len(report["per_word"])
    assert json.loads(json.dumps(report)) == report


def test_choices_have_what_they_leave(counts):
    report = make_candidate_report(counts)
    by_threshold = {row["threshold"]: row for row in report["by_threshold"]}
    assert by_threshold[0.5] == {
        "threshold": 0.5,
        "n_candidates": 1,
        "per_word": 0.1,
        "recall": 0.25,
    }
    assert by_threshold[0.0]["n_candidates"] == 19
    assert report["by_recall"] == []  # no more than three of four can be reached
    assert [row["n_candidates"] for row in report["by_top_k"]] == [10, 19, 19, 19, 19]


def test_recalls_that_can_be_reached_have_a_threshold(counts):
    counts.gold[:] = [gold for gold in counts.gold if gold.rank >= 0]
    rows = make_candidate_report(counts)["by_recall"]
    assert [row["min_recall"] for row in rows] == [0.8, 0.9, 0.95, 0.98, 0.99, 0.995]
    assert {row["threshold"] for row in rows} == {0.00999}
    assert {row["recall"] for row in rows} == {1.0}


def test_the_tables_show_all_of_it(counts):
    text = render_candidate_report(make_candidate_report(counts))
    assert "4 gold spans, 19 candidates in 10 words of 1 documents" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["label", "PER", "3", "0.0", "33.3"] in [row[:5] for row in rows]
    assert ["nesting", "inside", "two", "1"] in [row[:4] for row in rows]
    assert ["0.5", "1", "0.1", "25.0"] in rows
    assert ["1", "10", "1", "75.0"] in rows
    for title in ("so many for each word", "Recall from a threshold", "best top_k"):
        assert title in text
