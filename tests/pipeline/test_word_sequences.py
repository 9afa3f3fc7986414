"""Sequences that words are tagged in: sentences, and the texts of a pair."""

import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_spanbert import make_pair
from spacy_spanbert.pipeline.word_sequences import (
    sequence_lengths,
    sequence_numbers,
    sequence_starts,
)

NLP = spacy.blank("en")


def test_the_two_texts_of_a_pair_are_two_sequences():
    pair, other = make_pair(NLP, "Anna saw New", "York is big"), make_pair(NLP, "", "York is big")
    docs = [pair, NLP.make_doc("Anna saw York"), other]
    assert sequence_lengths(docs).tolist() == [3, 3, 3, 3]


def test_an_empty_doc_is_an_empty_sequence():
    assert sequence_starts(NLP.make_doc("")).tolist() == [0]
    assert sequence_numbers(NLP.make_doc("")).tolist() == []
    assert sequence_lengths([NLP.make_doc(""), make_pair(NLP, "", "")]).tolist() == [0, 0]
    assert sequence_lengths([]).tolist() == []


@given(starts=st.lists(st.sampled_from([True, False, None]), max_size=6), data=st.data())
def test_starts_numbers_and_lengths_tell_the_same_borders(starts, data):
    doc = Doc(NLP.vocab, words=["a"] * len(starts), sent_starts=starts or None)
    expected = {0} | {word.i for word in doc if word.is_sent_start is True}
    if data.draw(st.booleans()):
        border = data.draw(st.integers(0, len(doc)))
        doc.spans["pair"] = [doc[:border], doc[border:]]
        expected |= {border} - {len(doc)}
    assert sequence_starts(doc).tolist() == sorted(expected)
    numbers = sequence_numbers(doc).tolist()
    assert numbers == [sum(start <= i for start in expected) - 1 for i in range(len(doc))]
    counts = [numbers.count(number) for number in range(len(expected))]
    assert sequence_lengths([doc]).tolist() == counts
