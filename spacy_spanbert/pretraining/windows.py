"""What the encoder reads in pretraining: a window, whole and corrupted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spacy_spanbert.errors import SpanbertError

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]

# Label of a place where nothing is asked.
NO_LABEL = -1
# Word number of a special piece.
SPECIAL = -1


@dataclass(frozen=True)
class Window:
    """One encoder input as it stands in the text.

    ids (Ints): Vocabulary indices, special pieces included, shape (window_len,).
    words (Ints): Number of each piece's word in this window, ascending from 0; SPECIAL (-1) for
        special pieces. Shape (window_len,).
    segments (Ints): 0, or 1 for the second text of a pair, shape (window_len,).
    is_next (bool | None): Whether the second text follows the first; None without a pair.
    """

    ids: Ints
    words: Ints
    segments: Ints
    is_next: bool | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Corrupted:
    """What the encoder reads instead, and what it is asked.

    The window may have become longer (insertion) or shorter (deletion); all arrays below count in
    the places of the corrupted window.

    ids (Ints): Vocabulary indices, shape (window_len,).
    segments (Ints): As in Window, shape (window_len,).
    places (Ints): Where the original piece is asked for, ascending, shape (n_targets,).
    targets (Ints): The original pieces' vocabulary indices, shape (n_targets,).
    spans (Ints): Masked spans: first place, and place after the last, shape (n_spans, 2). The
        span boundary objective asks for those of `places` that are inside.
    inserted (Ints | None): 1 where a piece was inserted, 0 where not, NO_LABEL (-1) at special
        pieces; shape (window_len,). None where nothing is ever inserted.
    removed (Ints | None): 1 where something was removed right before this place, 0 where not,
        NO_LABEL where that is not asked; shape (window_len,). None where nothing is ever removed.
    counts (Counter[str]): What a user may want to know of, such as spans that were trimmed.
    """

    ids: Ints
    segments: Ints
    places: Ints
    targets: Ints
    spans: Ints = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int32))
    inserted: Ints | None = None
    removed: Ints | None = None
    counts: Counter[str] = field(default_factory=Counter)


class PieceSampler:
    """The mask piece, and random pieces drawn as often as they occur in the training text.

    counts (NDArray): How often each piece occurs, 0 for special pieces, shape (n_vocabulary,).
    mask (int): Vocabulary index of the mask piece.
    RAISES (SpanbertError): If no piece occurs at all.
    """

    def __init__(self, counts: NDArray[np.int64], mask: int) -> None:
        if counts.sum() <= 0:
            raise SpanbertError(
                "expected counts of the pieces of the training text, but none occurs at all: "
                "the text is empty, or nothing of it is in the vocabulary. Give more text, or a "
                "tokenizer that fits it ([pretraining.vocabulary] tokenizer, or train = true)."
            )
        self.mask = mask
        self._cumulative = np.cumsum(counts)

    def draw(self, n_pieces: int, rng: np.random.Generator) -> Ints:
        """Draw pieces by their frequency, with replacement.

        n_pieces (int): How many.
        rng (Generator): Source of randomness.
        RETURNS (Ints): Vocabulary indices, shape (n_pieces,).
        """
        draws = rng.integers(0, self._cumulative[-1], n_pieces)
        return np.searchsorted(self._cumulative, draws, side="right").astype(np.int32)


Corruption = Callable[[Window, np.random.Generator, PieceSampler], Corrupted]
