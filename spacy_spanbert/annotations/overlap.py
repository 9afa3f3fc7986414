"""Which of a document's scored spans may stand together."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spacy_spanbert.annotations.nesting import has_crossing
from spacy_spanbert.errors import SpanbertError

Overlap = Literal["any", "nested", "flat"]
OVERLAPS: tuple[str, ...] = get_args(Overlap)


def resolve_overlap(
    starts: ArrayLike, ends: ArrayLike, scores: ArrayLike, mode: str
) -> NDArray[np.int64]:
    """Choose the spans of one document that are kept.

    "any" keeps all. "nested" keeps spans that lie apart or inside one another:
    they are taken by falling score (equal scores: by start, then the longer
    first), and one that crosses a span already taken is dropped; O(n log n).
    "flat" keeps the set without any overlap whose scores have the greatest sum,
    found exactly by dynamic programming (weighted interval scheduling), O(n log n);
    between sets of equal sum the one that ends earlier wins, and a span of score
    0 is never kept. With probabilities as scores it is their sum that is
    maximised, so two spans of 0.5 outweigh a longer one of 0.9 over both.

    The same stretch under two labels counts as two spans: "any" and "nested"
    keep both, "flat" the better one.

    starts (ArrayLike): First word of each span; shape (n_spans,).
    ends (ArrayLike): Word after the last; shape (n_spans,).
    scores (ArrayLike): Score of each span; shape (n_spans,); not negative for "flat".
    mode (str): "any", "nested" or "flat".
    RETURNS (NDArray[np.int64]): Indices of the kept spans, by start, then the longer
        first, then the higher score; shape (n_kept,); empty on empty input.
    RAISES (SpanbertError): If the mode is unknown.
    RAISES (ValueError): If the shapes differ, a span has no words, or a score is not
        a number (or negative, for "flat").
    """
    first = np.asarray(starts, dtype=np.int64)
    after = np.asarray(ends, dtype=np.int64)
    weights = np.asarray(scores, dtype=np.float64)
    _check(first, after, weights, mode)
    if mode == "flat":
        kept = _best_flat(first, after, weights)
    elif mode == "nested" and has_crossing(zip(first.tolist(), after.tolist(), strict=True)):
        kept = _greedy_nested(first, after, weights)
    else:
        kept = np.arange(len(first), dtype=np.int64)
    order = np.lexsort((kept, -weights[kept], -after[kept], first[kept]))
    return kept[order]


def _check(
    starts: NDArray[np.int64], ends: NDArray[np.int64], scores: NDArray[np.float64], mode: str
) -> None:
    if mode not in OVERLAPS:
        raise SpanbertError(f"overlap must be one of {', '.join(OVERLAPS)}; got {mode!r}")
    if starts.ndim != 1 or starts.shape != ends.shape or starts.shape != scores.shape:
        raise ValueError(
            "starts, ends and scores must be lists of one length; "
            f"got shapes {starts.shape}, {ends.shape} and {scores.shape}"
        )
    if (ends <= starts).any():
        bad = int(np.argmax(ends <= starts))
        raise ValueError(
            f"a span must end after it starts (the end is exclusive); "
            f"span {bad} is ({starts[bad]}, {ends[bad]})"
        )
    wrong = ~np.isfinite(scores) | ((scores < 0) & (mode == "flat"))
    if wrong.any():
        bad = int(np.argmax(wrong))
        rule = "a number, 0 or more" if mode == "flat" else "a finite number"
        raise ValueError(f"the score of a span must be {rule}; span {bad} has {scores[bad]}")


class _RangeMaximum:
    """Maximum over any range of positions, of values that only grow (segment tree)."""

    def __init__(self, n_positions: int) -> None:
        self._first_leaf = n_positions
        self._maxima = [-1] * (2 * n_positions)

    def raise_to(self, position: int, value: int) -> None:
        node = position + self._first_leaf
        while node and self._maxima[node] < value:
            self._maxima[node] = value
            node //= 2

    def between(self, low: int, high: int) -> int:
        """Maximum at the positions from low to high (exclusive); -1 where none is set."""
        largest = -1
        low += self._first_leaf
        high += self._first_leaf
        while low < high:
            if low % 2:
                largest = max(largest, self._maxima[low])
                low += 1
            if high % 2:
                high -= 1
                largest = max(largest, self._maxima[high])
            low //= 2
            high //= 2
        return largest


def _greedy_nested(
    starts: NDArray[np.int64], ends: NDArray[np.int64], scores: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Take spans by falling score, unless they cross one already taken.

    A taken span crosses (start, end) either because it starts between the two and
    ends after, or because it ends between the two and starts before.
    """
    borders, ranks = np.unique(np.concatenate([starts, ends]), return_inverse=True)
    n_borders = len(borders)
    firsts, afters = ranks[: len(starts)].tolist(), ranks[len(starts) :].tolist()
    furthest_end = _RangeMaximum(n_borders)  # by start
    furthest_back = _RangeMaximum(n_borders)  # by end: how far before the last border it starts
    kept = []
    for index in np.lexsort((starts - ends, starts, -scores)).tolist():
        start, end = firsts[index], afters[index]
        if furthest_end.between(start + 1, end) > end:
            continue
        if furthest_back.between(start + 1, end) > n_borders - start:
            continue
        furthest_end.raise_to(start, end)
        furthest_back.raise_to(end, n_borders - start)
        kept.append(index)
    return np.asarray(kept, dtype=np.int64)


def _best_flat(
    starts: NDArray[np.int64], ends: NDArray[np.int64], scores: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Weighted interval scheduling over the spans in the order of their ends."""
    order = np.lexsort((-scores, starts, ends))
    # n_before[i]: how many spans, in that order, end before the i-th starts
    n_before = np.searchsorted(ends[order], starts[order], side="right").tolist()
    best = [0.0]  # greatest sum over the first i spans
    taken = []
    for position, score in enumerate(scores[order].tolist()):
        with_it = best[n_before[position]] + score
        taken.append(with_it > best[-1])
        best.append(max(with_it, best[-1]))
    kept = []
    n_left = len(taken)
    while n_left:
        if taken[n_left - 1]:
            kept.append(order[n_left - 1])
            n_left = n_before[n_left - 1]
        else:
            n_left -= 1
    return np.asarray(kept, dtype=np.int64)
