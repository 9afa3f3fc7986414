"""Where spans are put so that they do not touch, and how many fit into the budget."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from spacy_spanbert.pretraining.corruption.units import Places, Units
from spacy_spanbert.pretraining.windows import Ints


class Placed(NamedTuple):
    """Spans that were put somewhere.

    starts (Places): First place (piece) of each span, ascending, shape (n_spans,).
    ends (Places): Place after its last, shape (n_spans,).
    counts (Counter[str]): `drawn_spans` and `drawn_units`: lengths that were drawn and used;
        `shortened`: spans longer than any room left; `trimmed`: last spans that were cut short, or
        left out, because the budget ended; `unspent`: pieces of the budget no room was left for.
    """

    starts: Places
    ends: Places
    counts: Counter[str]


def place_spans(
    units: Units, lengths: Ints, budget: int, rng: np.random.Generator, shortest: int = 1
) -> Placed:
    """Put spans one by one where there is room, until the budget is spent.

    The start of each is uniform over all units where a span of its length fits: inside one
    stretch between special pieces, with at least one unit between it and every other span. If it
    fits nowhere, it is shortened to the longest room, so that there is an end to it.

    Units stay whole. The last span is trimmed to the budget, and rounded up or down to whole units
    at random so that the mean over windows is the budget. A unit that is by itself longer than the
    whole budget (a web address) counts as its first `budget` pieces, and spans end inside it.

    units (Units): Words or pieces of the window.
    lengths (Ints): Lengths in units, in the order in which to use them, each at least `shortest`;
        as many as `budget` are always enough.
    budget (int): How many pieces the spans have together.
    rng (Generator): Source of randomness.
    shortest (int): Shortest span that makes sense, in units, 1 or more. The first span has this
        length even if the budget is smaller.
    RETURNS (Placed): At least one span if the budget is above 0 and there is room for the shortest;
        otherwise none.
    """
    counts: Counter[str] = Counter()
    spans: list[tuple[int, int]] = []
    ends = np.minimum(units.ends, units.starts + budget)
    # shape (n_units,), the longest span that could start at each unit
    room = units.stretch_ends - np.arange(len(units.starts))
    draws = rng.random(len(lengths) + 1).tolist()
    rounding = draws.pop()
    left = budget
    for length, draw in zip(lengths.tolist(), draws, strict=True):
        longest = int(room.max(initial=0))
        if left <= 0 or longest < shortest:
            break
        counts["drawn_spans"] += 1
        counts["drawn_units"] += length
        counts["shortened"] += length > longest
        length = min(length, longest)
        free = np.flatnonzero(room >= length)
        first = int(free[int(draw * len(free))])
        start = int(units.starts[first])
        # shape (length,), pieces of the span if it ended after each of its units
        sizes = ends[first : first + length] - start
        kept = length
        left -= int(sizes[-1])
        if left < 0:
            kept = _fit(sizes, left + int(sizes[-1]), rounding, shortest, is_first=not spans)
            counts["trimmed"] += kept < length
        if kept:
            spans.append((start, int(ends[first + kept - 1])))
            _take(room, first, first + kept)
    counts["unspent"] += max(0, left)
    borders = np.array(sorted(spans), dtype=np.intp).reshape(-1, 2)
    return Placed(borders[:, 0], borders[:, 1], +counts)


def _fit(sizes: Places, left: int, rounding: float, shortest: int, *, is_first: bool) -> int:
    """How many units of a span that is too long to keep: 0, or at least the shortest span."""
    lower = int(np.searchsorted(sizes, left, side="right"))
    upper = max(lower + 1, shortest)
    if lower < shortest:
        lower = 0
    if is_first and lower == 0:
        return upper
    below = int(sizes[lower - 1]) if lower else 0
    # the mean of both, so weighted, is what is left of the budget
    weight = (left - below) / (int(sizes[upper - 1]) - below)
    return upper if rounding < weight else lower


def _take(room: Places, first: int, end: int) -> None:
    """Remove a span, and the unit on either side of it, from the room there is."""
    before = max(0, first - 1)
    room[:before] = np.minimum(room[:before], np.arange(before, 0, -1))
    room[before : end + 1] = 0
