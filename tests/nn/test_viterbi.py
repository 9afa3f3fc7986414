"""The best path against a list of all paths."""

import pytest
import torch
from hypothesis import given, settings

from spacy_spanbert.nn.viterbi import best_path
from tests.nn.naive_chain import paths, random_chain
from tests.nn.test_crf import chains


@settings(max_examples=60, deadline=None)
@given(chain=chains)
def test_the_path_found_is_the_best_of_all(chain):
    lengths = chain.layout.lengths.tolist()
    found = best_path(chain).split(lengths)
    for sequence, tags in enumerate(found):
        scores = {path: score.tolist() for path, score in paths(chain, sequence)}
        assert scores[tuple(tags.tolist())] == pytest.approx(max(scores.values()), rel=1e-12)


def test_a_long_sequence_is_followed_to_its_end():
    """The path of a batch is that of each sequence alone, and adds up to more than its rivals."""
    chain = random_chain([300, 0, 5, 120], 6, forbid=0.5)
    best = best_path(chain)
    score = chain.doubled.path_scores(best)
    assert torch.isfinite(score).all()
    for word in range(0, 425, 7):
        for tag in range(6):
            other = best.clone()
            other[word] = tag
            assert (chain.doubled.path_scores(other) <= score + 1e-9).all()


def test_without_words_there_is_no_path():
    assert best_path(random_chain([0, 0], 3)).shape == (0,)
