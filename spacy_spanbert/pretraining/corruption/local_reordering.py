"""Pieces in another order than in the text."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations

import numpy as np

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.placing import place_spans
from spacy_spanbert.pretraining.corruption.share import BERT_SHARE, check_share, draw_budget
from spacy_spanbert.pretraining.corruption.units import (
    Places,
    join_ranges,
    text_pieces,
    unchanged,
)
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler, Window

# All orders of more pieces would be too many to list.
MOST_PIECES = 6


@registry.corruptions("spacy-spanbert.LocalReordering.v1")
@dataclass(frozen=True)
class LocalReordering:
    """Permutes short stretches of pieces, and asks for the original at each place of a stretch.

    The order of a stretch is uniform over all but the original one (Wang et al. 2019, StructBERT,
    https://arxiv.org/abs/1908.04577, permutes stretches of three pieces). Stretches cross no
    special piece, and at least one piece is left between two.

    share (float): Share of the pieces that are part of a stretch, special ones not counted, above
        0, at most 1. Above about 0.6 less is permuted, for the pieces between stretches stay.
    n_pieces (int): Length of a stretch, in pieces, 2 to 6; shorter where the text is.
    RAISES (SpanbertError): If a value is outside its range.
    """

    share: float = BERT_SHARE
    n_pieces: int = 3

    def __post_init__(self) -> None:
        check_share("LocalReordering", "share", self.share)
        if not 2 <= self.n_pieces <= MOST_PIECES:
            raise SpanbertError(
                f"LocalReordering: expected n_pieces from 2 to {MOST_PIECES}, the length of a "
                f"stretch that is permuted, but got {self.n_pieces}."
            )

    def __call__(
        self,
        window: Window,
        rng: np.random.Generator,
        sampler: PieceSampler,  # noqa: ARG002  all corruptions are called alike
    ) -> Corrupted:
        """Corrupt a window.

        window (Window): The window; not changed.
        rng (Generator): Source of randomness.
        sampler (PieceSampler): Not used: nothing new comes in.
        RETURNS (Corrupted): Without spans. At least two targets; none in a window in which no two
            pieces of text stand side by side. `counts`: `stretches`.
        """
        pieces = text_pieces(window)
        budget = draw_budget(self.share, len(pieces.starts), rng)
        lengths = np.full(budget, self.n_pieces, dtype=np.int32)
        starts, ends, _ = place_spans(pieces, lengths, budget, rng, shortest=2)
        corrupted = unchanged(window)
        for length in np.unique(ends - starts).tolist():
            first = starts[ends - starts == length]
            orders = _orders(length)
            # shape (n_stretches, length)
            drawn = orders[rng.integers(0, len(orders), len(first))]
            to = first[:, None] + np.arange(length)
            corrupted.ids[to] = window.ids[first[:, None] + drawn]
        places = join_ranges(starts, ends)
        return replace(
            corrupted,
            places=places.astype(np.int32),
            targets=window.ids[places].astype(np.int32),
            counts=+Counter(stretches=len(starts)),
        )


@cache
def _orders(n_pieces: int) -> Places:
    """All orders but the original one, shape (n_orders, n_pieces)."""
    return np.array(list(permutations(range(n_pieces)))[1:], dtype=np.intp)
