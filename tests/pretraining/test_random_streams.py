from itertools import product

import numpy as np
import pytest

from spacy_spanbert.pretraining.random_streams import Stream, random_numbers


def test_no_two_uses_epochs_or_windows_share_their_numbers():
    numbers = list(product(Stream, (0, 1, 7), (0, 1, 2), (0, 1, 2)))
    drawn = {tuple(random_numbers(*each).integers(0, 2**63, 2).tolist()) for each in numbers}
    assert len(drawn) == len(numbers)


def test_numpy_takes_missing_numbers_for_zeros():
    """Why all are given: what two uses leave out would make them one."""
    one, other = (np.random.default_rng(seed).integers(2**63) for seed in ([3, 5], [3, 5, 0, 0]))
    assert one == other


@pytest.mark.parametrize("stream", Stream)
def test_numbers_can_be_drawn_again(stream):
    one, other = (random_numbers(stream, 2, 1, 4).random(5).tolist() for _ in range(2))
    assert one == other
