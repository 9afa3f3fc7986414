from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.annotations.nesting import containing_another, has_crossing, inside_another

SPANS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 8)), max_size=12).map(
    lambda pairs: [(start, start + length) for start, length in pairs]
)


def covers(outer: tuple[int, int], inner: tuple[int, int]) -> bool:
    return outer != inner and outer[0] <= inner[0] and inner[1] <= outer[1]


def crosses(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return a[0] < b[0] < a[1] < b[1] or b[0] < a[0] < b[1] < a[1]


@settings(deadline=None)
@given(SPANS)
def test_inside_another_equals_comparing_all_pairs(spans):
    assert inside_another(spans) == {b for b in spans if any(covers(a, b) for a in spans)}


@settings(deadline=None)
@given(SPANS)
def test_containing_another_equals_comparing_all_pairs(spans):
    assert containing_another(spans) == {a for a in spans if any(covers(a, b) for b in spans)}


@settings(deadline=None)
@given(SPANS)
def test_has_crossing_equals_comparing_all_pairs(spans):
    assert has_crossing(spans) == any(crosses(a, b) for a in spans for b in spans)


def test_equal_boundaries_are_not_inside_one_another():
    assert inside_another([(0, 3), (0, 3)]) == set()
    assert containing_another([(0, 3), (0, 3)]) == set()


def test_a_shared_start_or_end_still_nests():
    spans = [(0, 5), (0, 2), (3, 5)]
    assert inside_another(spans) == {(0, 2), (3, 5)}
    assert containing_another(spans) == {(0, 5)}


def test_touching_spans_do_not_cross():
    assert not has_crossing([(0, 2), (2, 4), (0, 4)])


def test_no_spans_give_empty_answers():
    assert inside_another([]) == set()
    assert containing_another([]) == set()
    assert has_crossing([]) is False
