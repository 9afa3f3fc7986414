import itertools

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_spanbert.annotations.positions import copy_sentences, word_positions
from spacy_spanbert.errors import SpanbertError

VOCAB = spacy.blank("en").vocab


def test_equal_texts_are_measured_in_characters():
    predicted = Doc(VOCAB, words=["non-", "stop"], spaces=[False, True])
    reference = Doc(VOCAB, words=["non", "-stop"], spaces=[False, True])
    words, gold_words = word_positions(predicted, reference)
    assert words == ([0, 4], [4, 8])
    assert gold_words == ([0, 3], [3, 8])
    assert words.place(0, 2) == gold_words.place(0, 2) == (0, 8)


def test_texts_that_differ_in_white_space_are_measured_without_it():
    predicted = Doc(VOCAB, words=["a", "\n", "b", "."], spaces=[True, False, False, False])
    reference = Doc(VOCAB, words=["a", "b", "."])
    words, gold_words = word_positions(predicted, reference)
    assert words == ([0, 1, 1, 2], [1, 1, 2, 3])
    assert gold_words == ([0, 1, 2], [1, 2, 3])


def test_other_texts_are_refused():
    with pytest.raises(SpanbertError, match="same text; got 'one ' and 'two '"):
        word_positions(Doc(VOCAB, words=["one"]), Doc(VOCAB, words=["two"]))


def test_a_span_without_words_has_equal_boundaries():
    doc = Doc(VOCAB, words=["a", "bc"])
    words, _ = word_positions(doc, doc)
    assert [words.place(edge, edge) for edge in range(3)] == [(0, 0), (1, 1), (4, 4)]


def test_empty_documents_have_no_positions():
    assert word_positions(Doc(VOCAB), Doc(VOCAB)) == (([], []), ([], []))


@settings(deadline=None)
@given(st.text(alphabet="ab \n\u0301é😀", max_size=20), st.lists(st.integers(0, 20), max_size=6))
def test_positions_equal_counting_visible_characters(text, cuts):
    borders = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pairs = list(itertools.pairwise(borders))
    words = [text[low:high] for low, high in pairs]
    predicted = Doc(VOCAB, words=words, spaces=[False] * len(words))
    reference = Doc(VOCAB, words=words, spaces=[True] * len(words))
    found, gold = word_positions(predicted, reference)
    expected = [tuple(len("".join(text[:border].split())) for border in pair) for pair in pairs]
    assert list(zip(*found, strict=True)) == (expected if words else [])
    assert gold == found


def words_that_begin_sentences(doc: Doc) -> list[str]:
    return [word.text for word in doc if word.is_sent_start]


def test_sentences_are_copied_to_words_that_begin_with_them():
    source = Doc(
        VOCAB, words=list("abcd"), spaces=[False] * 4, sent_starts=[True, True, True, False]
    )
    target = Doc(VOCAB, words=["ab", "cd"], spaces=[False] * 2)
    copy_sentences(source, target)
    assert words_that_begin_sentences(target) == ["ab", "cd"]  # "b" begins inside a word


def test_a_sentence_begins_with_the_white_space_before_it():
    source = Doc(VOCAB, words=["a", "b"], sent_starts=[True, True])
    target = Doc(VOCAB, words=["a", "\n", "b"], spaces=[False] * 3)
    copy_sentences(source, target)
    assert words_that_begin_sentences(target) == ["a", "\n"]


def test_no_sentences_are_made_up_where_there_are_none():
    target = Doc(VOCAB, words=["a", "b"])
    copy_sentences(Doc(VOCAB, words=["a", "b"]), target)
    assert not target.has_annotation("SENT_START")


def test_empty_documents_have_no_sentences_to_copy():
    target = Doc(VOCAB)
    copy_sentences(Doc(VOCAB), target)
    assert len(target) == 0
