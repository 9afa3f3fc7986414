"""Masked language modelling over single pieces."""

from dataclasses import dataclass

import numpy as np

from spacy_spanbert.pretraining.corruption.disguise import (
    BERT_MASK_SHARE,
    BERT_RANDOM_SHARE,
    check_disguise,
    disguise,
    draw_choices,
)
from spacy_spanbert.pretraining.corruption.share import BERT_SHARE, check_share, draw_budget
from spacy_spanbert.pretraining.corruption.units import text_places
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler, Window


@registry.corruptions("spacy-spanbert.TokenMasking.v1")
@dataclass(frozen=True)
class TokenMasking:
    """Masks pieces, each chosen by itself (Devlin et al. 2019, BERT, section 3.1).

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
        check_share("TokenMasking", "share", self.share)
        check_disguise("TokenMasking", self.mask_share, self.random_share)

    def __call__(
        self, window: Window, rng: np.random.Generator, sampler: PieceSampler
    ) -> Corrupted:
        """Corrupt a window.

        window (Window): The window; not changed.
        rng (Generator): Source of randomness.
        sampler (PieceSampler): The mask piece, and random ones.
        RETURNS (Corrupted): Without spans. At least one target; none in a window without text.
        """
        places = text_places(window)
        budget = draw_budget(self.share, len(places), rng)
        chosen = np.sort(rng.choice(places, budget, replace=False, shuffle=False))
        choices = draw_choices(budget, self.mask_share, self.random_share, rng)
        return disguise(window, chosen, choices, rng, sampler)
