"""Which pieces belong to which word."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacy_spanbert.text.pieces import Ints, Pieces


@dataclass(frozen=True)
class Alignment:
    """The pieces of each word, as a range: pieces are in text order.

    first (Ints): The first piece of each word, shape (n_words,).
    n_pieces (Ints): How many pieces each word has, 0 or more, shape (n_words,). White space,
        control characters and lone combining marks may have none.
    """

    first: Ints
    n_pieces: Ints

    def flat(self) -> Ints:
        """List the pieces of all words one after the other.

        RETURNS (Ints): Piece indices, shape (sum of n_pieces,).
        """
        ends = np.cumsum(self.n_pieces)
        shifts = np.repeat(self.first - (ends - self.n_pieces), self.n_pieces)
        return (np.arange(len(shifts)) + shifts).astype(np.int32)


def align_words(pieces: Pieces, word_starts: Ints, word_ends: Ints) -> Alignment:
    """Find the pieces that share a character with each word.

    Pieces without a character of their own (byte-level vocabularies have pieces for blanks, which
    tokenizers then trim) belong to no word, unless they lie inside one.

    pieces (Pieces): The pieces of the text.
    word_starts (Ints): First character of each word, ascending, shape (n_words,).
    word_ends (Ints): Character after the last of each word, shape (n_words,).
    RETURNS (Alignment): One range of pieces a word; no words give empty arrays.
    """
    visible = np.flatnonzero(pieces.ends > pieces.starts)
    # Offsets of a tokenizer ascend, save where a normalizer swapped characters (combining marks):
    # the running maximum of ends and the running minimum, from the right, of starts restore order
    # and only ever widen a range.
    starts: NDArray[np.int32] = np.minimum.accumulate(pieces.starts[visible][::-1])[::-1]
    ends: NDArray[np.int32] = np.maximum.accumulate(pieces.ends[visible])
    first = np.searchsorted(ends, word_starts, side="right")
    after = np.searchsorted(starts, word_ends, side="left")
    # places of visible pieces among all pieces; one more for words behind the last
    places = np.append(visible, len(pieces))
    n_pieces = np.where(after > first, places[after - 1] + 1 - places[first], 0)
    return Alignment(places[first].astype(np.int32), n_pieces.astype(np.int32))
