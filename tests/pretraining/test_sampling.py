import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_spanbert.pretraining.collate import collate, count_targets
from spacy_spanbert.pretraining.corruption.local_reordering import LocalReordering
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from spacy_spanbert.pretraining.sampling import (
    CorruptedText,
    Sampler,
    WindowNumber,
    spread_sample,
)
from tests.pretraining.simple import CountingText, make_text


@given(st.integers(1, 13), st.integers(1, 9), st.integers(0, 3))
def test_every_window_of_an_epoch_is_read_once_before_the_next_begins(n_windows, size, seed):
    sampler = Sampler(n_windows, size, seed)
    read = [number for step in range(3 * n_windows) for number in sampler.step(step)]
    for epoch in range(3):
        of_epoch = read[epoch * n_windows : (epoch + 1) * n_windows]
        assert {number.epoch for number in of_epoch} == {epoch}
        assert sorted(number.index for number in of_epoch) == list(range(n_windows))


def test_a_step_does_not_depend_on_those_before():
    one, other = Sampler(100, 7, 3), Sampler(100, 7, 3)
    steps = [one.step(step) for step in range(40)]
    assert other.step(39) == steps[39]
    assert other.step(2) == steps[2]
    assert Sampler(100, 7, 4).step(0) != steps[0]


def test_each_epoch_has_its_order():
    sampler = Sampler(50, 50, 0)
    first, second = ([number.index for number in sampler.step(step)] for step in range(2))
    assert first != second


@pytest.mark.parametrize("number", [WindowNumber(0, 3), WindowNumber(5, 3)])
def test_a_window_is_corrupted_alike_whenever_it_is_read(number):
    one, other = make_text(seed=1), make_text(seed=1)
    other.read(WindowNumber(2, 2))
    for left, right in zip(
        vars(one.read(number)[0]).values(), vars(other.read(number)[0]).values(), strict=True
    ):
        assert np.array_equal(left, right)


def test_corruption_differs_between_epochs_and_seeds():
    places = {
        (seed, epoch): [
            make_text(seed=seed).read(WindowNumber(epoch, index))[0].places.tolist()
            for index in range(8)
        ]
        for seed in (0, 1)
        for epoch in (0, 1)
    }
    assert len({str(value) for value in places.values()}) == 4


@given(st.integers(0, 60), st.integers(1, 40), st.integers(0, 3))
def test_a_spread_sample_has_windows_from_all_parts(n_windows, n_wanted, seed):
    chosen = spread_sample(n_windows, n_wanted, seed)
    assert len(chosen) == len(set(chosen)) == min(n_windows, n_wanted)
    assert chosen == sorted(chosen) == spread_sample(n_windows, n_wanted, seed)
    for stretch, index in enumerate(chosen):
        assert stretch * n_windows // len(chosen) <= index
        assert index < (stretch + 1) * n_windows // len(chosen)


def test_spread_samples_depend_on_the_seed():
    assert spread_sample(1000, 50, 0) != spread_sample(1000, 50, 1)


@pytest.mark.parametrize(
    "corruption", [TokenMasking(0.5), SpanMasking(0.5), LocalReordering(0.5)], ids=repr
)
def test_the_unknown_piece_is_never_asked_for_and_nothing_else_changes(corruption):
    unknown, sampler = 20, make_text().sampler
    all_asked = CorruptedText(CountingText(40), corruption, sampler, 0, None)
    text = CorruptedText(CountingText(40), corruption, sampler, 0, unknown)
    n_unknown = 0
    for number in (WindowNumber(0, index) for index in range(40)):
        (before, _), (after, _) = all_asked.read(number), text.read(number)
        np.testing.assert_array_equal(after.ids, before.ids)
        np.testing.assert_array_equal(after.spans, before.spans)
        kept = before.targets != unknown
        np.testing.assert_array_equal(after.places, before.places[kept])
        np.testing.assert_array_equal(after.targets, before.targets[kept])
        assert after.counts["unknown"] == (~kept).sum()
        n_unknown += after.counts["unknown"]
        batch = collate([after], [None])
        assert unknown not in batch.targets["mlm"].tolist() + batch.targets["sbo"].tolist()
        assert count_targets([after], [None])["sbo"] == len(batch.targets["sbo"])
    assert n_unknown
