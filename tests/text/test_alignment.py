"""Alignment against the overlap of characters, computed the slow way."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from spacy_spanbert.text.alignment import Alignment, align_words
from spacy_spanbert.text.pieces import Pieces, PieceTokenizer
from tests.text.samples import TEXTS, Words, cut_texts, make_words, spacy_words


def pieces_by_overlap(pieces: Pieces, start: int, end: int) -> list[int]:
    """All pieces with a character of the word, and those between them."""
    word = set(range(start, end))
    spans = zip(pieces.starts.tolist(), pieces.ends.tolist(), strict=True)
    touching = [i for i, (first, after) in enumerate(spans) if word & set(range(first, after))]
    return list(range(touching[0], touching[-1] + 1)) if touching else []


@cache
def piece_tokenizer(tokenizer: PreTrainedTokenizerFast, cut_at_words: bool) -> PieceTokenizer:
    return PieceTokenizer(tokenizer.backend_tokenizer, cut_at_words=cut_at_words)


def tokenize(
    tokenizer: PreTrainedTokenizerFast, words: Words, *, cut_at_words: bool = True
) -> Pieces:
    return piece_tokenizer(tokenizer, cut_at_words)([words.text], [words.starts])[0]


def lists(alignment: Alignment) -> list[list[int]]:
    ranges = zip(alignment.first.tolist(), alignment.n_pieces.tolist(), strict=True)
    return [list(range(first, first + n)) for first, n in ranges]


def assert_aligned_by_overlap(words: Words, pieces: Pieces) -> None:
    spans = zip(words.starts.tolist(), words.ends.tolist(), strict=True)
    alignment = align_words(pieces, words.starts, words.ends)
    assert lists(alignment) == [pieces_by_overlap(pieces, start, end) for start, end in spans]
    assert alignment.flat().tolist() == [piece for word in lists(alignment) for piece in word]
    assert alignment.flat().dtype == np.int32


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("cut_at_words", [True, False])
def test_samples_align_by_their_characters(hf_tokenizer, name, cut_at_words):
    words = spacy_words(name)
    assert_aligned_by_overlap(words, tokenize(hf_tokenizer, words, cut_at_words=cut_at_words))


@settings(max_examples=150, deadline=None)
@given(words=cut_texts(), cut_at_words=st.booleans())
def test_any_text_aligns_by_its_characters(hf_tokenizer, words, cut_at_words):
    assert_aligned_by_overlap(words, tokenize(hf_tokenizer, words, cut_at_words=cut_at_words))


@settings(max_examples=150, deadline=None)
@given(words=cut_texts())
def test_each_visible_piece_belongs_to_one_word_in_cut_mode(hf_tokenizer, words):
    pieces = tokenize(hf_tokenizer, words)
    flat = align_words(pieces, words.starts, words.ends).flat()
    visible = np.flatnonzero(pieces.ends > pieces.starts)
    assert (np.bincount(flat, minlength=len(pieces))[visible] == 1).all()


@pytest.mark.parametrize("name", ["en", "de", "ru", "ar", "zh"])
def test_every_word_that_is_not_white_space_has_a_piece(hf_tokenizer, name):
    words = spacy_words(name)
    pieces = tokenize(hf_tokenizer, words)
    assert (align_words(pieces, words.starts, words.ends).n_pieces > 0).all()


@pytest.mark.parametrize(
    ("text", "blanks"), [("a    b", [2, 3, 4]), ("  ", [0, 1]), ("a \t b", [1])]
)
def test_blanks_have_no_piece(hf_tokenizer, text, blanks):
    """In neither family: byte-level pieces for blanks are trimmed to nothing."""
    words = make_words(text, blanks, [blank + 1 for blank in blanks])
    pieces = tokenize(hf_tokenizer, words)
    assert align_words(pieces, words.starts, words.ends).n_pieces.tolist() == [0] * len(blanks)


@given(
    offsets=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 4)), min_size=1, max_size=8),
    cuts=st.sets(st.integers(1, 15), max_size=6),
)
def test_pieces_in_disorder_are_never_lost(offsets, cuts):
    """A range may then be wider than the overlap asks for, never narrower."""
    starts = np.array([start for start, _ in offsets], dtype=np.int32)
    ends = starts + np.array([width for _, width in offsets], dtype=np.int32)
    pieces = Pieces(np.zeros(len(offsets), dtype=np.int32), starts, ends)
    borders = [0, *sorted(cuts), 16]
    words = make_words("x" * 16, borders[:-1], borders[1:])
    aligned = lists(align_words(pieces, words.starts, words.ends))
    for word, start, end in zip(aligned, borders[:-1], borders[1:], strict=True):
        assert set(pieces_by_overlap(pieces, start, end)) <= set(word)


def test_no_words_and_no_pieces_give_empty_arrays():
    nothing = np.zeros(0, dtype=np.int32)
    empty = Pieces(nothing, nothing, nothing)
    assert lists(align_words(empty, nothing, nothing)) == []
    assert align_words(empty, nothing, nothing).flat().tolist() == []
    one = np.array([0], dtype=np.int32)
    assert lists(align_words(empty, one, one + 3)) == [[]]
