"""What all ways of masking are told: how much to ask for, and what to put there."""

from dataclasses import dataclass

import numpy as np

from spacy_spanbert.pretraining.corruption.disguise import (
    BERT_MASK_SHARE,
    BERT_RANDOM_SHARE,
    Choices,
    check_disguise,
    draw_choices,
)
from spacy_spanbert.pretraining.corruption.share import BERT_SHARE, check_share, draw_budget
from spacy_spanbert.pretraining.corruption.units import text_places
from spacy_spanbert.pretraining.windows import Window


@dataclass(frozen=True)
class Masking:
    """The settings of masked language modelling (Devlin et al. 2019, BERT, section 3.1).

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
        name = type(self).__name__
        check_share(name, "share", self.share)
        check_disguise(name, self.mask_share, self.random_share)

    def budget(self, window: Window, rng: np.random.Generator) -> int:
        """Tell how many pieces of a window to ask for.

        window (Window): The window.
        rng (Generator): Source of randomness.
        RETURNS (int): At least 1; 0 in a window without text.
        """
        return draw_budget(self.share, len(text_places(window)), rng)

    def choices(self, n_choices: int, rng: np.random.Generator) -> Choices:
        """Choose a disguise, several times.

        n_choices (int): How often.
        rng (Generator): Source of randomness.
        RETURNS (Choices): MASK, RANDOM or ORIGINAL, shape (n_choices,).
        """
        return draw_choices(n_choices, self.mask_share, self.random_share, rng)
