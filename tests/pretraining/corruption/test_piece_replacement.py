"""Replacement of pieces, counted on 126,000 pieces."""

import numpy as np
import pytest

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.piece_replacement import PieceReplacement
from tests.pretraining.corruption.made_windows import (
    N_PIECES,
    N_WINDOWS,
    corrupt_many,
    is_by_frequency,
)


def test_all_chosen_pieces_are_random_ones():
    corrupted = [corrupted for _, corrupted in corrupt_many(PieceReplacement())]
    read = np.concatenate([c.ids[c.places] for c in corrupted])
    assert len(read) / (N_WINDOWS * N_PIECES) == pytest.approx(0.15, abs=0.0006)
    assert is_by_frequency(read)


def test_a_share_that_cannot_be_is_refused():
    with pytest.raises(SpanbertError, match="PieceReplacement: expected share above 0"):
        PieceReplacement(share=0)
