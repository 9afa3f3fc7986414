"""Masked language modelling over whole words."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from spacy_spanbert.pretraining.corruption.disguise import (
    BERT_MASK_SHARE,
    BERT_RANDOM_SHARE,
    check_disguise,
    disguise,
    draw_choices,
)
from spacy_spanbert.pretraining.corruption.share import BERT_SHARE, check_share, draw_budget
from spacy_spanbert.pretraining.corruption.units import (
    Places,
    join_ranges,
    text_places,
    text_words,
)
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler, Window


@registry.corruptions("spacy-spanbert.WholeWordMasking.v1")
@dataclass(frozen=True)
class WholeWordMasking:
    """Masks words with all their pieces, so that no piece is guessed from the rest of its word.

    The disguise is chosen for each piece by itself, as in BERT's whole-word models: a word that is
    partly masked and partly a random or its own piece is what makes the encoder doubt the pieces
    it sees. (Span masking, the other published way, chooses once a span.)

    share (float): Share of the pieces to predict, special ones not counted, above 0, at most 1.
    mask_share (float): Share of these that become the mask piece, 0 to 1.
    random_share (float): Share of these that become pieces drawn by their frequency in the
        training text, 0 to 1. The rest stays as it is.
    RAISES (SpanbertError): If a value is outside its range.
    """

    share: float = BERT_SHARE
    mask_share: float = BERT_MASK_SHARE
    random_share: float = BERT_RANDOM_SHARE

    def __post_init__(self) -> None:
        check_share("WholeWordMasking", "share", self.share)
        check_disguise("WholeWordMasking", self.mask_share, self.random_share)

    def __call__(
        self, window: Window, rng: np.random.Generator, sampler: PieceSampler
    ) -> Corrupted:
        """Corrupt a window.

        window (Window): The window; not changed.
        rng (Generator): Source of randomness.
        sampler (PieceSampler): The mask piece, and random ones.
        RETURNS (Corrupted): Without spans. At least one target; none in a window without text.
            `counts["trimmed"]`: words longer than the whole budget of the window, of which only
            the first pieces were taken.
        """
        words = text_words(window)
        budget = draw_budget(self.share, len(text_places(window)), rng)
        sizes = np.minimum(words.ends - words.starts, budget)
        chosen = _choose(sizes, budget, rng)
        starts = words.starts[chosen]
        places = join_ranges(starts, starts + sizes[chosen])
        choices = draw_choices(len(places), self.mask_share, self.random_share, rng)
        corrupted = disguise(window, places, choices, rng, sampler)
        n_trimmed = int((words.ends[chosen] - starts > budget).sum())
        return replace(corrupted, counts=+Counter(trimmed=n_trimmed))


def _choose(sizes: Places, budget: int, rng: np.random.Generator) -> Places:
    """Choose words until the budget is spent; ascending.

    The word that would exceed it is taken or left at random, so that the mean is the budget.
    Leaving it always, as the published code does, would mask long words still less often than
    short ones.
    """
    order = rng.permutation(len(sizes))
    totals = np.cumsum(sizes[order])
    n_words = int(np.searchsorted(totals, budget, side="right"))
    if 0 < n_words < len(order):
        left = budget - totals[n_words - 1]
        n_words += rng.random() < left / sizes[order[n_words]]
    return np.sort(order[:n_words])
