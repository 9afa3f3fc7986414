import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.longest_window import Limited, limit_windows
from spacy_spanbert.pretraining.corruption.mixture import Mixture
from spacy_spanbert.pretraining.corruption.piece_insertion import PieceInsertion
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from tests.pretraining.corruption.made_windows import corrupt, made_windows, make_window

NOTE = "packed to 128 pieces have room for 0 more at most: set [pretraining.packing] window = 111"


def mix(**parts):
    return Mixture(parts, dict.fromkeys(parts, 1.0))


@settings(deadline=None)
@given(made_windows, st.floats(0.01, 1), st.integers(3, 60))
def test_no_window_becomes_longer_than_the_encoder_reads(window, share, room):
    max_pieces = max(3, len(window) + room - 3)
    for corruption in (PieceInsertion(share), mix(one=PieceInsertion(share), two=TokenMasking())):
        limited, _ = limit_windows(corruption, len(window), max_pieces)
        assert len(corrupt(limited, window).ids) <= max_pieces


def test_without_a_limit_all_is_inserted():
    assert corrupt(PieceInsertion(), make_window([1] * 700)).counts == {"inserted": 105}


def test_a_limit_of_ones_own_is_kept_and_one_that_is_too_high_refused():
    own = PieceInsertion(max_window=64)
    assert limit_windows(own, 50, 128) == Limited(own)
    for corruption in (own, mix(one=own, two=TokenMasking())):
        with pytest.raises(
            SpanbertError, match="max_window is 64 pieces, but the encoder reads 63"
        ):
            limit_windows(corruption, 50, 63)


@pytest.mark.parametrize("corruption", [PieceInsertion(), mix(one=PieceInsertion())])
def test_windows_that_are_packed_too_full_are_told_of(corruption):
    assert NOTE in limit_windows(corruption, 128, 128).note
    assert limit_windows(corruption, 111, 128).note is None


def test_corruptions_that_make_no_window_longer_stay_as_they_are():
    masking = TokenMasking()
    assert limit_windows(masking, 512, 128) == Limited(masking)
