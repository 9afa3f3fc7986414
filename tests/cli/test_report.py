"""The command `report`."""

from pathlib import Path

import pytest
import srsly
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.cli.report import read_scores, render_report
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.training.relation_scorer import score_relations
from spacy_spanbert.training.span_scorer import score_spans


def _scores() -> dict:
    vocab = Vocab()
    gold, predicted = Doc(vocab, words=["a", "b", "c"]), Doc(vocab, words=["a", "b", "c"])
    gold.spans["sc"] = [Span(gold, 0, 3, "X"), Span(gold, 1, 2, "Y")]
    predicted.spans["sc"] = [Span(predicted, 0, 3, "X")]
    return score_spans([Example(predicted, gold)], "sc")


def _relation_scores() -> dict:
    vocab = Vocab()
    gold, predicted = Doc(vocab, words=["a", "b", "c"]), Doc(vocab, words=["a", "b", "c"])
    gold._.relations = [
        Relation(gold[0:1], gold[2:3], "is"),
        Relation(gold[0:2], gold[1:2], "has"),
    ]
    predicted._.relations = [Relation(predicted[0:1], predicted[2:3], "is")]
    return score_relations([Example(predicted, gold)])


def test_report_shows_scores_in_percent() -> None:
    lines = render_report(_scores(), "sc").splitlines()
    overall = next(line.split() for line in lines if line.startswith("all spans"))
    inside = next(line.split() for line in lines if line.startswith("inside another"))
    assert overall[2:] == ["100.0", "50.0", "66.7"]
    assert inside[3] == "0.0"  # of the gold span inside another, nothing was found


def test_report_of_another_key_names_the_keys_that_are_there() -> None:
    scores = {**_scores(), **_relation_scores(), "spans_a_b_f": 0.5, "ents_per_type": {}}
    with pytest.raises(SpanbertError, match=r"no scores of doc.spans\['ents'\].*: a_b, sc$"):
        render_report(scores, "ents")


def test_report_of_other_scores_names_them() -> None:
    with pytest.raises(
        SpanbertError, match=r"no scores of spans or of relations.*: speed, tag_acc"
    ):
        render_report({"tag_acc": 1.0, "speed": 3.0})


def test_report_shows_relations_overall_by_type_and_by_distance() -> None:
    rows = [line.split() for line in render_report(_relation_scores()).splitlines()]
    assert ["strict", "100.0", "50.0", "66.7"] in rows
    assert ["labels", "of", "spans", "left", "aside", "100.0", "50.0", "66.7"] in rows
    assert ["between", "nested", "spans", "0.0", "0.0", "0.0"] in rows
    assert ["is", "100.0", "100.0", "100.0"] in rows
    assert ["overlap", "0.0", "0.0", "0.0", "1"] in rows
    assert ["50+", "-", "-", "-", "0"] in rows
    assert not any(row[:1] == ["spans"] for row in rows)


def test_report_shows_the_spans_of_all_keys_and_relations_if_no_key_is_named() -> None:
    scores = {**_scores(), **_relation_scores(), "spans_candidates_f": 0.5}
    lines = render_report(scores).splitlines()
    assert [line.split()[:2] for line in lines if line.startswith(("spans", "relations"))] == [
        ["spans", "'candidates'"],
        ["spans", "'sc'"],
        ["relations", "P"],
    ]
    named = render_report(scores, "sc")
    assert "candidates" not in named
    assert "strict" in named


def test_report_reads_what_evaluate_writes(tmp_path: Path) -> None:
    srsly.write_json(tmp_path / "scores.json", _scores())
    assert read_scores(tmp_path / "scores.json")["spans_sc_r"] == 0.5


def test_report_of_a_broken_file_names_it(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text("{")
    with pytest.raises(SpanbertError, match=r"scores\.json is not the JSON"):
        read_scores(tmp_path / "scores.json")
