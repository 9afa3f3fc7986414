"""What holds for all corruptions."""

import numpy as np
import pytest
from hypothesis import given, settings

from spacy_spanbert.pretraining.corruption.local_reordering import LocalReordering
from spacy_spanbert.pretraining.corruption.mixture import Mixture
from spacy_spanbert.pretraining.corruption.piece_deletion import PieceDeletion
from spacy_spanbert.pretraining.corruption.piece_insertion import PieceInsertion
from spacy_spanbert.pretraining.corruption.piece_replacement import PieceReplacement
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from spacy_spanbert.pretraining.corruption.whole_word_masking import WholeWordMasking
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import NO_LABEL, Corrupted, Window
from tests.pretraining.corruption.made_windows import corrupt, made_windows, make_window

ASKS_FOR_PIECES = [
    TokenMasking(),
    WholeWordMasking(),
    SpanMasking(),
    PieceReplacement(),
    LocalReordering(),
]
ALL = [
    *ASKS_FOR_PIECES,
    PieceInsertion(),
    PieceDeletion(),
    Mixture({"a": SpanMasking(), "b": PieceInsertion()}, {"a": 1, "b": 1}),
]
NAMES = [type(corruption).__name__ for corruption in ALL]


def contents(corrupted: Corrupted) -> list:
    """All arrays as lists, to be compared."""
    return [
        value.tolist() if isinstance(value, np.ndarray) else value
        for value in vars(corrupted).values()
    ]


def n_asked(corrupted: Corrupted) -> int:
    labels = [array for array in (corrupted.inserted, corrupted.removed) if array is not None]
    return len(corrupted.places) + sum(int((array != NO_LABEL).sum()) for array in labels)


@pytest.mark.parametrize("corruption", ASKS_FOR_PIECES, ids=NAMES[:5])
def test_targets_are_the_originals_and_nothing_else_changes(corruption):
    @settings(max_examples=40, deadline=None)
    @given(made_windows)
    def check(window: Window) -> None:
        corrupted = corrupt(corruption, window)
        places = corrupted.places
        assert corrupted.targets.tolist() == window.ids[places].tolist()
        assert (np.diff(places) > 0).all()
        assert (window.words[places] >= 0).all()
        elsewhere = np.setdiff1d(np.arange(len(window)), places)
        assert corrupted.ids[elsewhere].tolist() == window.ids[elsewhere].tolist()
        assert corrupted.segments.tolist() == window.segments.tolist()

    check()


@pytest.mark.parametrize("corruption", ALL, ids=NAMES)
def test_special_pieces_are_never_touched(corruption):
    @settings(max_examples=40, deadline=None)
    @given(made_windows)
    def check(window: Window) -> None:
        corrupted = corrupt(corruption, window)
        special = window.ids[window.words < 0]
        assert corrupted.ids[np.isin(corrupted.ids, special)].tolist() == special.tolist()
        assert corrupted.ids[0] == window.ids[0]
        assert corrupted.ids[-1] == window.ids[-1]

    check()


@pytest.mark.parametrize("corruption", ALL, ids=NAMES)
def test_a_corruption_is_a_pure_function_of_seed_epoch_and_window(corruption):
    window = make_window([1, 2, 1, 3] * 10, [1] * 10)
    before = contents(Corrupted(window.ids, window.segments, window.words, window.words))
    first = corrupt(corruption, window, epoch=1, index=2)
    assert contents(corrupt(corruption, window, epoch=1, index=2)) == contents(first)
    assert contents(corrupt(corruption, window, epoch=2, index=2)) != contents(first)
    assert contents(corrupt(corruption, window, epoch=1, index=3)) != contents(first)
    assert contents(Corrupted(window.ids, window.segments, window.words, window.words)) == before


@pytest.mark.parametrize("corruption", ALL, ids=NAMES)
def test_a_window_of_a_memory_mapped_corpus_is_not_written_to(corruption):
    window = make_window([1] * 40)
    for array in (window.ids, window.words, window.segments):
        array.setflags(write=False)
    corrupted = corrupt(corruption, window)
    assert not np.shares_memory(corrupted.ids, window.ids)
    for value in vars(corrupted).values():
        assert not isinstance(value, np.ndarray) or value.dtype == np.int32


@pytest.mark.parametrize("corruption", ALL, ids=NAMES)
@pytest.mark.parametrize("texts", [[], [[]], [[], []]])
def test_nothing_is_asked_without_text(corruption, texts):
    window = make_window(*texts)
    for index in range(5):
        corrupted = corrupt(corruption, window, index=index)
        assert corrupted.ids.tolist() == window.ids.tolist()
        assert n_asked(corrupted) == 0
        assert len(corrupted.spans) == 0


@pytest.mark.parametrize("corruption", ALL, ids=NAMES)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_something_is_asked_of_one_word(corruption, size):
    window = make_window([size])
    for index in range(20):
        corrupted = corrupt(corruption, window, index=index)
        # one piece has no other order
        is_asked = size > 1 or not isinstance(corruption, LocalReordering)
        assert (n_asked(corrupted) > 0) == is_asked


def test_configs_find_each_by_its_name():
    for name in set(NAMES):
        assert registry.corruptions.get(f"spacy-spanbert.{name}.v1").__name__ == name
