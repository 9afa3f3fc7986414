"""Words that are missing."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from spacy_spanbert.pretraining.corruption.placing import place_spans
from spacy_spanbert.pretraining.corruption.share import (
    BERT_SHARE,
    check_count,
    check_share,
    draw_budget,
)
from spacy_spanbert.pretraining.corruption.units import (
    join_ranges,
    text_gaps,
    text_places,
    text_words,
    unchanged,
)
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import NO_LABEL, Corrupted, PieceSampler, Window


@registry.corruptions("spacy-spanbert.PieceDeletion.v1")
@dataclass(frozen=True)
class PieceDeletion:
    """Removes short stretches of words, and asks at every gap whether something is missing there.

    At least one word is left between two gaps, and a window of a single word stays whole.

    share (float): Share of the pieces to remove, special ones not counted, above 0, at most 1.
    max_words (int): Longest stretch, in words, 1 or more; all lengths are equally likely.
    RAISES (SpanbertError): If a value is outside its range.
    """

    share: float = BERT_SHARE
    max_words: int = 3

    def __post_init__(self) -> None:
        check_share("PieceDeletion", "share", self.share)
        check_count("PieceDeletion", "max_words", self.max_words, 1)

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
        RETURNS (Corrupted): With `removed`: a label at each piece of the text, and at the special
            piece after it ([SEP]), for what is missing right before. In a window without text
            nothing is asked. `counts`: `stretches`, and `removed` pieces.
        """
        words = text_words(window)
        budget = draw_budget(self.share, len(text_places(window)), rng)
        if len(words.starts) < 2:
            budget = 0
        lengths = rng.integers(1, self.max_words + 1, budget, dtype=np.int32)
        starts, ends, _ = place_spans(words, lengths, budget, rng)
        keep = np.ones(len(window), dtype=bool)
        keep[join_ranges(starts, ends)] = False
        labels = np.where(text_gaps(window), 0, NO_LABEL).astype(np.int32)
        labels[ends] = 1
        return replace(
            unchanged(window),
            ids=window.ids[keep],
            segments=window.segments[keep],
            removed=labels[keep],
            counts=+Counter(stretches=len(starts), removed=int((ends - starts).sum())),
        )
