"""The supplied sentences with relations: made by the program beside them, and sound."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import spacy

from spacy_spanbert.annotations.relations import has_relations
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.read import read_docs

FOLDER = Path(__file__).parents[1] / "assets" / "relations"
SPLITS = ("train", "dev")
SYMMETRIC = "spouse_of"


def test_the_program_beside_them_gives_the_files(tmp_path: Path) -> None:
    subprocess.run([sys.executable, FOLDER / "make.py", tmp_path], check=True)
    for split in SPLITS:
        name = f"{split}.jsonl"
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes()


@pytest.mark.parametrize(("split", "n_docs"), [("train", 320), ("dev", 80)])
def test_all_is_read_also_with_spacys_own_words(split: str, n_docs: int) -> None:
    nlp, path = spacy.blank("en"), FOLDER / f"{split}.jsonl"
    docs = list(read_docs(path, nlp, problems=Problems("stop")))
    again = list(read_docs(path, nlp, retokenize=True, problems=Problems("stop")))
    assert len(docs) == len(again) == n_docs
    assert all(has_relations(doc) for doc in docs)
    relations = [found for doc in docs for found in doc._.relations]
    assert {found.label for found in relations} == {
        *("works_for", "lives_in", "based_in", "located_in", "author_of", SYMMETRIC)
    }
    assert {span.label_ for doc in docs for span in doc.spans["sc"]} == {
        *("PERSON", "PLACE", "ORG", "WORK")
    }


def test_relations_run_in_both_directions_into_spans_and_nowhere() -> None:
    docs = list(read_docs(FOLDER / "dev.jsonl", spacy.blank("en"), problems=Problems("stop")))
    relations = [found for doc in docs for found in doc._.relations]
    for label in ("works_for", "lives_in"):
        before = [
            found.head.start < found.tail.start for found in relations if found.label == label
        ]
        assert {True, False} == set(before)
    assert any(found.head.start <= found.tail.start < found.head.end for found in relations)
    assert all(r.head.start < r.tail.start for r in relations if r.label == SYMMETRIC)
    assert any(len(doc.spans["sc"]) > 1 and not doc._.relations for doc in docs)


def test_no_sentence_is_in_both_files_or_twice() -> None:
    texts = [
        json.loads(line)["text"]
        for split in SPLITS
        for line in (FOLDER / f"{split}.jsonl").read_text(encoding="utf8").splitlines()
    ]
    assert len(set(texts)) == len(texts)
