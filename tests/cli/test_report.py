"""The command `report`."""

from pathlib import Path

import pytest
import srsly
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_spanbert.cli.report import read_scores, render_report
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.training.span_scorer import score_spans


def _scores() -> dict:
    vocab = Vocab()
    gold, predicted = Doc(vocab, words=["a", "b", "c"]), Doc(vocab, words=["a", "b", "c"])
    gold.spans["sc"] = [Span(gold, 0, 3, "X"), Span(gold, 1, 2, "Y")]
    predicted.spans["sc"] = [Span(predicted, 0, 3, "X")]
    return score_spans([Example(predicted, gold)], "sc")


def test_report_shows_scores_in_percent() -> None:
    lines = render_report(_scores(), "sc").splitlines()
    overall = next(line.split() for line in lines if line.startswith("all spans"))
    inside = next(line.split() for line in lines if line.startswith("inside another"))
    assert overall[2:] == ["100.0", "50.0", "66.7"]
    assert inside[3] == "0.0"  # of the gold span inside another, nothing was found


def test_report_of_another_key_names_the_keys_that_are_there() -> None:
    with pytest.raises(SpanbertError, match=r"no scores of doc.spans\['ents'\].*: sc"):
        render_report(_scores(), "ents")


def test_report_reads_what_evaluate_writes(tmp_path: Path) -> None:
    srsly.write_json(tmp_path / "scores.json", _scores())
    assert read_scores(tmp_path / "scores.json")["spans_sc_r"] == 0.5


def test_report_of_a_broken_file_names_it(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text("{")
    with pytest.raises(SpanbertError, match=r"scores\.json is not the JSON"):
        read_scores(tmp_path / "scores.json")
