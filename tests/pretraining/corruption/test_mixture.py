"""One of several corruptions for each window, also from a config."""

from collections import Counter

import numpy as np
import pytest
from confection import Config

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.mixture import Mixture
from spacy_spanbert.pretraining.corruption.piece_deletion import PieceDeletion
from spacy_spanbert.pretraining.corruption.piece_insertion import PieceInsertion
from spacy_spanbert.pretraining.corruption.span_masking import SpanMasking
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from spacy_spanbert.pretraining.registry import registry
from tests.pretraining.corruption.made_windows import (
    N_WINDOWS,
    corrupt,
    corrupt_many,
    is_distributed,
    make_window,
)

CONFIG = """
[corruption]
@corruptions = "spacy-spanbert.Mixture.v1"

[corruption.parts]

[corruption.parts.span]
@corruptions = "spacy-spanbert.SpanMasking.v1"
share = 0.2

[corruption.parts.token]
@corruptions = "spacy-spanbert.TokenMasking.v1"

[corruption.weights]
span = 3
token = 1
"""


def test_parts_are_drawn_by_their_weights():
    parts = {"a": TokenMasking(), "b": PieceInsertion(), "c": PieceDeletion(), "d": SpanMasking()}
    mixture = Mixture(parts, {"a": 3, "b": 1, "c": 0, "d": 0.5})
    many = [corrupted for _, corrupted in corrupt_many(mixture)]
    counts = sum((corrupted.counts for corrupted in many), Counter())
    found = np.array([counts[f"windows_{name}"] for name in "abd"])
    assert found.sum() == N_WINDOWS
    assert is_distributed(found, np.array([3, 1, 0.5]))
    assert all((c.inserted is None) == (not c.counts["windows_b"]) for c in many)


def test_the_order_of_parts_makes_no_difference():
    window = make_window([1] * 50)
    first = Mixture({"a": TokenMasking(), "b": SpanMasking()}, {"a": 1, "b": 2})
    second = Mixture({"b": SpanMasking(), "a": TokenMasking()}, {"b": 2, "a": 1})
    for index in range(20):
        one, other = corrupt(first, window, index=index), corrupt(second, window, index=index)
        assert one.ids.tolist() == other.ids.tolist()


def test_a_config_describes_a_mixture():
    mixture = registry.resolve(Config().from_str(CONFIG))["corruption"]
    assert mixture == Mixture(
        {"span": SpanMasking(share=0.2), "token": TokenMasking()}, {"span": 3, "token": 1}
    )


def test_a_config_is_filled_with_the_published_values():
    filled = registry.fill(Config().from_str(CONFIG))["corruption"]["parts"]["span"]
    del filled["@corruptions"]
    assert filled == {
        **{"share": 0.2, "p": 0.2, "max_words": 10},
        **{"mask_share": 0.8, "random_share": 0.1},
    }


@pytest.mark.parametrize(
    ("parts", "weights", "message"),
    [
        ({}, {}, r"expected parts, .* but got parts \[\]"),
        ({"a": TokenMasking()}, {"b": 1.0}, r"parts \['a'\] and weights \['b'\]"),
        ({"a": {"share": 1}}, {"a": 1.0}, "part 'a' to be a corruption, a section with"),
        ({"a": TokenMasking()}, {"a": -1.0}, "the weight of 'a' is -1.0"),
        ({"a": TokenMasking()}, {"a": float("inf")}, "the weight of 'a' is inf"),
        ({"a": TokenMasking()}, {"a": 0.0}, "at least one weight above 0"),
    ],
)
def test_parts_and_weights_that_do_not_fit_are_refused(parts, weights, message):
    with pytest.raises(SpanbertError, match=message):
        Mixture(parts, weights)
