"""`annotate` with pipelines that write labels of texts and parts of speech, and no spans."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from tests.cli.annotate_command import annotate, records_of


@Language.component("test_labels", assigns=["doc.cats", "token.pos"])
def label(doc: Doc) -> Doc:
    doc.cats.update({"long": float(len(doc) > 2), "short": 0.25})
    for token in doc:
        token.pos_ = "X"
    return doc


@pytest.fixture(scope="module")
def labeller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels") / "model"
    nlp = spacy.blank("en")
    nlp.add_pipe("test_labels")
    nlp.to_disk(folder)
    return folder


def test_labels_and_parts_of_speech_are_written_in_place_of_those_in_the_input(
    labeller: Path, tmp_path: Path
) -> None:
    lines = [{"text": "a b c"}, {"text": "d", "label": "old", "cats": {"old": 1}, "n": 1}]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = annotate(labeller, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.output
    first, second = records_of(tmp_path / "out.jsonl")
    assert (first["cats"], first["pos"]) == ({"long": 1.0, "short": 0.25}, ["X"] * 3)
    assert second["cats"] == {"long": 0.0, "short": 0.25}
    assert (second["n"], "label" in second) == (1, False)


def test_labels_of_the_input_are_carried_over_by_a_pipeline_that_writes_none(
    model: Path, tmp_path: Path
) -> None:
    record = {"text": "Paris", "label": "a", "labels": ["a"], "cats": {"b": 1}}
    (tmp_path / "in.jsonl").write_text(json.dumps(record))
    assert annotate(model, tmp_path / "in.jsonl", tmp_path / "out.jsonl").exit_code == 0
    (found,) = records_of(tmp_path / "out.jsonl")
    assert {key: found[key] for key in record} == record
