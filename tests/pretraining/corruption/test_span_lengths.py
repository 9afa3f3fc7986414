"""Lengths of spans, as drawn."""

import numpy as np
import pytest

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.span_lengths import SpanLengths
from tests.pretraining.corruption.made_windows import is_distributed


def test_published_lengths_are_geometric_renormalised_with_mean_3_8():
    lengths = SpanLengths("SpanMasking", 0.2, 10)
    drawn = lengths.draw(200_000, np.random.default_rng(0))
    weights = np.array([0.2 * 0.8 ** (n - 1) for n in range(1, 11)])
    assert is_distributed(np.bincount(drawn, minlength=11)[1:], weights)
    assert drawn.min() == 1
    assert drawn.max() == 10
    # 4.46, were the longer ones cut to 10
    assert lengths.mean == pytest.approx(3.797, abs=0.001)
    assert drawn.mean() == pytest.approx(3.797, abs=0.025)


@pytest.mark.parametrize(("p", "max_words"), [(1.0, 10), (0.2, 1), (1e-12, 1)])
def test_lengths_of_one(p, max_words):
    assert set(SpanLengths("x", p, max_words).draw(100, np.random.default_rng(0))) == {1}


def test_a_tiny_p_makes_all_lengths_alike():
    drawn = SpanLengths("x", 1e-12, 4).draw(10_000, np.random.default_rng(0))
    assert is_distributed(np.bincount(drawn)[1:], np.ones(4))


@pytest.mark.parametrize("p", [0.0, -0.2, 1.5, float("nan")])
def test_a_p_that_is_no_probability_is_refused(p):
    with pytest.raises(SpanbertError, match=r"SpanMasking: expected p above 0 .* got"):
        SpanLengths("SpanMasking", p, 10)


def test_a_longest_span_of_no_words_is_refused():
    with pytest.raises(SpanbertError, match="max_words of 1 or more, but got 0"):
        SpanLengths("SpanMasking", 0.2, 0)
