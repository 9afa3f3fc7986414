"""Mask piece, random piece, or the original."""

import numpy as np
import pytest

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.disguise import (
    MASK,
    ORIGINAL,
    RANDOM,
    check_disguise,
    disguise,
    draw_choices,
)
from tests.pretraining.corruption import made_windows as made
from tests.pretraining.corruption.made_windows import SAMPLER, is_distributed, make_window


def test_choices_are_drawn_by_their_shares():
    choices = draw_choices(100_000, 0.8, 0.1, np.random.default_rng(0))
    assert is_distributed(np.bincount(choices), np.array([0.8, 0.1, 0.1]))


@pytest.mark.parametrize(
    ("mask_share", "random_share", "choice"),
    [(1.0, 0.0, MASK), (0.0, 1.0, RANDOM), (0.0, 0.0, ORIGINAL)],
)
def test_a_share_of_one_is_always(mask_share, random_share, choice):
    choices = draw_choices(1000, mask_share, random_share, np.random.default_rng(0))
    assert set(choices.tolist()) == {choice}


def test_each_choice_does_what_it_says():
    window = make_window([1] * 5)
    places = np.array([1, 3, 4])
    corrupted = disguise(
        window, places, np.array([MASK, RANDOM, ORIGINAL]), np.random.default_rng(0), SAMPLER
    )
    assert corrupted.ids[1] == made.MASK
    assert 5 <= corrupted.ids[3] < made.FIRST_OF_TEXT
    assert (corrupted.ids[[0, 2, 4, 5, 6]] == window.ids[[0, 2, 4, 5, 6]]).all()
    assert corrupted.targets.tolist() == window.ids[places].tolist()


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ((1.1, 0.0), "mask_share between 0 and 1"),
        ((0.8, -0.1), "random_share between 0 and 1"),
        ((float("nan"), 0.1), "mask_share between 0 and 1"),
        ((0.8, 0.3), r"at most 1 together .* got 0.8 \+ 0.3"),
    ],
)
def test_shares_that_cannot_be_are_refused(shares, message):
    with pytest.raises(SpanbertError, match=message):
        check_disguise("TokenMasking", *shares)


@pytest.mark.parametrize("shares", [(0.7, 0.3), (0.9, 0.1), (0.1, 0.9), (1.0, 0.0)])
def test_shares_may_leave_no_rest_in_spite_of_rounding(shares):
    check_disguise("TokenMasking", *shares)
    choices = draw_choices(5000, *shares, np.random.default_rng(0))
    assert (choices != ORIGINAL).all()
