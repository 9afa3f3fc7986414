"""From pieces to words, against loops over words."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.nn.word_rows import combine_rows, select_rows

# pieces of each word: none, one, several, out of order, shared
WORDS = st.lists(st.lists(st.integers(0, 6), max_size=3), min_size=1, max_size=6)


def as_tensors(words: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    flat = torch.tensor([piece for word in words for piece in word], dtype=torch.long)
    return flat, torch.tensor([len(word) for word in words])


@settings(max_examples=50, deadline=None)
@given(words=WORDS, rows=st.sampled_from(["all", "first", "mean", "max"]))
def test_rows_are_the_pieces_of_each_word_or_what_is_made_of_them(words, rows):
    pieces = torch.randn(7, 3)
    expected, n_expected = [], []
    for word in words:
        own = pieces[word] if word else torch.zeros(1, 3)
        made = {"all": own, "first": own[:1], "mean": own.mean(0)[None], "max": own.amax(0)[None]}
        expected.append(made[rows])
        n_expected.append(len(made[rows]))
    vectors, n_rows = select_rows(pieces, *as_tensors(words), rows)
    torch.testing.assert_close(vectors, torch.cat(expected))
    assert n_rows.tolist() == n_expected


@pytest.mark.parametrize("rows", ["all", "first", "mean", "max"])
def test_without_any_piece_words_are_zeros(rows):
    none = torch.zeros(0, dtype=torch.long)
    vectors, n_rows = select_rows(torch.zeros(0, 3), none, torch.tensor([0, 0]), rows)
    assert vectors.tolist() == [[0.0] * 3] * 2
    assert n_rows.tolist() == [1, 1]


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    aggregate=st.sampled_from(["first", "mean", "max"]),
    scale=st.sampled_from([1.0, 200.0]),
)
def test_distributions_of_pieces_are_combined_by_probability(lengths, aggregate, scale):
    logits = torch.randn(sum(lengths), 4) * scale
    found = combine_rows(logits, torch.tensor(lengths), aggregate)
    for word, part in zip(found, logits.double().split(lengths), strict=True):
        shares = part.softmax(1)
        made = {"first": shares[0], "mean": shares.mean(0), "max": shares.amax(0)}[aggregate]
        torch.testing.assert_close(word.double().exp(), made / made.sum(), rtol=1e-4, atol=1e-6)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("aggregate", ["first", "mean", "max"])
def test_gradients_pass_through_the_combination(aggregate):
    logits = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    lengths = torch.tensor([2, 1, 3])
    assert torch.autograd.gradcheck(lambda x: combine_rows(x, lengths, aggregate), [logits])
