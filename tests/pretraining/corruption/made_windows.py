"""Windows of made-up pieces, which tell by their numbers where they come from.

Pieces of the text are numbered from FIRST_OF_TEXT; the sampler draws only pieces below, so that a
drawn piece is never taken for one of the text.
"""

from functools import cache

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from spacy_spanbert.pretraining.random_streams import Stream, random_numbers
from spacy_spanbert.pretraining.windows import (
    SPECIAL,
    Corrupted,
    Corruption,
    PieceSampler,
    Window,
)

CLS, SEP, MASK = 2, 3, 4
FIRST_OF_TEXT = 200
# As in a language: the n-th piece occurs 1/n times as often as the first.
COUNTS = np.zeros(1000, dtype=np.int64)
COUNTS[5:FIRST_OF_TEXT] = 100_000 // np.arange(1, FIRST_OF_TEXT - 4)
SAMPLER = PieceSampler(COUNTS, MASK)

N_WINDOWS, N_PIECES = 1000, 126


def make_window(*texts: list[int]) -> Window:
    """Make a window of one text or a pair; a text is a list of the numbers of pieces of words.

    No piece occurs twice.
    """
    words, segments = [SPECIAL], [0]
    n_words = 0
    for segment, sizes in enumerate(texts):
        for size in sizes:
            words += [n_words] * size
            n_words += 1
        words.append(SPECIAL)
        segments += [segment] * (len(words) - len(segments))
    ids = np.arange(FIRST_OF_TEXT, FIRST_OF_TEXT + len(words), dtype=np.int32)
    numbers = np.array(words, dtype=np.int32)
    ids[numbers == SPECIAL] = SEP
    ids[0] = CLS
    return Window(ids, numbers, np.array(segments, dtype=np.int32))


@cache
def many_windows() -> list[Window]:
    """Make 1000 windows of 126 pieces of text: words of 1 to 4 pieces, every third a pair."""
    rng = np.random.default_rng(0)
    windows = []
    for index in range(N_WINDOWS):
        sizes = rng.choice([1, 2, 3, 4], N_PIECES, p=[0.7, 0.15, 0.1, 0.05])
        ends = np.cumsum(sizes)
        kept = sizes[ends <= N_PIECES].tolist()
        kept += [1] * (N_PIECES - sum(kept))
        half = len(kept) // 3
        windows.append(make_window(kept[:half], kept[half:]) if index % 3 else make_window(kept))
    return windows


def corrupt(corruption: Corruption, window: Window, epoch: int = 0, index: int = 0) -> Corrupted:
    return corruption(window, random_numbers(Stream.CORRUPTION, 0, epoch, index), SAMPLER)


def corrupt_many(corruption: Corruption) -> list[tuple[Window, Corrupted]]:
    """Corrupt 126,000 pieces."""
    return [
        (window, corrupt(corruption, window, index=index))
        for index, window in enumerate(many_windows())
    ]


def is_chance(n_found: float, n_draws: int, probability: float) -> bool:
    """Whether a number of hits is within 4 standard deviations of what is expected."""
    deviation = np.sqrt(n_draws * probability * (1 - probability))
    return bool(abs(n_found - n_draws * probability) <= 4 * deviation)


def is_distributed(found: NDArray, weights: NDArray) -> bool:
    """Whether counts are as they should be: a chi-square test, 4 standard deviations."""
    expected = found.sum() * weights / weights.sum()
    assert expected.min() > 5, "too few draws to tell"
    statistic = ((found - expected) ** 2 / expected).sum()
    freedom = len(found) - 1
    return bool(statistic <= freedom + 4 * np.sqrt(2 * freedom))


def is_by_frequency(drawn: NDArray) -> bool:
    """Whether pieces were drawn as often as they occur, rare ones counted together."""
    assert ((drawn >= 5) & (drawn < FIRST_OF_TEXT)).all()
    found = np.bincount(drawn, minlength=FIRST_OF_TEXT)
    return is_distributed(
        np.append(found[5:35], found[35:].sum()),
        np.append(COUNTS[5:35], COUNTS[35:].sum()),
    )


# A text is a list of the numbers of pieces of its words.
texts = st.lists(st.integers(1, 4), max_size=14)
made_windows = st.one_of(
    st.builds(make_window, texts),
    st.builds(make_window, texts, texts),
    # words that are longer than a whole budget
    st.builds(make_window, st.lists(st.sampled_from([1, 2, 30]), max_size=5)),
)
