"""Windows and homes against the slow definition, and batches of rows."""

from itertools import accumulate, combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_spanbert.text.windows import Windows, batch_rows, cut_windows

sizes = st.integers(0, 80).flatmap(
    lambda n: st.integers(1, 20).flatmap(
        lambda length: st.tuples(st.just(n), st.just(length), st.integers(1, length))
    )
)


def home_of(windows: Windows) -> list[int]:
    homes = zip(windows.home_starts.tolist(), windows.home_ends.tolist(), strict=True)
    return [index for index, (start, end) in enumerate(homes) for _ in range(start, end)]


def smaller_context(windows: Windows, index: int, piece: int) -> int:
    """How much of the text a window shows on that side of a piece where it shows less; -1 if the
    window does not hold the piece.
    """
    start, end = int(windows.starts[index]), int(windows.ends[index])
    return min(piece - start, end - 1 - piece) if start <= piece < end else -1


@given(sizes)
def test_every_piece_has_one_home_and_lies_in_it(size):
    n_pieces, window_len, stride = size
    windows = cut_windows(n_pieces, window_len, stride)
    homes = home_of(windows)
    assert len(homes) == n_pieces
    assert windows.home_starts[0] == 0
    assert windows.home_starts[1:].tolist() == windows.home_ends[:-1].tolist()
    for piece, home in enumerate(homes):
        assert windows.starts[home] <= piece < windows.ends[home]


@given(sizes)
def test_home_is_the_window_with_the_largest_smaller_context(size):
    windows = cut_windows(*size)
    for piece, home in enumerate(home_of(windows)):
        contexts = [smaller_context(windows, index, piece) for index in range(len(windows))]
        assert contexts[home] == max(contexts)


@given(sizes)
def test_windows_are_full_and_stride_apart_and_none_is_superfluous(size):
    n_pieces, window_len, stride = size
    windows = cut_windows(n_pieces, window_len, stride)
    lengths = windows.ends - windows.starts
    assert (lengths == min(n_pieces, window_len)).all()
    steps = np.diff(windows.starts)
    assert (steps[:-1] == stride).all()
    assert ((steps > 0) & (steps <= stride)).all()
    assert windows.ends[-1] == n_pieces
    assert len(windows) == 1 or windows.ends[-2] < n_pieces


def test_an_empty_text_has_one_empty_window():
    windows = cut_windows(0, 8, 6)
    assert [windows.starts.tolist(), windows.ends.tolist()] == [[0], [0]]
    assert [windows.home_starts.tolist(), windows.home_ends.tolist()] == [[0], [0]]


def test_a_text_that_fits_has_one_window():
    assert cut_windows(8, 8, 1).ends.tolist() == [8]
    assert cut_windows(9, 8, 8).starts.tolist() == [0, 1]


def test_windows_of_one_piece_show_that_piece():
    assert home_of(cut_windows(5, 1, 1)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("stride", [0, -1, 9])
def test_a_stride_that_would_lose_pieces_is_refused(stride):
    with pytest.raises(ValueError, match=rf"between 1 and the window's 8 pieces, but is {stride}"):
        cut_windows(20, 8, stride)


BATCH_COST = 20
lengths = st.lists(st.integers(0, 30), max_size=40).map(lambda x: np.array(x, dtype=np.int32))


@given(lengths, st.integers(1, 100))
def test_every_row_is_in_one_batch(lengths, max_batch_pieces):
    batches = list(batch_rows(lengths, max_batch_pieces, BATCH_COST))
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(len(lengths)))
    assert all(len(batch) for batch in batches)


@given(lengths, st.integers(1, 100))
def test_a_batch_with_its_padding_is_no_larger_than_allowed_unless_it_is_one_row(
    lengths, max_batch_pieces
):
    for batch in batch_rows(lengths, max_batch_pieces, BATCH_COST):
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= max_batch_pieces


@given(lengths, st.integers(1, 100))
def test_batches_are_of_like_length_longest_first(lengths, max_batch_pieces):
    order = [
        row for batch in batch_rows(lengths, max_batch_pieces, BATCH_COST) for row in batch.tolist()
    ]
    assert lengths[order].tolist() == sorted(lengths.tolist(), reverse=True)


def cost(lengths: list[int], borders: list[int]) -> int:
    """Padded pieces of all batches, and what each batch costs beside."""
    batches = [lengths[start:end] for start, end in pairwise(borders)]
    return sum(len(batch) * max(batch) + BATCH_COST for batch in batches)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=7))
def test_no_other_cuts_cost_less_where_everything_fits_one_batch(lengths):
    ordered = sorted(lengths, reverse=True)
    inner = range(1, len(ordered))
    choices = [c for n in range(len(ordered)) for c in combinations(inner, n)]
    best = min(cost(ordered, [0, *cuts, len(ordered)]) for cuts in choices)
    sizes = [
        len(batch) for batch in batch_rows(np.array(lengths, dtype=np.int32), 10**6, BATCH_COST)
    ]
    assert cost(ordered, [0, *accumulate(sizes)]) == best
