"""Timing on a machine that is not always equally fast."""

import gc
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from typing import Any

Task = Callable[[], Any]


def interleave(prepare: Mapping[str, Callable[[int], Task]], n_rounds: int) -> dict[str, list[Any]]:
    """Time tasks in turn (A B C A B C ...), so that slow minutes of the machine hit all alike.

    prepare (Mapping[str, Callable[[int], Task]]): Makes the task of a round, by name; not timed.
    n_rounds (int): How often each task is timed.
    RETURNS (dict[str, list[float]]): Seconds of each round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in prepare}
    for index in range(n_rounds):
        for name, make_task in prepare.items():
            task = make_task(index)
            gc.collect()
            start = perf_counter()
            task()
            seconds[name].append(perf_counter() - start)
    return seconds


def speed_summary(n_words: Sequence[int], seconds: Sequence[float]) -> dict[str, Any]:
    """Sum up the speed of a task.

    n_words (Sequence[int]): Words of each round.
    seconds (Sequence[float]): Of each round.
    RETURNS (dict[str, Any]): `words_per_second` (median), its `lowest` and `highest`, `seconds`.
    """
    speeds = [words / value for words, value in zip(n_words, seconds, strict=True)]
    return {
        "words_per_second": round(median(speeds), 1),
        "lowest": round(min(speeds), 1),
        "highest": round(max(speeds), 1),
        "seconds": [round(value, 4) for value in seconds],
    }


def paired_ratio(slow: list[float], fast: list[float]) -> float:
    """Compare two tasks round by round, which cancels what the machine did meanwhile.

    slow (list[float]): Seconds of each round.
    fast (list[float]): Seconds of the other task in the same rounds.
    RETURNS (float): The median of the rounds' ratios: how many times as fast the second one is.
    """
    return round(median(a / b for a, b in zip(slow, fast, strict=True)), 3)


class Stopwatch:
    """Tells parts of a run apart. Time in an inner part does not count for the outer one."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = 0.0

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what happens inside as `name`."""
        self._stop()
        self._running.append(name)
        try:
            yield
        finally:
            self._stop()
            self._running.pop()

    def _stop(self) -> None:
        now = perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now
