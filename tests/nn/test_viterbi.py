"""The best path against a list of all paths."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.nn.chain import Chain
from spacy_spanbert.nn.sequence_layout import SequenceLayout
from spacy_spanbert.nn.viterbi import best_path
from tests.nn.naive_chain import paths, random_chain
from tests.nn.test_crf import chains


@settings(max_examples=60, deadline=None)
@given(chain=chains, dtype=st.sampled_from([torch.float32, torch.float64]))
def test_the_path_found_is_the_best_of_all(chain, dtype):
    chain = Chain(chain.emissions.to(dtype), chain.links.to(dtype), chain.layout)
    error = 1e-12 if dtype == torch.float64 else 1e-5
    lengths = chain.layout.lengths.tolist()
    found = best_path(chain).split(lengths)
    for sequence, tags in enumerate(found):
        scores = {path: score.tolist() for path, score in paths(chain, sequence)}
        best = max(scores.values())
        assert scores[tuple(tags.tolist())] == pytest.approx(best, rel=error, abs=error)


def test_the_path_of_a_sequence_of_any_length_is_found():
    """Sums of float32 would be off by more than what one tag is better than the other."""
    torch.manual_seed(0)
    better = torch.randint(0, 2, (20_000,))
    emissions = torch.full((20_000, 2), 50.0)
    emissions[torch.arange(20_000), better] += 1e-3
    chain = Chain(emissions, torch.zeros(4, 2), SequenceLayout.of(torch.tensor([20_000])))
    assert torch.equal(best_path(chain), better)


def test_a_long_sequence_is_followed_to_its_end():
    """The path of a batch is that of each sequence alone, and adds up to more than its rivals."""
    chain = random_chain([300, 0, 5, 120], 6, forbid=0.5).doubled
    best = best_path(chain)
    score = chain.path_scores(best)
    assert torch.isfinite(score).all()
    for word in range(0, 425, 7):
        for tag in range(6):
            other = best.clone()
            other[word] = tag
            assert (chain.path_scores(other) <= score + 1e-9).all()


def test_without_words_there_is_no_path():
    assert best_path(random_chain([0, 0], 3)).shape == (0,)
