"""Corpora for measuring: found, read, and made into Docs of any length."""

import json
from pathlib import Path

import pytest
import spacy

from benchmarks.corpora import (
    SPANS_KEY,
    bare_doc,
    count_spans,
    count_words,
    find_corpus,
    has_sentences,
    load_docs,
    long_doc,
    make_examples,
    write_corpus,
)
from spacy_spanbert.data.docbin import read_docbin

DEV = find_corpus("litbank") / "dev.jsonl"


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


def test_a_corpus_that_is_not_there_says_how_to_name_its_folder(tmp_path: Path):
    with pytest.raises(SystemExit, match="genia does not come with the project: give --data"):
        find_corpus("genia")
    with pytest.raises(SystemExit, match=r"genia.train.jsonl: give --data"):
        find_corpus("genia", tmp_path)


def test_counts_are_those_of_the_file(nlp):
    records = [json.loads(line) for line in DEV.read_text(encoding="utf8").splitlines()]
    docs = load_docs(DEV, nlp)
    assert count_words(docs) == sum(len(record["tokens"]) for record in records)
    assert count_spans(docs) == sum(len(record["spans"]) for record in records)
    assert len(load_docs(DEV, nlp, limit=7)) == 7


def test_a_bare_doc_has_the_words_and_sentences_but_no_spans(nlp):
    other = spacy.blank("en")
    sentence, document = load_docs(DEV, nlp, limit=1) + load_docs(DEV, nlp, limit=1, group="doc_id")
    for doc in (sentence, document):
        bare = bare_doc(doc, other)
        assert [word.text_with_ws for word in bare] == [word.text_with_ws for word in doc]
        assert bare.vocab is other.vocab
        assert SPANS_KEY not in bare.spans
        assert has_sentences(bare) == has_sentences(doc)
    assert [s.start for s in bare_doc(document, other).sents] == [s.start for s in document.sents]
    assert not has_sentences(sentence)


def test_examples_have_gold_words_and_no_gold_spans_in_the_prediction(nlp):
    docs = load_docs(DEV, nlp, limit=3)
    for example, doc in zip(make_examples(docs, nlp), docs, strict=True):
        assert example.reference is doc
        assert [w.text for w in example.predicted] == [w.text for w in doc]
        assert not example.predicted.spans


@pytest.mark.parametrize("n_words", [1, 50, 25_000])
def test_a_long_doc_has_the_length_asked_for_and_no_sentences(nlp, n_words: int):
    doc = long_doc(load_docs(DEV, nlp), nlp, n_words)
    assert len(doc) == n_words
    assert not has_sentences(doc)


@pytest.mark.parametrize("layout", ["sentences", "documents"])
@pytest.mark.parametrize("retokenize", [False, True])
def test_a_corpus_for_training_is_written_in_the_layout_asked_for(
    tmp_path: Path, nlp, layout: str, retokenize: bool
):
    left_out = write_corpus(DEV.parent, tmp_path, layout=layout, retokenize=retokenize, quick=True)
    docs = list(read_docbin(tmp_path / "dev.spacy", nlp.vocab))
    assert len(docs) == (12 if layout == "sentences" else 1)
    assert left_out.keys() == {"train", "dev"}
    assert has_sentences(docs[0]) == (layout == "documents")
    assert all(SPANS_KEY in doc.spans for doc in docs)
    if not retokenize:
        assert left_out == {"train": 0, "dev": 0}
