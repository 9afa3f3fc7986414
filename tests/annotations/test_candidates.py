"""Ranks and depths, against counting one by one."""

from hypothesis import given
from hypothesis import strategies as st

from spacy_spanbert.annotations.candidates import nesting_depths, ranks_at_start

SPANS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 6)).map(lambda x: (x[0], x[0] + x[1])), max_size=20
)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.5, 0.75, 1.0]))))
def test_a_rank_is_the_number_of_better_spans_of_the_same_start(rows):
    starts, scores = [start for start, _ in rows], [score for _, score in rows]
    expected = [
        sum(
            other_start == start and (other > score or (other == score and j < i))
            for j, (other_start, other) in enumerate(rows)
        )
        for i, (start, score) in enumerate(rows)
    ]
    assert ranks_at_start(starts, scores).tolist() == expected


@given(SPANS)
def test_a_depth_is_the_number_of_longer_spans_around(spans):
    expected = {
        (start, end): sum(s <= start and end <= e and (s, e) != (start, end) for s, e in set(spans))
        for start, end in spans
    }
    assert nesting_depths(spans) == expected
