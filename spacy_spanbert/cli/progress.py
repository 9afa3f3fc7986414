"""Show how far a run is, and measure how fast it goes."""

from collections.abc import Callable
from time import perf_counter

from spacy.tokens import Doc
from tqdm import tqdm


class Progress:
    """A bar on standard error that counts words, and the time they took.

    Use it as a context manager: time runs from its start to its end.

    is_shown (bool | None): Whether to show the bar; None: only on a terminal.
    clock (Callable[[], float]): Seconds since any time.
    """

    def __init__(
        self, is_shown: bool | None = None, clock: Callable[[], float] = perf_counter
    ) -> None:
        self.n_docs = 0
        self.n_words = 0
        self._is_shown = is_shown
        self._clock = clock
        self._start: float | None = None
        self._end: float | None = None

    def __enter__(self) -> "Progress":
        is_disabled = None if self._is_shown is None else not self._is_shown
        self._bar = tqdm(unit=" words", unit_scale=True, disable=is_disabled)
        self._start = self._clock()
        return self

    def __exit__(self, *_: object) -> None:
        self._end = self._clock()
        self._bar.close()

    def add(self, doc: Doc) -> None:
        """Count a Doc.

        doc (Doc): The Doc.
        """
        self.n_docs += 1
        self.n_words += len(doc)
        self._bar.set_postfix_str(f"{self.n_docs:,} records", refresh=False)
        self._bar.update(len(doc))

    @property
    def seconds(self) -> float:
        """RETURNS (float): Time since the start, until the end; 0 before the start."""
        if self._start is None:
            return 0.0
        return (self._clock() if self._end is None else self._end) - self._start

    @property
    def words_per_second(self) -> float:
        """RETURNS (float): Words by time; 0 while no time has gone by."""
        seconds = self.seconds
        return self.n_words / seconds if seconds > 0 else 0.0
