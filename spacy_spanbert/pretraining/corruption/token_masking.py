"""Masked language modelling over single pieces."""

from dataclasses import dataclass

import numpy as np

from spacy_spanbert.pretraining.corruption.disguise import disguise
from spacy_spanbert.pretraining.corruption.masking import Masking
from spacy_spanbert.pretraining.corruption.units import text_places
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler, Window


@registry.corruptions("spacy-spanbert.TokenMasking.v1")
@dataclass(frozen=True)
class TokenMasking(Masking):
    """Masks pieces, each chosen by itself (Devlin et al. 2019, BERT, section 3.1).

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
        """
        places = text_places(window)
        budget = self.budget(window, rng)
        chosen = np.sort(rng.choice(places, budget, replace=False, shuffle=False))
        choices = self.choices(budget, rng)
        return disguise(window, chosen, choices, rng, sampler)
