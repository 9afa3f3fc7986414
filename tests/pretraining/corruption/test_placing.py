"""Where spans are put, against the list of all ways to put them."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.pretraining.corruption.placing import Placed, place_spans
from spacy_spanbert.pretraining.corruption.units import Units, text_pieces, text_words
from tests.pretraining.corruption.made_windows import (
    is_distributed,
    made_windows,
    make_window,
)

ENOUGH = 1000


def place(units: Units, lengths: list[int], budget: int, seed: int = 0, **options) -> Placed:
    rng = np.random.default_rng(seed)
    return place_spans(units, np.array(lengths, dtype=np.int32), budget, rng, **options)


def spans_of(placed: Placed) -> list[tuple[int, int]]:
    return list(zip(placed.starts.tolist(), placed.ends.tolist(), strict=True))


def free_starts(units: Units, taken: set[int], length: int) -> list[int]:
    """List all units at which a span could start, by trying each."""
    return [
        first
        for first in range(len(units.starts))
        if first + length <= units.stretch_ends[first]
        and not any(unit in taken for unit in range(first - 1, first + length + 1))
    ]


def test_each_start_is_uniform_over_all_where_the_span_fits():
    """Exact probabilities of every pair of spans, from all ways to put one and then the other."""
    units = text_pieces(make_window([1] * 7, [1] * 4))
    expected: Counter[tuple[int, int]] = Counter()
    firsts = free_starts(units, set(), 3)
    for first in firsts:
        seconds = free_starts(units, {first, first + 1, first + 2}, 2)
        for second in seconds:
            places = int(units.starts[first]), int(units.starts[second])
            expected[places] += 1 / len(firsts) / len(seconds)
    found: Counter[tuple[int, int]] = Counter()
    for seed in range(6000):
        sizes = {end - start: start for start, end in spans_of(place(units, [3, 2], 5, seed))}
        found[sizes[3], sizes[2]] += 1
    assert found.keys() == expected.keys()
    pairs = sorted(expected)
    assert is_distributed(
        np.array([found[pair] for pair in pairs]), np.array([expected[pair] for pair in pairs])
    )


@settings(deadline=None)
@given(made_windows, st.integers(2, 10), st.integers(0, 40), st.integers(0, 99))
def test_spans_are_whole_units_apart_inside_one_stretch(window, longest, budget, seed):
    lengths = [1 + number % longest for number in range(budget)]
    units = text_words(window)
    placed = place(units, lengths, budget, seed)
    starts, ends = units.starts.tolist(), units.ends.tolist()
    last_before = -2
    for start, end in spans_of(placed):
        first = starts.index(start)
        last = max(unit for unit, unit_start in enumerate(starts) if unit_start < end)
        # whole, but for a unit longer than the whole budget
        assert end == min(ends[last], starts[last] + budget)
        assert last < units.stretch_ends[first]
        assert first - last_before >= 2
        last_before = last
    assert bool(spans_of(placed)) == bool(budget and starts)


@settings(deadline=None)
@given(made_windows, st.integers(0, 60), st.integers(0, 99))
def test_what_was_not_spent_had_no_room(window, budget, seed):
    units = text_pieces(window)
    placed = place(units, [3] * ENOUGH, budget, seed)
    spans = spans_of(placed)
    n_pieces = sum(end - start for start, end in spans)
    if placed.counts["unspent"]:
        assert n_pieces + placed.counts["unspent"] == budget
        taken = {
            unit
            for s, e in spans
            for unit in range(len(units.starts))
            if s <= units.starts[unit] < e
        }
        assert free_starts(units, taken, 1) == []
    else:
        assert n_pieces == budget  # pieces, unlike words, can be cut to the budget exactly


def test_the_mean_over_windows_is_the_budget_though_words_stay_whole():
    units = text_words(make_window([3, 1, 4, 2] * 10))
    sizes = [
        int((p.ends - p.starts).sum()) for p in (place(units, [4] * 20, 17, s) for s in range(4000))
    ]
    assert min(sizes) < 17 < max(sizes)
    assert np.mean(sizes) == pytest.approx(17, abs=0.1)


def test_a_span_longer_than_any_room_is_shortened_to_it():
    placed = place(text_pieces(make_window([1] * 3, [1] * 5)), [10], 8)
    assert spans_of(placed) == [(5, 10)]
    assert placed.counts == {"drawn_spans": 1, "drawn_units": 10, "shortened": 1, "unspent": 3}


def test_the_last_span_is_trimmed_to_the_budget_and_counted():
    placed = place(text_pieces(make_window([1] * 30)), [10], 4)
    ((start, end),) = spans_of(placed)
    assert end - start == 4
    assert placed.counts["trimmed"] == 1


def test_a_word_longer_than_the_budget_is_cut_to_it():
    assert spans_of(place(text_words(make_window([30])), [2] * 4, 4)) == [(1, 5)]


def test_shortest_span_is_kept_to():
    units = text_pieces(make_window([1] * 40))
    for seed in range(200):
        placed = place(units, [3] * 10, 10, seed, shortest=2)
        assert set((placed.ends - placed.starts).tolist()) <= {2, 3}
    # the first one even above the budget
    placed = place(units, [3], 1, shortest=2)
    assert (placed.ends - placed.starts).tolist() == [2]
    assert spans_of(place(text_pieces(make_window([1], [1])), [2], 1, shortest=2)) == []


@pytest.mark.parametrize("budget", [0, 5])
def test_without_text_there_are_no_spans(budget):
    assert spans_of(place(text_words(make_window([], [])), [3] * budget, budget)) == []
