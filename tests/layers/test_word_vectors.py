from pathlib import Path

import pytest
import spacy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy import Language
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from spacy_spanbert.layers import word_vectors
from spacy_spanbert.layers.word_vectors import read_in_blocks
from tests.tiny_pipeline import found_spans, make_nlp

WORDS = ["The", "unbelievable", "king", "\u0301", "   ", "x" * 40, "\u200b", "."]


@pytest.fixture(scope="module")
def nlp(tiny_bert: Path) -> Language:
    return make_nlp(tiny_bert, spancat={"threshold": 0.0})


def listener_of(nlp: Language) -> Model[list[Doc], list[Floats2d]]:
    return nlp.get_pipe("spanbert_spancat").model.get_ref("tok2vec")


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(WORDS), max_size=9), min_size=1, max_size=4),
    st.integers(1, 5),
)
def test_blocks_are_slices_of_all_vectors(nlp, texts, size):
    docs = [nlp.get_pipe("spanbert")(Doc(nlp.vocab, words=words)) for words in texts]
    n_words = sum(map(len, docs))
    vectors = [torch.from_numpy(array) for array in listener_of(nlp).predict(docs) if len(array)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_vectors, "MAX_POOLED_WORDS", 0)
        read = read_in_blocks(listener_of(nlp), docs, torch.device("cpu"))
    for first in range(0, n_words, size):
        last = min(first + size, n_words)
        assert torch.equal(read(first, last), torch.cat(vectors)[first:last])


def test_spans_and_scores_are_the_same_either_way(nlp, monkeypatch):
    def annotate() -> tuple[list, list]:
        doc = nlp(Doc(nlp.vocab, words=["The", "old", "mayor", "of", "New", "York"] * 500))
        return found_spans(doc), list(doc.spans["sc"].attrs["scores"])

    at_once = annotate()
    n_blocks = 0
    read_pieces = word_vectors._read_pieces

    def count(*arguments):
        read = read_pieces(*arguments)

        def counted(first: int, last: int) -> Tensor:
            nonlocal n_blocks
            n_blocks += 1
            return read(first, last)

        return counted

    monkeypatch.setattr(word_vectors, "MAX_POOLED_WORDS", 100)
    monkeypatch.setattr(word_vectors, "_read_pieces", count)
    assert annotate() == at_once
    assert len(at_once[0]) > 3000
    assert n_blocks == 3  # of 1,024 words


def test_another_layer_computes_all_at_once(nlp, monkeypatch):
    monkeypatch.setattr(word_vectors, "MAX_POOLED_WORDS", 0)
    plain = spacy.blank("en")
    plain.add_pipe("tok2vec")
    plain.initialize()
    docs = [plain("The old mayor"), plain("of York")]
    tok2vec = plain.get_pipe("tok2vec").model
    read = read_in_blocks(tok2vec, docs, torch.device("cpu"))
    assert torch.equal(read(2, 5), torch.cat([*map(torch.from_numpy, tok2vec.predict(docs))])[2:5])
