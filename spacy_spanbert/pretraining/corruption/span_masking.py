"""Masked language modelling over spans of words."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from spacy_spanbert.pretraining.corruption.disguise import disguise
from spacy_spanbert.pretraining.corruption.masking import Masking
from spacy_spanbert.pretraining.corruption.placing import place_spans
from spacy_spanbert.pretraining.corruption.span_lengths import SpanLengths
from spacy_spanbert.pretraining.corruption.units import join_ranges, text_words
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler, Window


@registry.corruptions("spacy-spanbert.SpanMasking.v1")
@dataclass(frozen=True)
class SpanMasking(Masking):
    """Masks spans of whole words (Joshi et al. 2020, SpanBERT, https://arxiv.org/abs/1907.10529).

    The disguise is chosen once a span: all of its pieces become the mask piece, or each becomes a
    random piece, or all stay. At least one word is left between two spans, and no span crosses a
    special piece.

    share (float): See Masking. Above about 0.7 less is masked, for the words between spans stay.
    p (float): Parameter of the geometric distribution of lengths: probability of a span to end
        after a word, above 0, at most 1.
    max_words (int): Longest span, in words, 1 or more.
    mask_share, random_share (float): See Masking; here, shares of the spans.
    RAISES (SpanbertError): If a value is outside its range.
    """

    p: float = 0.2
    max_words: int = 10
    lengths: SpanLengths = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "lengths", SpanLengths("SpanMasking", self.p, self.max_words))

    def __call__(
        self, window: Window, rng: np.random.Generator, sampler: PieceSampler
    ) -> Corrupted:
        """Corrupt a window.

        window (Window): The window; not changed.
        rng (Generator): Source of randomness.
        sampler (PieceSampler): The mask piece, and random ones.
        RETURNS (Corrupted): With spans. At least one target; none in a window without text.
            `counts`: `spans`; `drawn_spans` and `drawn_words`: number and sum of the lengths as
            drawn; `shortened`: spans longer than any room; `trimmed`: last spans cut short, or left
            out, because the budget ended; `unspent`: pieces for which no room was left.
        """
        budget = self.budget(window, rng)
        lengths = self.lengths.draw(budget, rng)
        starts, ends, counts = place_spans(text_words(window), lengths, budget, rng)
        choices = self.choices(len(starts), rng)
        corrupted = disguise(
            window, join_ranges(starts, ends), np.repeat(choices, ends - starts), rng, sampler
        )
        counts["drawn_words"] = counts.pop("drawn_units", 0)
        return replace(
            corrupted,
            spans=np.stack([starts, ends], axis=1).astype(np.int32),
            counts=+(counts + Counter(spans=len(starts))),
        )
