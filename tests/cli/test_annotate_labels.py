"""`annotate` with pipelines that write labels of texts and parts of speech, and no spans."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc

from spacy_spanbert import make_pair
from tests.cli.annotate_command import annotate, records_of, text_of
from tests.pipeline.classifying import make_classifier


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
    # there is no component for spans: none are missed, and an empty list would say there are none
    assert "spans under the key" not in text_of(result)
    first, second = records_of(tmp_path / "out.jsonl")
    assert "spans" not in first
    assert (first["cats"], first["pos"]) == ({"long": 1.0, "short": 0.25}, ["X"] * 3)
    assert second["cats"] == {"long": 0.0, "short": 0.25}
    assert (second["n"], "label" in second) == (1, False)


def test_spans_are_missed_where_they_are_asked_for(labeller: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a b c")
    result = annotate(labeller, tmp_path / "in.txt", tmp_path / "a.jsonl", "--spans-key", "x")
    assert "On 1 documents the pipeline set no spans under the key 'x'" in text_of(result)


def test_labels_of_the_input_are_carried_over_by_a_pipeline_that_writes_none(
    model: Path, tmp_path: Path
) -> None:
    record = {"text": "Paris", "label": "a", "labels": ["a"], "cats": {"b": 1}}
    (tmp_path / "in.jsonl").write_text(json.dumps(record))
    assert annotate(model, tmp_path / "in.jsonl", tmp_path / "out.jsonl").exit_code == 0
    (found,) = records_of(tmp_path / "out.jsonl")
    assert {key: found[key] for key in record} == record


def test_records_with_two_texts_are_annotated_as_pairs(tiny_bert: Path, tmp_path: Path) -> None:
    nlp = make_classifier(tiny_bert, "spanbert_paircat")
    nlp.to_disk(tmp_path / "model")
    lines = [
        {"text_a": "a b", "text_b": "c", "label": "gold", "id": 7},
        {"text_a": "a", "text_b": "b c"},
        {"text": "a b c"},
        {"text_a": "a"},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = annotate(tmp_path / "model", tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.output
    assert "records written 2 records skipped 2" in text_of(result)
    assert "no pair of texts" in text_of(result)
    assert """A pair has "text_a" and "text_b", but of "text_b" it is missing""" in text_of(result)
    found = records_of(tmp_path / "out.jsonl")
    for line, record in zip(lines, found, strict=False):
        pair = [str(line[key]) for key in ("text_a", "text_b")]
        assert [record["text_a"], record["text_b"]] == pair
        assert record["cats"] == pytest.approx(nlp(make_pair(nlp, *pair)).cats, abs=1e-4)
    assert (found[0]["id"], "label" in found[0]) == (7, False)
    assert found[0]["text"] == found[1]["text"]
