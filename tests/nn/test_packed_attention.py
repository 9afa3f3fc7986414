from itertools import accumulate

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from spacy_spanbert.nn.packed_attention import (
    fused_attention,
    kept_attention,
    packed_attention,
    row_groups,
)

WIDTH, HEADS = 6, 2

grouped_lengths = st.lists(
    st.lists(st.integers(1, 7), min_size=1, max_size=4), min_size=1, max_size=4
)


def attend_row_by_row(
    query: Tensor, key: Tensor, value: Tensor, lengths: list[list[int]]
) -> Tensor:
    """Take softmax attention of one row and one head at a time."""
    outputs = []
    sizes = [size for group in lengths for size in group]
    for q, k, v in zip(*(packed.split(sizes) for packed in (query, key, value)), strict=True):
        heads = zip(*(row.split(WIDTH // HEADS, dim=1) for row in (q, k, v)), strict=True)
        scale = (WIDTH // HEADS) ** -0.5
        outputs.append(torch.cat([((a @ b.T) * scale).softmax(1) @ c for a, b, c in heads], dim=1))
    return torch.cat(outputs)


def make_inputs(lengths: list[list[int]], **options) -> list[Tensor]:
    n_pieces = sum(map(sum, lengths))
    generator = torch.Generator().manual_seed(n_pieces)
    return [torch.randn(n_pieces, WIDTH, generator=generator, **options) for _ in range(3)]


@given(grouped_lengths)
@pytest.mark.parametrize("with_gradient", [False, True])
def test_it_is_attention_inside_each_row(with_gradient, lengths):
    inputs = make_inputs(lengths, requires_grad=with_gradient)
    output = packed_attention(*inputs, row_groups(lengths), HEADS)
    assert output.requires_grad == with_gradient
    torch.testing.assert_close(output, attend_row_by_row(*inputs, lengths), rtol=1e-5, atol=1e-5)


@given(grouped_lengths)
@pytest.mark.parametrize("attention", [kept_attention, fused_attention])
def test_its_gradient_is_that_of_finite_differences(attention, lengths):
    inputs = make_inputs(lengths, requires_grad=True, dtype=torch.float64)
    groups = row_groups(lengths)
    assert torch.autograd.gradcheck(
        lambda *packed: attention(*packed, groups, HEADS), inputs, fast_mode=True
    )


@given(grouped_lengths)
def test_rows_laid_side_by_side_are_joined_again(lengths):
    (packed, _, _) = make_inputs(lengths)
    groups = row_groups(lengths)
    assert [group.end for group in groups] == list(accumulate(sum(group) for group in lengths))
    for group, group_lengths in zip(groups, lengths, strict=True):
        rows = group.split(packed, HEADS)
        assert rows.shape == (len(group_lengths), HEADS, max(group_lengths), WIDTH // HEADS)
        assert torch.equal(group.join(rows), packed[group.start : group.end])
        filled = group.filled(packed.device)
        assert (filled is None) == (len(set(group_lengths)) == 1)
        if filled is not None:
            assert filled[:, 0, 0].sum(1).tolist() == group_lengths


def test_bfloat16_under_autocast_is_close_and_stays_bfloat16():
    lengths = [[5, 3], [2, 2]]
    inputs = make_inputs(lengths)
    expected = attend_row_by_row(*inputs, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        halves = [packed.bfloat16().requires_grad_() for packed in inputs]
        output = packed_attention(*halves, row_groups(lengths), HEADS)
    assert output.dtype == torch.bfloat16
    torch.testing.assert_close(output.float(), expected, rtol=0.05, atol=0.05)
    output.sum().backward()
    assert all(half.grad.dtype == torch.bfloat16 for half in halves)
