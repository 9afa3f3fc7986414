"""Random numbers that depend on a run's seed and on what they are for, and on nothing before."""

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What random numbers are for: the same seed gives each use others."""

    CORRUPTION = 0
    PAIRS = 1
    HELD_OUT = 2
    EVALUATION = 3
    ORDER = 4


def random_numbers(
    stream: Stream, seed: int, epoch: int = 0, window: int = 0
) -> np.random.Generator:
    """Begin a stream of random numbers.

    NumPy takes missing numbers at the end of a seed for zeros, so that all are always given.

    stream (Stream): What for.
    seed (int): Of the run, 0 or more.
    epoch (int): From 0; 0 where it does not matter.
    window (int): Number of the window, from 0; 0 where it does not matter.
    RETURNS (Generator): Always the same for the same numbers.
    """
    return np.random.default_rng([seed, epoch, window, stream])
