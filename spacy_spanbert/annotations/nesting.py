"""Which spans lie inside which, and whether any two cross."""

from collections.abc import Iterable

Boundaries = tuple[int, int]


def inside_another(spans: Iterable[Boundaries]) -> set[Boundaries]:
    """Find the spans that lie inside another span of the same collection.

    A span lies inside another when the other covers it and is longer; equal
    boundaries (two labels on one stretch) are not inside one another.

    spans (Iterable[tuple[int, int]]): Start and end (exclusive) of each span, in
        any unit that orders them; repetitions count once.
    RETURNS (set[tuple[int, int]]): Those inside another; empty on empty input.
    """
    inside = set()
    furthest_end: int | None = None
    for start, end in _outer_first(spans):
        if furthest_end is not None and end <= furthest_end:
            inside.add((start, end))
        else:
            furthest_end = end
    return inside


def containing_another(spans: Iterable[Boundaries]) -> set[Boundaries]:
    """Find the spans inside which another span of the same collection lies.

    spans (Iterable[tuple[int, int]]): Start and end (exclusive) of each span, in
        any unit that orders them; repetitions count once.
    RETURNS (set[tuple[int, int]]): Those that contain another; empty on empty input.
    """
    containing = set()
    nearest_end: int | None = None
    for start, end in reversed(_outer_first(spans)):
        if nearest_end is not None and nearest_end <= end:
            containing.add((start, end))
        else:
            nearest_end = end
    return containing


def has_crossing(spans: Iterable[Boundaries]) -> bool:
    """Tell whether any two spans overlap without one covering the other.

    spans (Iterable[tuple[int, int]]): Start and end (exclusive) of each span.
    RETURNS (bool): True if two spans cross; False on empty input.
    """
    open_ends: list[int] = []  # of the spans around the present word, innermost last
    for start, end in _outer_first(spans):
        while open_ends and open_ends[-1] <= start:
            open_ends.pop()
        if open_ends and open_ends[-1] < end:
            return True
        open_ends.append(end)
    return False


def _outer_first(spans: Iterable[Boundaries]) -> list[Boundaries]:
    return sorted(set(spans), key=lambda span: (span[0], -span[1]))
