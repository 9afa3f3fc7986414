"""A share of the pieces: what may be asked for, and how many pieces it is in one window."""

import numpy as np

from spacy_spanbert.errors import SpanbertError

# The published value (Devlin et al. 2019, BERT, https://arxiv.org/abs/1810.04805).
BERT_SHARE = 0.15


def check_share(owner: str, name: str, value: float) -> None:
    """Refuse what is no share of the pieces.

    owner (str): The registered function, for the message.
    name (str): Its parameter, for the message.
    value (float): Above 0, at most 1.
    RAISES (SpanbertError): If the value is outside.
    """
    if not 0.0 < value <= 1.0:
        raise SpanbertError(
            f"{owner}: expected {name} above 0 and at most 1, a share of the pieces "
            f"({BERT_SHARE} is 15 %), but got {value}."
        )


def check_count(owner: str, name: str, value: int, least: int) -> None:
    """Refuse a number that is too small.

    owner (str): The registered function, for the message.
    name (str): Its parameter, for the message.
    value (int): At least `least`.
    least (int): The smallest that makes sense.
    RAISES (SpanbertError): If the value is below.
    """
    if value < least:
        raise SpanbertError(f"{owner}: expected {name} of {least} or more, but got {value}.")


def draw_budget(share: float, n_pieces: int, rng: np.random.Generator) -> int:
    """Turn a share into a number of pieces, rounded up or down at random.

    Up as often as the fraction says, so that the mean over windows is the share: always up, as
    the published code does, would be 16 % of 19 pieces. The exception are windows so small that
    less than one piece is due, of which one is taken all the same.

    share (float): Share of the pieces, 0 to 1.
    n_pieces (int): Pieces of the window, special ones not counted.
    rng (Generator): Source of randomness.
    RETURNS (int): From 1 to `n_pieces`; 0 without pieces.
    """
    if n_pieces == 0:
        return 0
    return min(n_pieces, max(1, int(share * n_pieces + rng.random())))
