"""What the encoder reads where it must predict: the mask piece, a random piece, or the original."""

import numpy as np
from numpy.typing import NDArray

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.units import Places
from spacy_spanbert.pretraining.windows import Corrupted, Ints, PieceSampler, Window

MASK, RANDOM, ORIGINAL = 0, 1, 2
Choices = NDArray[np.intp]

# The published values (Devlin et al. 2019, BERT, https://arxiv.org/abs/1810.04805); the rest,
# 10 %, stays the original.
BERT_MASK_SHARE = 0.8
BERT_RANDOM_SHARE = 0.1


def check_disguise(owner: str, mask_share: float, random_share: float) -> None:
    """Refuse shares that cannot be.

    owner (str): The registered function, for the message.
    mask_share (float): Share of the chosen pieces that become the mask piece, 0 to 1.
    random_share (float): Share that become random pieces, 0 to 1.
    RAISES (SpanbertError): If one is outside 0 to 1, or both together are above 1.
    """
    for name, value in (("mask_share", mask_share), ("random_share", random_share)):
        if not 0.0 <= value <= 1.0:
            raise SpanbertError(
                f"{owner}: expected {name} between 0 and 1, a share of the chosen pieces, but "
                f"got {value}."
            )
    if mask_share + random_share > 1.0 + 1e-9:
        raise SpanbertError(
            f"{owner}: expected mask_share and random_share to be at most 1 together (the rest "
            f"stays as it is), but got {mask_share} + {random_share}."
        )


def draw_choices(
    n_choices: int, mask_share: float, random_share: float, rng: np.random.Generator
) -> Choices:
    """Choose a disguise, several times.

    n_choices (int): How often.
    mask_share (float): Probability of MASK, 0 to 1.
    random_share (float): Probability of RANDOM, 0 to 1; ORIGINAL has the rest.
    rng (Generator): Source of randomness.
    RETURNS (Choices): MASK, RANDOM or ORIGINAL, shape (n_choices,).
    """
    borders = np.array([mask_share, mask_share + random_share])
    return np.searchsorted(borders, rng.random(n_choices), side="right")


def disguise(
    window: Window,
    places: Places,
    choices: Choices,
    rng: np.random.Generator,
    sampler: PieceSampler,
) -> Corrupted:
    """Put something else in the place of pieces, and ask for the originals.

    Each random piece is drawn by itself, and can be the original by chance.

    window (Window): The window.
    places (Places): Places of the chosen pieces, ascending, shape (n_targets,).
    choices (Choices): What to put there, shape (n_targets,).
    rng (Generator): Source of randomness.
    sampler (PieceSampler): Knows the mask piece, and draws random ones.
    RETURNS (Corrupted): Of the window's length; without places nothing is asked.
    """
    ids: Ints = window.ids.copy()
    ids[places[choices == MASK]] = sampler.mask
    random = places[choices == RANDOM]
    ids[random] = sampler.draw(len(random), rng)
    return Corrupted(
        ids, window.segments.copy(), places.astype(np.int32), window.ids[places].astype(np.int32)
    )
