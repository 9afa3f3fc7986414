"""Masking of spans, counted on 126,000 pieces."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from tests.pretraining.corruption.made_windows import (
    FIRST_OF_TEXT,
    MASK,
    N_PIECES,
    N_WINDOWS,
    corrupt,
    corrupt_many,
    is_by_frequency,
    is_chance,
    is_distributed,
    made_windows,
    make_window,
)


@pytest.fixture(scope="module")
def many():
    return corrupt_many(SpanMasking())


def kind_of(pieces: np.ndarray) -> set[str]:
    """Name what the encoder reads in a span."""
    return {
        "mask" if piece == MASK else "random" if piece < FIRST_OF_TEXT else "original"
        for piece in pieces.tolist()
    }


def test_share_is_as_asked_for(many):
    n_targets = sum(len(corrupted.places) for _, corrupted in many)
    assert n_targets / (N_WINDOWS * N_PIECES) == pytest.approx(0.15, abs=0.001)


def test_the_disguise_is_chosen_once_a_span(many):
    found: Counter[str] = Counter()
    random = []
    for _, corrupted in many:
        for start, end in corrupted.spans.tolist():
            (kind,) = kind_of(corrupted.ids[start:end])
            found[kind] += 1
            if kind == "random":
                random += corrupted.ids[start:end].tolist()
    kinds = np.array([found["mask"], found["random"], found["original"]])
    assert is_distributed(kinds, np.array([0.8, 0.1, 0.1]))
    assert is_by_frequency(np.array(random))


def test_lengths_are_as_drawn(many):
    counts = sum((corrupted.counts for _, corrupted in many), Counter())
    mean = counts["drawn_words"] / counts["drawn_spans"]
    assert mean == pytest.approx(3.797, abs=0.15)  # 3 standard deviations
    assert counts["spans"] == sum(len(corrupted.spans) for _, corrupted in many)
    assert counts["shortened"] < 0.01 * counts["spans"]
    # each window has at most one last span
    assert 0 < counts["trimmed"] <= N_WINDOWS
    assert counts["unspent"] == 0


def test_starts_are_uniform_over_words_far_from_the_ends():
    window = make_window([1] * 120)
    starts = np.concatenate(
        [corrupt(SpanMasking(), window, index=index).spans[:, 0] for index in range(1200)]
    )
    found = np.bincount(starts, minlength=122)[15:105]
    assert is_distributed(found, np.ones(90))


@settings(deadline=None)
@given(made_windows)
def test_spans_hold_all_targets_and_a_word_is_between_them(window):
    corrupted = corrupt(SpanMasking(share=0.4), window)
    places = [place for start, end in corrupted.spans.tolist() for place in range(start, end)]
    assert places == corrupted.places.tolist()
    assert (window.words[places] >= 0).all()
    for (_, end), (start, _) in zip(corrupted.spans[:-1], corrupted.spans[1:], strict=True):
        between = set(window.words[end:start].tolist()) - {-1}
        assert between - {window.words[end - 1], window.words[start]}


@settings(deadline=None)
@given(made_windows)
def test_a_share_that_cannot_be_reached_ends_all_the_same(window):
    corrupted = corrupt(SpanMasking(share=1.0, p=1.0, max_words=1), window)
    n_pieces = int((window.words >= 0).sum())
    assert len(corrupted.places) + corrupted.counts["unspent"] == n_pieces


def test_random_spans_alone_and_spans_kept_alone():
    window = make_window([1] * 100)
    random = corrupt(SpanMasking(mask_share=0.0, random_share=1.0), window)
    kept = corrupt(SpanMasking(mask_share=0.0, random_share=0.0), window)
    assert kind_of(random.ids[random.places]) == {"random"}
    assert kind_of(kept.ids[kept.places]) == {"original"}
    assert is_chance(len(kept.places), 100, 0.15)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"share": 0}, "SpanMasking: expected share above 0"),
        ({"p": 0}, "SpanMasking: expected p above 0"),
        ({"max_words": 0}, "SpanMasking: expected max_words of 1 or more"),
        ({"mask_share": 2}, "SpanMasking: expected mask_share between 0 and 1"),
    ],
)
def test_values_that_cannot_be_are_refused(values, message):
    with pytest.raises(SpanbertError, match=message):
        SpanMasking(**values)
