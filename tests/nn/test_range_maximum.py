"""Maxima over stretches of words, against slicing each."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spacy_spanbert.nn.range_maximum import RangeMaximum


def slice_each(rows: Tensor, starts: list[int], ends: list[int]) -> Tensor:
    nothing = torch.full_like(rows[0], -torch.inf)
    found = [
        rows[start:end].max(dim=0).values if start < end else nothing
        for start, end in zip(starts, ends, strict=True)
    ]
    return torch.stack(found)


@settings(max_examples=60, deadline=None)
@given(n_words=st.integers(1, 40), seed=st.integers(0, 99))
def test_the_maximum_of_every_stretch_is_that_of_its_slice(n_words, seed):
    rows = torch.randn(n_words, 3, generator=torch.Generator().manual_seed(seed))
    pairs = [(start, end) for start in range(n_words + 1) for end in range(start, n_words + 1)]
    starts, ends = map(list, zip(*pairs, strict=True))
    found = RangeMaximum(rows)(torch.tensor(starts), torch.tensor(ends))
    assert torch.equal(found, slice_each(rows, starts, ends))


def test_what_lies_outside_of_a_stretch_does_not_count():
    rows = torch.randn(50, 4)
    changed = rows.clone()
    changed[:10] += 1e6
    changed[30:] = -1e6
    starts, ends = torch.tensor([10, 12, 15]), torch.tensor([30, 29, 15])
    found = RangeMaximum(rows)(starts, ends)
    assert torch.equal(RangeMaximum(changed)(starts, ends), found)


def test_the_gradient_reaches_the_highest_words_and_no_others():
    rows = torch.randn(20, 3, dtype=torch.float64, requires_grad=True)
    starts, ends = torch.tensor([0, 3, 3, 7, 5]), torch.tensor([20, 10, 10, 8, 9])

    def lookup(words: Tensor) -> Tensor:
        return RangeMaximum(words)(starts, ends)

    assert torch.autograd.gradcheck(lookup, (rows,))
    sliced = slice_each(rows, starts.tolist(), ends.tolist())
    weights = torch.randn(5, 3, dtype=torch.float64)
    (expected,) = torch.autograd.grad((sliced * weights).sum(), rows)
    (found,) = torch.autograd.grad((lookup(rows) * weights).sum(), rows)
    torch.testing.assert_close(found, expected)


def test_stretches_without_words_pass_no_gradient_and_no_nonsense():
    rows = torch.randn(4, 2, requires_grad=True)
    table = RangeMaximum(rows)
    found = table(torch.tensor([4, 0]), torch.tensor([4, 2]))
    assert (found[0] == -torch.inf).all()
    torch.where(found == -torch.inf, 0.0, found).sum().backward()
    assert rows.grad is not None
    assert torch.isfinite(rows.grad).all()


def test_only_levels_are_made_that_a_stretch_asks_for():
    table = RangeMaximum(torch.zeros(100, 1))
    sizes = []
    for length in (1, 5, 3, 8):
        table(torch.tensor([0, 90]), torch.tensor([1, 90 + length]))
        sizes.append([len(level) for level in table._levels])
    assert sizes == [[100], [100, 99, 97], [100, 99, 97], [100, 99, 97, 93]]
    table.extend(100)
    assert len(table._levels) == 7


def test_no_stretches_have_no_rows():
    none = torch.zeros(0, dtype=torch.long)
    assert RangeMaximum(torch.zeros(3, 2))(none, none).shape == (0, 2)


def test_a_stretch_longer_than_all_words_is_refused():
    with pytest.raises(ValueError, match="inside 20 words, but got one of 21"):
        RangeMaximum(torch.zeros(20, 1))(torch.tensor([0]), torch.tensor([21]))
