import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.nn.candidates import SpanCandidates
from tests.nn.naive import spans_of


@st.composite
def reaches(draw, max_words: int = 25, max_length: int = 8):
    n_words = draw(st.integers(0, max_words))
    return torch.tensor(
        [draw(st.integers(0, min(max_length, n_words - i))) for i in range(n_words)],
        dtype=torch.long,
    )


@st.composite
def given_spans(draw, max_words: int = 25, max_spans: int = 20):
    """Draw starts, lengths, n_words; in any order, with repeats."""
    n_words = draw(st.integers(0, max_words))
    n_spans = draw(st.integers(0, max_spans)) if n_words else 0
    starts = [draw(st.integers(0, n_words - 1)) for _ in range(n_spans)]
    lengths = [draw(st.integers(1, n_words - start)) for start in starts]
    return starts, lengths, n_words


def rows_in_step_order(candidates: SpanCandidates) -> list[tuple[int, int]]:
    """Say which span each result is of, when results are computed length by length."""
    spans = []
    for step in candidates.steps():
        starts = [end - step.length + 1 for end in step.scored_ends.tolist()]
        assert step.pick(candidates.order).tolist() == starts
        spans += [(start, step.length) for start in starts]
    return spans


@settings(deadline=None)
@given(reaches())
def test_all_spans_are_every_span_once_by_start_then_length(reach: torch.Tensor):
    candidates = SpanCandidates.all_spans(reach)
    spans = list(zip(candidates.starts.tolist(), candidates.lengths.tolist(), strict=True))
    assert spans == spans_of(reach)
    assert candidates.n_spans == len(spans)


@settings(deadline=None)
@given(reaches())
def test_the_starts_of_each_length_are_a_prefix_of_the_order(reach: torch.Tensor):
    candidates = SpanCandidates.all_spans(reach)
    for step in candidates.steps():
        active = set(candidates.order[: step.n_active].tolist())
        assert active == {i for i, longest in enumerate(reach.tolist()) if longest >= step.length}


@settings(deadline=None)
@given(reaches())
def test_places_bring_results_of_all_spans_into_row_order(reach: torch.Tensor):
    candidates = SpanCandidates.all_spans(reach)
    computed = rows_in_step_order(candidates)
    assert [computed[place] for place in candidates.places.tolist()] == spans_of(reach)
    assert len(computed) == candidates.n_spans  # no work that is not a span


@settings(deadline=None)
@given(given_spans())
def test_places_bring_results_of_given_spans_into_the_given_order(spans):
    starts, lengths, n_words = spans
    candidates = SpanCandidates.given_spans(starts, lengths, n_words)
    computed = rows_in_step_order(candidates)
    rows = [computed[place] for place in candidates.places.tolist()]
    assert rows == list(zip(starts, lengths, strict=True))
    assert len(computed) == candidates.n_spans == len(starts)


@settings(deadline=None)
@given(given_spans())
def test_given_spans_need_no_more_steps_than_their_longest(spans):
    starts, lengths, n_words = spans
    candidates = SpanCandidates.given_spans(starts, lengths, n_words)
    assert len(list(candidates.steps())) == max(lengths, default=0)
    assert candidates.order.shape[0] == len(set(starts))


@settings(deadline=None)
@given(reaches(max_words=12, max_length=4), st.data())
def test_spans_are_found_by_start_and_length(reach: torch.Tensor, data):
    candidates = SpanCandidates.all_spans(reach)
    starts = data.draw(st.lists(st.integers(-3, 15), max_size=8))
    lengths = [data.draw(st.integers(-2, 16)) for _ in starts]
    expected = {span: row for row, span in enumerate(spans_of(reach))}
    queries = zip(starts, lengths, strict=True)
    found = candidates.rows_of(starts, lengths).tolist()
    assert found == [expected.get(query, -1) for query in queries]


def test_a_repeated_given_span_is_found_in_its_first_row():
    candidates = SpanCandidates.given_spans([4, 1, 4, 1], [2, 2, 2, 1], 6)
    assert candidates.rows_of([4, 1, 1, 0], [2, 1, 2, 1]).tolist() == [0, 3, 1, -1]


@settings(deadline=None)
@given(given_spans())
def test_neighbours_are_the_candidates_with_one_boundary_moved_by_one_word(spans):
    starts, lengths, n_words = spans
    candidates = SpanCandidates.given_spans(starts, lengths, n_words)
    first_rows: dict[tuple[int, int], int] = {}
    for row, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        first_rows.setdefault((start, start + length), row)
    expected = []
    for start, length in zip(starts, lengths, strict=True):
        end = start + length
        moved = [(start - 1, end), (start + 1, end), (start, end - 1), (start, end + 1)]
        expected.append([first_rows.get(span, -1) for span in moved])
    rows = torch.arange(candidates.n_spans)
    assert candidates.neighbour_rows(rows).tolist() == expected


@pytest.mark.parametrize(
    "candidates",
    [
        SpanCandidates.all_spans([]),
        SpanCandidates.all_spans([0, 0]),
        SpanCandidates.given_spans([], [], 0),
        SpanCandidates.given_spans([], [], 5),
    ],
)
def test_without_spans_there_are_no_steps_and_no_rows(candidates: SpanCandidates):
    assert candidates.n_spans == 0
    assert list(candidates.steps()) == []
    assert candidates.rows_of([0], [1]).tolist() == [-1]
    assert candidates.neighbour_rows(torch.zeros(0, dtype=torch.long)).shape == (0, 4)


def test_reach_beyond_the_last_word_is_an_error():
    with pytest.raises(ValueError, match=r"reach\[2\] is 2, but of 3 words .* has 0 to 1"):
        SpanCandidates.all_spans([1, 2, 2])
    with pytest.raises(ValueError, match=r"reach\[0\] is -1"):
        SpanCandidates.all_spans([-1, 2])


def test_reach_that_is_no_vector_of_integers_is_an_error():
    with pytest.raises(ValueError, match=r"integers in reach, but got torch\.float32"):
        SpanCandidates.all_spans(torch.ones(3))
    with pytest.raises(ValueError, match=r"one axis, but got shape \(1, 1\)"):
        SpanCandidates.all_spans([[1]])


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (0, 0), (2, 2), (3, 1)])
def test_a_given_span_outside_the_words_is_an_error(start: int, length: int):
    message = rf"Candidate 1 is the span \({start}, {start + length}\).*inside the 3 words"
    with pytest.raises(ValueError, match=message):
        SpanCandidates.given_spans([0, start], [1, length], 3)


def test_starts_without_lengths_are_an_error():
    with pytest.raises(ValueError, match="2 starts and 1 lengths"):
        SpanCandidates.given_spans([0, 1], [1], 3)


@settings(deadline=None)
@given(given_spans())
def test_a_copy_on_a_device_is_the_same(spans):
    candidates = SpanCandidates.given_spans(*spans)
    assert candidates.to("cpu") is candidates
    copy = candidates.to("meta")
    assert copy.starts.device.type == copy.picked.device.type == "meta"
    assert (copy.n_active, copy.n_scored) == (candidates.n_active, candidates.n_scored)


def test_three_million_spans_are_laid_out_in_seconds():
    reach = torch.clamp(100_000 - torch.arange(100_000), max=30)
    before = time.process_time()
    candidates = SpanCandidates.all_spans(reach)
    assert candidates.n_spans == 2_999_565
    assert time.process_time() - before < 5.0
