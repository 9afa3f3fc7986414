"""Scored candidates beside gold spans: ranks, and depths of nesting."""

from bisect import bisect_left, insort
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_spanbert.annotations.nesting import Boundaries

# Where spans are put that nothing labels yet: the default key of no other component.
CANDIDATES_KEY = "candidates"


def ranks_at_start(starts: ArrayLike, scores: ArrayLike) -> NDArray[np.int64]:
    """Rank each span among those that begin at the same word.

    starts (ArrayLike): First word of each span, shape (n_spans,).
    scores (ArrayLike): Score of each span, shape (n_spans,).
    RETURNS (NDArray[np.int64]): 0 for the best; of equal scores the span that comes first; shape
        (n_spans,); empty on empty input.
    """
    first, values = np.asarray(starts, dtype=np.int64), np.asarray(scores, dtype=np.float64)
    # sorting is stable: equal scores stay in order
    order = np.lexsort((-values, first))
    ordered = first[order]
    ranks = np.empty(len(first), dtype=np.int64)
    ranks[order] = np.arange(len(first)) - np.searchsorted(ordered, ordered)
    return ranks


def nesting_depths(spans: Iterable[Boundaries]) -> dict[Boundaries, int]:
    """Count how many spans each span lies inside.

    spans (Iterable[tuple[int, int]]): Start and end (exclusive) of each span; repetitions count
        once. Crossing spans do not lie inside one another.
    RETURNS (dict[tuple[int, int], int]): 0 for outermost spans; empty on empty input.
    """
    depths = {}
    ends: list[int] = []  # of the spans that begin before or are longer, rising
    for start, end in sorted(set(spans), key=lambda span: (span[0], -span[1])):
        depths[start, end] = len(ends) - bisect_left(ends, end)
        insort(ends, end)
    return depths
