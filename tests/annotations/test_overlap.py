import itertools
import random
import sys
from types import FrameType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.annotations import overlap as overlap_module
from spacy_spanbert.annotations.overlap import OVERLAPS, resolve_overlap

ScoredSpan = tuple[int, int, float]


def scored_spans(max_size: int, lowest: int = 0) -> st.SearchStrategy[list[ScoredSpan]]:
    """Spans with scores in eighths, so that sums are exact and ties are common."""
    one = st.tuples(st.integers(0, 12), st.integers(1, 8), st.integers(lowest, 8))
    return st.lists(one, max_size=max_size).map(
        lambda spans: [(start, start + length, score / 8) for start, length, score in spans]
    )


def resolve(spans: list[ScoredSpan], mode: str) -> list[int]:
    starts, ends, scores = zip(*spans, strict=True) if spans else ((), (), ())
    return resolve_overlap(starts, ends, scores, mode).tolist()


def crosses(a: ScoredSpan, b: ScoredSpan) -> bool:
    return a[0] < b[0] < a[1] < b[1] or b[0] < a[0] < b[1] < a[1]


def overlaps(a: ScoredSpan, b: ScoredSpan) -> bool:
    return a[0] < b[1] and b[0] < a[1]


def slow_greedy(spans: list[ScoredSpan]) -> set[int]:
    kept: list[int] = []
    for index in sorted(
        range(len(spans)),
        key=lambda i: (-spans[i][2], spans[i][0], spans[i][0] - spans[i][1], i),
    ):
        if not any(crosses(spans[index], spans[other]) for other in kept):
            kept.append(index)
    return set(kept)


def best_sum_over_all_subsets(spans: list[ScoredSpan]) -> float:
    best = 0.0
    for size in range(1, len(spans) + 1):
        for subset in itertools.combinations(spans, size):
            if not any(overlaps(a, b) for a, b in itertools.combinations(subset, 2)):
                best = max(best, sum(score for _, _, score in subset))
    return best


@settings(deadline=None)
@given(scored_spans(max_size=14))
def test_nested_equals_the_greedy_choice_over_all_pairs(spans):
    assert set(resolve(spans, "nested")) == slow_greedy(spans)


@settings(deadline=None)
@given(scored_spans(max_size=9))
def test_flat_reaches_the_best_sum_of_all_subsets(spans):
    kept = [spans[index] for index in resolve(spans, "flat")]
    assert not any(overlaps(a, b) for a, b in itertools.combinations(kept, 2))
    assert sum(score for _, _, score in kept) == best_sum_over_all_subsets(spans)


@settings(deadline=None)
@given(scored_spans(max_size=30))
def test_any_keeps_every_span(spans):
    assert sorted(resolve(spans, "any")) == list(range(len(spans)))


@pytest.mark.parametrize("mode", OVERLAPS)
@settings(deadline=None)
@given(spans=scored_spans(max_size=30))
def test_kept_spans_come_by_start_then_longer_then_higher_score(mode, spans):
    kept = [spans[index] for index in resolve(spans, mode)]
    assert kept == sorted(kept, key=lambda span: (span[0], -span[1], -span[2]))


@pytest.mark.parametrize("mode", OVERLAPS)
@settings(deadline=None)
@given(spans=scored_spans(max_size=12), seed=st.integers(0, 100))
def test_the_order_of_the_input_does_not_matter(mode, spans, seed):
    shuffled = random.Random(seed).sample(spans, len(spans))
    kept = [spans[index] for index in resolve(spans, mode)]
    assert kept == [shuffled[index] for index in resolve(shuffled, mode)]


@pytest.mark.parametrize("mode", OVERLAPS)
@settings(deadline=None)
@given(spans=scored_spans(max_size=12, lowest=1))
def test_resolving_twice_changes_nothing(mode, spans):
    kept = [spans[index] for index in resolve(spans, mode)]
    assert resolve(kept, mode) == list(range(len(kept)))


def test_nested_drops_the_lower_score_of_a_crossing_pair():
    assert resolve([(0, 4, 0.6), (2, 6, 0.9), (2, 3, 0.1)], "nested") == [1, 2]


def test_nested_breaks_ties_by_start_then_length():
    assert resolve([(1, 4, 0.5), (0, 2, 0.5), (0, 3, 0.5)], "nested") == [2, 1]


def test_nested_keeps_both_labels_of_one_stretch():
    assert resolve([(0, 3, 0.6), (0, 3, 0.9)], "nested") == [1, 0]


def test_flat_keeps_the_better_label_of_one_stretch():
    assert resolve([(0, 3, 0.6), (0, 3, 0.9)], "flat") == [1]


def test_flat_prefers_two_spans_to_a_better_one_over_both():
    assert resolve([(0, 4, 0.9), (0, 2, 0.5), (2, 4, 0.5)], "flat") == [1, 2]


def test_flat_drops_spans_of_score_zero():
    assert resolve([(0, 4, 0.0)], "flat") == []


@pytest.mark.parametrize("mode", OVERLAPS)
def test_no_spans_give_an_empty_array_of_indices(mode):
    kept = resolve_overlap([], [], [], mode)
    assert kept.shape == (0,)
    assert kept.dtype == np.int64


def many_nested() -> list[ScoredSpan]:
    deep = [(start, 8000 - start, 0.5) for start in range(3000)]
    return [*deep, (0, 4000, 0.25)]


def many_crossing() -> list[ScoredSpan]:
    return [(start, start + 50, (start * 37 % 101) / 101) for start in range(3000)]


def count_lines(spans: list[ScoredSpan], mode: str) -> int:
    """Count the lines of the module that run: work done, whatever the machine."""
    n_lines = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal n_lines
        if frame.f_code.co_filename != overlap_module.__file__:
            return None
        n_lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        resolve(spans, mode)
    finally:
        sys.settrace(before)
    return n_lines


@pytest.mark.parametrize("mode", ["nested", "flat"])
@pytest.mark.parametrize("make", [many_nested, many_crossing])
def test_four_times_the_spans_take_little_more_than_four_times_the_work(mode, make):
    spans = make()
    few, many = spans[-750:], spans
    n_few, n_many = count_lines(few, mode), count_lines(many, mode)
    assert n_few > 750  # the counter counts
    assert n_many < 6 * n_few


def test_an_unknown_mode_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"overlap must be one of any, nested, flat; got 'none'"):
        resolve([], "none")


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"one length; got shapes \(1,\), \(2,\) and \(1,\)"):
        resolve_overlap([0], [1, 2], [0.5], "any")


def test_a_span_without_words_is_refused():
    with pytest.raises(ValueError, match=r"span 1 is \(2, 2\)"):
        resolve([(0, 1, 0.5), (2, 2, 0.5)], "nested")


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match=r"finite number; span 0 has nan"):
        resolve([(0, 1, float("nan"))], "nested")


def test_flat_refuses_negative_scores():
    with pytest.raises(ValueError, match=r"0 or more; span 0 has -0\.5"):
        resolve([(0, 1, -0.5)], "flat")
