"""Batches of bounded length."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_spanbert.pipeline.batches import batch_by_words

VOCAB = Vocab()
lengths = st.lists(st.integers(0, 12), max_size=20)


def make_docs(lengths: list[int]) -> list[Doc]:
    return [Doc(VOCAB, words=["x"] * n) for n in lengths]


@given(lengths, st.integers(1, 6), st.integers(1, 15))
def test_docs_stay_in_order_in_batches_that_are_not_too_long(lengths, batch_size, max_words):
    docs = make_docs(lengths)
    batches = list(batch_by_words(docs, batch_size, max_words))
    assert [doc for batch in batches for doc in batch] == docs
    for batch in batches:
        assert 1 <= len(batch) <= batch_size
        assert len(batch) == 1 or sum(map(len, batch)) <= max_words


@given(lengths, st.integers(1, 6), st.integers(1, 15))
def test_a_batch_ends_only_where_the_next_doc_does_not_fit(lengths, batch_size, max_words):
    batches = list(batch_by_words(make_docs(lengths), batch_size, max_words))
    for batch, following in pairwise(batches):
        n_words = sum(map(len, batch)) + len(following[0])
        assert len(batch) == batch_size or n_words > max_words


def test_a_stream_is_read_no_further_than_one_doc_ahead():
    stream = iter(make_docs([1] * 100))
    next(batch_by_words(stream, 8))
    assert len(list(stream)) == 91
