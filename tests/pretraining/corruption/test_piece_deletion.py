"""Deletion of words, counted on 126,000 pieces."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.piece_deletion import PieceDeletion
from spacy_spanbert.pretraining.windows import NO_LABEL, Corrupted, Window
from tests.pretraining.corruption.made_windows import (
    N_PIECES,
    N_WINDOWS,
    SEP,
    corrupt,
    corrupt_many,
    made_windows,
    make_window,
)


def slow_labels(window: Window, corrupted: Corrupted) -> list[int]:
    """Compare what is left with the original, piece by piece; no text piece occurs twice."""
    labels = []
    left = set(corrupted.ids.tolist())
    is_missing = False
    for place, piece in enumerate(window.ids.tolist()):
        is_text = window.words[place] >= 0
        if is_text and piece not in left:
            is_missing = True
            continue
        asked = is_text or (place > 0 and window.words[place - 1] >= 0)
        labels.append(int(is_missing) if asked else NO_LABEL)
        is_missing = False
    return labels


def test_share_is_as_asked_for_and_lengths_are_alike():
    many = corrupt_many(PieceDeletion())
    n_removed = sum(len(window) - len(corrupted.ids) for window, corrupted in many)
    assert n_removed / (N_WINDOWS * N_PIECES) == pytest.approx(0.15, abs=0.001)
    assert n_removed == sum(corrupted.counts["removed"] for _, corrupted in many)
    n_gaps = sum(int((corrupted.removed == 1).sum()) for _, corrupted in many)
    assert n_gaps == sum(corrupted.counts["stretches"] for _, corrupted in many)
    # 2 words of 1.5 pieces each, less for the last ones of the windows
    assert n_removed / n_gaps == pytest.approx(2.85, abs=0.15)


@settings(deadline=None)
@given(made_windows, st.floats(0.01, 1), st.integers(1, 5))
def test_labels_are_those_a_walk_finds(window, share, max_words):
    corrupted = corrupt(PieceDeletion(share, max_words), window)
    assert corrupted.removed.tolist() == slow_labels(window, corrupted)
    kept = np.isin(window.ids, corrupted.ids)
    assert corrupted.ids.tolist() == window.ids[kept].tolist()
    assert corrupted.segments.tolist() == window.segments[kept].tolist()
    assert len(corrupted.places) == 0


def test_what_is_missing_before_the_last_sep_is_asked_for():
    window = make_window([1, 1])
    found = [corrupt(PieceDeletion(max_words=1), window, index=i) for i in range(50)]
    ends = [c for c in found if c.ids.tolist() == [window.ids[0], window.ids[1], SEP]]
    assert ends
    assert all(c.removed.tolist() == [NO_LABEL, 0, 1] for c in ends)


def test_a_single_word_stays():
    window = make_window([3])
    corrupted = corrupt(PieceDeletion(share=1.0), window)
    assert corrupted.ids.tolist() == window.ids.tolist()
    assert corrupted.removed.tolist() == [NO_LABEL, 0, 0, 0, 0]


def test_values_that_cannot_be_are_refused():
    with pytest.raises(SpanbertError, match="PieceDeletion: expected max_words of 1 or more"):
        PieceDeletion(max_words=0)
    with pytest.raises(SpanbertError, match="PieceDeletion: expected share above 0"):
        PieceDeletion(share=0)
