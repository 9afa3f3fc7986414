"""Pieces replaced by other pieces; no mask piece tells where."""

from dataclasses import dataclass

import numpy as np

from spacy_spanbert.pretraining.corruption.share import BERT_SHARE, check_share
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler, Window


@registry.corruptions("spacy-spanbert.PieceReplacement.v1")
@dataclass(frozen=True)
class PieceReplacement:
    """Replaces pieces by random ones, and asks for the originals.

    The encoder must find out by itself that a piece does not belong where it stands. It also reads
    only pieces that it will read in use: the mask piece never occurs there.

    share (float): Share of the pieces to replace, special ones not counted, above 0, at most 1.
        Replaced means drawn anew by frequency in the training text; some draws are the original.
    RAISES (SpanbertError): If the share is outside its range.
    """

    share: float = BERT_SHARE

    def __post_init__(self) -> None:
        check_share("PieceReplacement", "share", self.share)

    def __call__(
        self, window: Window, rng: np.random.Generator, sampler: PieceSampler
    ) -> Corrupted:
        """Corrupt a window.

        window (Window): The window; not changed.
        rng (Generator): Source of randomness.
        sampler (PieceSampler): Draws random pieces.
        RETURNS (Corrupted): Without spans. At least one target; none in a window without text.
        """
        return TokenMasking(self.share, mask_share=0.0, random_share=1.0)(window, rng, sampler)
