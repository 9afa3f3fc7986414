"""A share of the pieces as a number of pieces."""

import numpy as np
import pytest

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.share import check_count, check_share, draw_budget


@pytest.mark.parametrize("n_pieces", [7, 19, 126])
def test_the_mean_budget_is_the_share(n_pieces):
    rng = np.random.default_rng(0)
    budgets = [draw_budget(0.15, n_pieces, rng) for _ in range(10_000)]
    assert np.mean(budgets) == pytest.approx(0.15 * n_pieces, abs=0.02)
    assert set(budgets) == {int(0.15 * n_pieces), int(0.15 * n_pieces) + 1}


@pytest.mark.parametrize(
    ("share", "n_pieces", "budget"), [(0.15, 0, 0), (0.15, 1, 1), (1e-9, 3, 1), (1.0, 3, 3)]
)
def test_the_budget_is_at_least_one_piece_and_at_most_all(share, n_pieces, budget):
    rng = np.random.default_rng(0)
    assert {draw_budget(share, n_pieces, rng) for _ in range(100)} == {budget}


@pytest.mark.parametrize("value", [0.0, -0.1, 1.01, 15, float("nan")])
def test_what_is_no_share_is_refused(value):
    with pytest.raises(SpanbertError, match=r"TokenMasking: expected share above 0 .* but got"):
        check_share("TokenMasking", "share", value)


def test_a_number_that_is_too_small_is_refused():
    check_count("SpanMasking", "max_words", 1, 1)
    with pytest.raises(SpanbertError, match=r"max_words of 1 or more, but got 0"):
        check_count("SpanMasking", "max_words", 0, 1)
