"""Readers and writers hold a few documents at a time, however long the corpus is."""

import gc
import weakref
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.read import read_docs
from spacy_spanbert.data.write import write_docs

NLP = spacy.blank("en")
N_DOCS = 50
FORMATS = {"a.jsonl": None, "a.jsonl.gz": None, "a.conll": None, "a.spacy": None, "brat": "brat"}


class Alive:
    """Counts how many of the Docs that passed are still held by somebody."""

    def __init__(self) -> None:
        self.docs: list[weakref.ref[Doc]] = []
        self.most = 0

    def watch(self, docs: Iterator[Doc]) -> Iterator[Doc]:
        for doc in docs:
            self.docs.append(weakref.ref(doc))
            self.most = max(self.most, sum(ref() is not None for ref in self.docs))
            yield doc
            del doc


def make_docs() -> Iterator[Doc]:
    for i in range(N_DOCS):
        doc = Doc(NLP.vocab, words=["Ann", "Lee", str(i)], sent_starts=[True, False, True])
        doc.spans["sc"] = [doc[0:2], doc[1:2]]
        doc.user_data["doc_id"] = f"{i:03d}"
        yield doc
        del doc


def test_the_watcher_sees_docs_that_are_held() -> None:
    alive = Alive()
    held = list(alive.watch(make_docs()))
    assert alive.most == len(held) == N_DOCS


@pytest.mark.parametrize("name", FORMATS)
def test_writers_do_not_hold_the_docs(tmp_path: Path, name: str) -> None:
    gc.collect()
    alive = Alive()
    write_docs(alive.watch(make_docs()), tmp_path / name, format=FORMATS[name])
    assert len(alive.docs) == N_DOCS
    assert alive.most <= 2


@pytest.mark.parametrize("name", FORMATS)
def test_readers_do_not_hold_the_docs(tmp_path: Path, name: str) -> None:
    write_docs(make_docs(), tmp_path / name, format=FORMATS[name])
    gc.collect()
    alive = Alive()
    docs = alive.watch(read_docs(tmp_path / name, NLP, problems=Problems("stop")))
    assert sum(1 for _ in docs) == N_DOCS
    assert alive.most <= 2


@pytest.mark.parametrize("name", ["a.jsonl", "a.conll"])
@pytest.mark.parametrize("group", [None, "doc_id"])
def test_docs_come_before_the_rest_of_the_file_is_looked_at(
    tmp_path: Path, name: str, group: str | None
) -> None:
    write_docs(make_docs(), tmp_path / name)
    with (tmp_path / name).open("ab") as file:
        file.write(b"\xff")
    docs = read_docs(tmp_path / name, NLP, group=group, problems=Problems("stop"))
    assert [doc.user_data["doc_id"] for doc in islice(docs, 3)] == ["000", "001", "002"]
    with pytest.raises(CorpusError, match="Expected UTF-8"):
        list(docs)
