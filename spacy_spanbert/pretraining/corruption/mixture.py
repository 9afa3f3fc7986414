"""Several ways to corrupt, one for each window."""

from collections import Counter
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.longest_window import Limited, limit_windows
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler, Window


@registry.corruptions("spacy-spanbert.Mixture.v1")
@dataclass(frozen=True)
class Mixture:
    """Corrupts each window in one of several ways, drawn anew in every epoch.

    In a config, an empty section [pretraining.corruption.parts], then one
    [pretraining.corruption.parts.NAME] for each way, and [pretraining.corruption.weights] with a
    line NAME = 1.0 for each.

    parts (dict[str, Corruption]): The ways, by any names; at least one.
    weights (dict[str, float]): Weight of each part, by the same names: 0 or more, not all 0. A part
        is drawn with its weight over the sum of all.
    RAISES (SpanbertError): If names or weights do not fit.
    """

    # Any, for confection checks the config's sections before they are turned into functions
    parts: dict[str, Any]
    weights: dict[str, float]

    def __post_init__(self) -> None:
        if not self.parts or self.parts.keys() != self.weights.keys():
            raise SpanbertError(
                "Mixture: expected parts, and one weight for each by the same name, but got parts "
                f"{sorted(self.parts)} and weights {sorted(self.weights)}."
            )
        for name, part in self.parts.items():
            if not callable(part):
                raise SpanbertError(
                    f"Mixture: expected part {name!r} to be a corruption, a section with "
                    f'@corruptions = "spacy-spanbert.SpanMasking.v1" or another, but got {part!r}.'
                )
        for name, weight in self.weights.items():
            if not (isfinite(weight) and weight >= 0.0):
                raise SpanbertError(
                    f"Mixture: expected weights of 0 or more, but the weight of {name!r} is "
                    f"{weight}."
                )
        if sum(self.weights.values()) == 0.0:
            raise SpanbertError(
                "Mixture: expected at least one weight above 0, but all are 0, so no part could "
                "ever be drawn."
            )

    def limit(self, window: int, max_pieces: int) -> Limited:
        """Keep every part to what the encoder reads.

        window (int): Longest window as it is packed, in pieces with special ones.
        max_pieces (int): Longest input of the encoder, in pieces with special ones.
        RETURNS (Limited): With the notes of all parts.
        RAISES (SpanbertError): If one was told to make them longer than that.
        """
        limited = {
            name: limit_windows(part, window, max_pieces) for name, part in self.parts.items()
        }
        notes = [note for _, note in limited.values() if note]
        parts = {name: part for name, (part, _) in limited.items()}
        return Limited(replace(self, parts=parts), " ".join(notes) or None)

    def __call__(
        self, window: Window, rng: np.random.Generator, sampler: PieceSampler
    ) -> Corrupted:
        """Corrupt a window.

        window (Window): The window; not changed.
        rng (Generator): Source of randomness.
        sampler (PieceSampler): The mask piece, and random ones.
        RETURNS (Corrupted): What the drawn part made of it; `counts` has one more under
            `windows_NAME`.
        """
        # by name: the order of a config's sections must not change what is drawn
        names = sorted(self.parts)
        totals = np.cumsum([self.weights[name] for name in names])
        drawn = np.searchsorted(totals, rng.random() * totals[-1], side="right")
        name = names[int(drawn)]
        corrupted = self.parts[name](window, rng, sampler)
        return replace(corrupted, counts=corrupted.counts + Counter({f"windows_{name}": 1}))
