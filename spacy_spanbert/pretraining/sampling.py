"""Which windows a step reads. A pure function of the step, so that any step can be done again."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from spacy_spanbert.pretraining.random_streams import Stream, random_numbers
from spacy_spanbert.pretraining.windows import (
    Corrupted,
    Corruption,
    PieceSampler,
    Window,
)


class PackedText(Protocol):
    """Windows of a corpus, built when they are asked for."""

    def __len__(self) -> int:
        """RETURNS (int): How many windows an epoch has."""

    def window(self, index: int, epoch: int) -> Window:
        """Build a window.

        index (int): Its number, from 0.
        epoch (int): The epoch, from 0; pairs are formed anew in each.
        RETURNS (Window): Always the same for the same numbers.
        """


@dataclass(frozen=True)
class WindowNumber:
    """Which window, and in which epoch: this decides its corruption."""

    epoch: int
    index: int


class Sampler:
    """Goes through a corpus epoch after epoch, each time in another order.

    n_windows (int): Windows of an epoch, at least 1.
    step_windows (int): Windows that one step reads on all processes together.
    seed (int): Seed of the run.
    """

    def __init__(self, n_windows: int, step_windows: int, seed: int) -> None:
        self.n_windows = n_windows
        self.step_windows = step_windows
        self.seed = seed
        self._order: tuple[int, NDArray[np.int64]] | None = None

    def step(self, number: int) -> list[WindowNumber]:
        """List the windows of a step.

        number (int): The step, from 0.
        RETURNS (list[WindowNumber]): `step_windows` windows; every window of an epoch is read once
            before one is read again.
        """
        first = number * self.step_windows
        return [self._window(place) for place in range(first, first + self.step_windows)]

    def _window(self, place: int) -> WindowNumber:
        epoch, index = divmod(place, self.n_windows)
        if self._order is None or self._order[0] != epoch:
            rng = random_numbers(Stream.ORDER, self.seed, epoch)
            self._order = (epoch, rng.permutation(self.n_windows))
        return WindowNumber(epoch, int(self._order[1][index]))


def spread_sample(n_windows: int, n_wanted: int, seed: int) -> list[int]:
    """Choose windows from all parts of a corpus: one at random from each of equal stretches.

    n_windows (int): Windows there are.
    n_wanted (int): How many to choose, 1 or more.
    seed (int): The same seed gives the same choice.
    RETURNS (list[int]): Numbers of windows, ascending, none twice; all of them if there are no
        more than wanted, none of none.
    """
    if n_windows <= n_wanted:
        return list(range(n_windows))
    borders = np.arange(n_wanted + 1) * n_windows // n_wanted
    rng = random_numbers(Stream.EVALUATION, seed)
    return rng.integers(borders[:-1], borders[1:]).tolist()


class CorruptedText:
    """Corrupted windows by number.

    Whatever the corruption, the unknown piece is never asked for: what a text has there cannot be
    learnt from it. It may lie inside a masked span all the same.

    text (PackedText): The windows.
    corruption (Corruption): What is done to them.
    sampler (PieceSampler): Random pieces.
    seed (int): Seed of the run.
    unknown (int | None): Vocabulary index of the unknown piece, if there is one.
    """

    def __init__(
        self,
        text: PackedText,
        corruption: Corruption,
        sampler: PieceSampler,
        seed: int,
        unknown: int | None,
    ) -> None:
        self.text = text
        self.corruption = corruption
        self.sampler = sampler
        self.seed = seed
        self.unknown = unknown

    def __len__(self) -> int:
        return len(self.text)

    def read(self, number: WindowNumber) -> tuple[Corrupted, bool | None]:
        """Build and corrupt a window.

        number (WindowNumber): Which.
        RETURNS (tuple[Corrupted, bool | None]): The window, and for a pair whether the second text
            follows the first. Always the same for the same number.
        """
        window = self.text.window(number.index, number.epoch)
        rng = random_numbers(Stream.CORRUPTION, self.seed, number.epoch, number.index)
        corrupted = self.corruption(window, rng, self.sampler)
        return _without_targets(corrupted, self.unknown), window.is_next


def _without_targets(corrupted: Corrupted, unknown: int | None) -> Corrupted:
    """Ask for a piece nowhere; `counts["unknown"]` tells how often it was left out."""
    is_unknown = corrupted.targets == unknown
    if unknown is None or not is_unknown.any():
        return corrupted
    return replace(
        corrupted,
        places=corrupted.places[~is_unknown],
        targets=corrupted.targets[~is_unknown],
        counts=corrupted.counts + Counter(unknown=int(is_unknown.sum())),
    )
