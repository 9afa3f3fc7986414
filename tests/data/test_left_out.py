"""What brat and columns cannot hold is told, once."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.data.brat_write import write_brat
from spacy_spanbert.data.conll_write import write_conll
from spacy_spanbert.data.problems import Problems

NLP = spacy.blank("en")


def make_docs() -> tuple[Doc, Doc]:
    known, unknown = (Doc(NLP.vocab, words=["a", "b"]) for _ in range(2))
    known.spans["sc"] = [known[0:1], known[1:2]]
    return known, unknown


def messages(write: Callable[..., None], docs: list[Doc], path: Path) -> dict[str, str]:
    write(docs, path, "sc", problems := Problems())
    return {kind: problem.message for kind, (problem, *_) in problems.examples.items()}


@pytest.mark.parametrize("write", [write_brat, write_conll])
def test_documents_whose_spans_are_not_annotated_are_told_of(write, tmp_path: Path) -> None:
    known, unknown = make_docs()
    told = messages(write, [known, unknown, unknown.copy()], tmp_path / "some")
    assert "2 documents are not annotated with spans, and others" in told["spans not annotated"]
    assert "spans not annotated" not in messages(write, [unknown], tmp_path / "none")
    assert not messages(write, [known], tmp_path / "all")


def test_documents_whose_relations_are_not_annotated_are_told_of_where_others_are_kept(
    tmp_path: Path,
) -> None:
    known, unknown = make_docs()
    unknown.spans["sc"] = []
    known._.relations = [Relation(known[0:1], known[1:2], "X")]
    told = messages(write_brat, [known, unknown], tmp_path / "brat")
    assert told.keys() == {"relations not annotated"}
    assert "1 documents are not annotated with relations" in told["relations not annotated"]
    told = messages(write_conll, [known, unknown], tmp_path / "columns")
    assert told.keys() == {"relations left out"}
    assert "those of 1 documents are left out" in told["relations left out"]
    assert told["relations left out"].endswith("that hold them: .spacy, .jsonl, brat.")
