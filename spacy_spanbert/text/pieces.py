"""Text to word pieces, with character offsets."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

Ints = NDArray[np.int32]


PARALLELISM = "TOKENIZERS_PARALLELISM"
_parallelism_before_fork: list[str | None] = []


def _disable_parallelism() -> None:
    _parallelism_before_fork.append(os.environ.get(PARALLELISM))
    os.environ[PARALLELISM] = "false"


def _restore_parallelism() -> None:
    value = _parallelism_before_fork.pop()
    if value is None:
        del os.environ[PARALLELISM]
    else:
        os.environ[PARALLELISM] = value


# The tokenizers' threads do not survive a fork (nlp.pipe with n_process). The library's own hook
# warns of that in the child, before any hook of Python's there: the child must be born with them
# turned off.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_disable_parallelism,
        after_in_parent=_restore_parallelism,
        after_in_child=_parallelism_before_fork.clear,
    )


@dataclass(frozen=True)
class Pieces:
    """The word pieces of one text, in text order, without special pieces.

    ids (Ints): Vocabulary index of each piece, shape (n_pieces,).
    starts (Ints): First character of each piece, shape (n_pieces,).
    ends (Ints): Character after the last of each piece, shape (n_pieces,).
    """

    ids: Ints
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        return len(self.ids)


class PieceTokenizer:
    """Cuts texts into pieces, so that no piece belongs to two words.

    The text itself is tokenized, not a list of words, because byte-level vocabularies tell "a word
    after a space" from "a word after a bracket". Where two words touch without a blank and the
    tokenizer's own pre-tokenizer would not have cut ("can|not", "gon|na"), the text is cut there.
    A special piece spelled out in the text ("[SEP]") is text, not a special piece.

    tokenizer (Tokenizer): A tokenizer of the tokenizers library. A copy is kept, with truncation
        and padding switched off: no text is ever cut short.
    cut_at_words (bool): Whether word borders are cuts. If False, a piece can belong to two words.
    """

    def __init__(self, tokenizer: Tokenizer, *, cut_at_words: bool = True) -> None:
        self._tokenizer = Tokenizer.from_str(tokenizer.to_str())
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        self.cut_at_words = cut_at_words

    def __call__(self, texts: Sequence[str], word_starts: Sequence[Ints]) -> list[Pieces]:
        """Cut texts into pieces.

        texts (Sequence[str]): Any texts, also empty ones.
        word_starts (Sequence[Ints]): For each text, the first character of each word, ascending.
        RETURNS (list[Pieces]): One entry a text; an empty text has no pieces.
        """
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        if not self.cut_at_words:
            return [_to_pieces([encoding], [0]) for encoding in encodings]
        return [
            self._cut(text, encoding, starts)
            for text, encoding, starts in zip(texts, encodings, word_starts, strict=True)
        ]

    def _cut(self, text: str, encoding: Encoding, word_starts: Ints) -> Pieces:
        cuts = _missing_cuts(text, encoding, word_starts)
        if not cuts:
            return _to_pieces([encoding], [0])
        borders = [0, *cuts, len(text)]
        segments = [text[start:end] for start, end in pairwise(borders)]
        encodings = self._tokenizer.encode_batch(segments, add_special_tokens=False)
        return _to_pieces(encodings, borders[:-1])


def _missing_cuts(text: str, encoding: Encoding, word_starts: Ints) -> list[int]:
    """Word borders to cut at because the pre-tokenizer did not, ascending.

    A stretch without white space that needs one cut is cut at all of its word borders: what
    remains of a unit could otherwise join what follows (of "!!'sell", the "'" the "s").
    """
    borders = word_starts[_inside_units(encoding, word_starts)]
    # Byte-level units carry the blank before them.
    missing = [border for border in borders.tolist() if text[border - 1] != " "]
    if not missing:
        return []
    stretches = np.cumsum([_is_gap(text, start) for start in word_starts.tolist()])
    is_cut = np.isin(stretches, stretches[np.searchsorted(word_starts, missing)])
    is_cut[np.flatnonzero(np.diff(stretches, prepend=0))] = False
    return np.union1d(word_starts[is_cut], missing).tolist()


def _inside_units(encoding: Encoding, word_starts: Ints) -> NDArray[np.bool_]:
    """Which words begin inside what the pre-tokenizer took for one unit, shape (n_words,)."""
    if len(encoding) == 0:
        return np.zeros(len(word_starts), dtype=bool)
    offsets = np.array(encoding.offsets, dtype=np.int32)
    units = np.array([-1 if unit is None else unit for unit in encoding.word_ids])
    first_piece = np.flatnonzero(np.diff(units, prepend=units[0] - 1))
    # shape (n_units,)
    unit_starts = offsets[first_piece, 0]
    unit_ends = np.maximum.reduceat(offsets[:, 1], first_piece)
    unit = np.searchsorted(unit_starts, word_starts, side="left") - 1
    return (unit >= 0) & (word_starts < unit_ends[unit])


def _is_gap(text: str, border: int) -> bool:
    """Whether white space or the edge of the text is beside a border."""
    around = text[max(0, border - 1) : border + 1]
    return len(around) < 2 or around[0].isspace() or around[1].isspace()


def _to_pieces(encodings: Sequence[Encoding], shifts: Sequence[int]) -> Pieces:
    ids = [np.array(encoding.ids, dtype=np.int32) for encoding in encodings]
    # shape (n_pieces, 2), a segment's offsets moved to their place in the text
    offsets = [
        np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2) + shift
        for encoding, shift in zip(encodings, shifts, strict=True)
    ]
    starts_and_ends = np.concatenate(offsets)
    return Pieces(np.concatenate(ids), starts_and_ends[:, 0], starts_and_ends[:, 1])
