"""Batches of the encoder by itself."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.encoder_alone import batches


@given(st.lists(st.integers(1, 60)), st.integers(1, 100))
def test_batches_hold_every_row_once_in_order_and_keep_to_their_size(
    lengths: list[int], batch_pieces: int
):
    rows = [torch.full((length,), index) for index, length in enumerate(sorted(lengths)[::-1])]
    made = list(batches(rows, batch_pieces))
    assert [row for batch in made for row in batch] == rows or not rows
    for batch in made:
        assert len(batch) == 1 or len(batch) * len(batch[0]) <= batch_pieces
