"""Words and pieces of a window, against walking over it piece by piece."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.pretraining.corruption.units import (
    Units,
    join_ranges,
    text_gaps,
    text_pieces,
    text_places,
    text_words,
    unchanged,
)
from spacy_spanbert.pretraining.windows import SPECIAL, Window
from tests.pretraining.corruption.made_windows import made_windows, make_window


def slow_units(window: Window, by_piece: bool) -> list[tuple[int, int, int]]:
    """Start, end and stretch of each unit, by walking."""
    units: list[tuple[int, int, int]] = []
    stretch = 0
    for place, word in enumerate(window.words.tolist()):
        if word == SPECIAL:
            stretch += 1
        elif units and not by_piece and word == window.words[place - 1]:
            units[-1] = (units[-1][0], place + 1, stretch)
        else:
            units.append((place, place + 1, stretch))
    return units


def assert_same(units: Units, expected: list[tuple[int, int, int]]) -> None:
    assert units.starts.tolist() == [start for start, _, _ in expected]
    assert units.ends.tolist() == [end for _, end, _ in expected]
    stretches = [stretch for _, _, stretch in expected]
    ends = [max(i for i, other in enumerate(stretches) if other == s) + 1 for s in stretches]
    assert units.stretch_ends.tolist() == ends


@settings(deadline=None)
@given(made_windows)
def test_units_are_those_a_walk_finds(window):
    assert_same(text_words(window), slow_units(window, by_piece=False))
    assert_same(text_pieces(window), slow_units(window, by_piece=True))


def test_words_of_a_pair():
    words = text_words(make_window([1, 2], [3]))  # [CLS] a b b [SEP] c c c [SEP]
    assert words.starts.tolist() == [1, 2, 5]
    assert words.ends.tolist() == [2, 4, 8]
    assert words.stretch_ends.tolist() == [2, 2, 3]


def test_gaps_are_before_each_piece_and_after_the_last_of_a_text():
    window = make_window([1, 2], [], [1])  # [CLS] a b b [SEP] [SEP] c [SEP]
    assert text_places(window).tolist() == [1, 2, 3, 6]
    assert np.flatnonzero(text_gaps(window)).tolist() == [1, 2, 3, 4, 6, 7]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 5))))
def test_ranges_are_joined_in_their_order(ranges):
    starts = np.array([start for start, _ in ranges], dtype=np.intp)
    sizes = np.array([size for _, size in ranges], dtype=np.intp)
    expected = [place for start, size in ranges for place in range(start, start + size)]
    assert join_ranges(starts, starts + sizes).tolist() == expected


def test_an_unchanged_window_is_a_copy():
    window = make_window([1, 2])
    copy = unchanged(window)
    copy.ids[:] = 0
    copy.segments[:] = 5
    assert window.ids[1] != 0
    assert window.segments[1] == 0
    assert len(copy.places) == len(copy.targets) == len(copy.spans) == 0
