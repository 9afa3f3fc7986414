"""Masked language modelling over whole words."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from spacy_spanbert.pretraining.corruption.disguise import disguise
from spacy_spanbert.pretraining.corruption.masking import Masking
from spacy_spanbert.pretraining.corruption.units import (
    Places,
    join_ranges,
    text_words,
)
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler, Window


@registry.corruptions("spacy-spanbert.WholeWordMasking.v1")
@dataclass(frozen=True)
class WholeWordMasking(Masking):
    """Masks words with all their pieces, so that no piece is guessed from the rest of its word.

    The disguise is chosen for each piece by itself, as in BERT's whole-word models: a word that is
    partly masked and partly a random or its own piece is what makes the encoder doubt the pieces
    it sees. (Span masking, the other published way, chooses once a span.)

    share, mask_share, random_share: See Masking.
    RAISES (SpanbertError): If a value is outside its range.
    """

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
        budget = self.budget(window, rng)
        sizes = np.minimum(words.ends - words.starts, budget)
        chosen = _choose(sizes, budget, rng)
        starts = words.starts[chosen]
        places = join_ranges(starts, starts + sizes[chosen])
        choices = self.choices(len(places), rng)
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
