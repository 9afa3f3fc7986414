"""The chain against a list of all tag sequences: partition, marginals, gradients, likelihood."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spacy_spanbert.nn.chain import Chain
from spacy_spanbert.nn.chain_log import LogSums
from spacy_spanbert.nn.chain_scaled import ScaledSums, steps_between_scalings
from spacy_spanbert.nn.crf import log_partition, negative_log_likelihood, sum_paths
from spacy_spanbert.nn.sequence_layout import SequenceLayout
from tests.nn.naive_chain import (
    naive_likelihood,
    naive_log_partition,
    naive_marginals,
    paths,
    random_chain,
)

LENGTHS = [3, 0, 1, 4, 2, 3]
CLOSE = {"rtol": 1e-5, "atol": 1e-5}
chains = st.builds(
    random_chain,
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
    st.integers(1, 4),
    scale=st.sampled_from([0.1, 3.0, 40.0, 1000.0]),
    seed=st.integers(0, 1000),
    forbid=st.sampled_from([0.0, 0.5]),
)


def gradients(chain: Chain, total: Tensor) -> tuple[Tensor, ...]:
    total = total + 0 * chain.emissions.sum()  # also where no path depends on anything
    inputs = [chain.emissions, chain.links]
    return torch.autograd.grad(total, inputs, allow_unused=True, materialize_grads=True)


@settings(max_examples=60, deadline=None)
@given(chain=chains)
def test_the_partition_is_the_sum_over_all_tag_sequences(chain):
    expected = naive_log_partition(chain).float()
    torch.testing.assert_close(log_partition(chain), expected, **CLOSE)


@settings(max_examples=40, deadline=None)
@given(chain=chains)
def test_marginals_are_shares_of_all_tag_sequences(chain):
    found = sum_paths(chain).tag_marginals
    torch.testing.assert_close(found, naive_marginals(chain).detach(), rtol=1e-6, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(chain=chains, data=st.data())
def test_gradients_are_those_of_automatic_differentiation(chain, data):
    n_sequences = chain.layout.n_sequences
    weights = torch.tensor(data.draw(st.lists(st.floats(-2, 2), min_size=n_sequences)))
    weights = weights[:n_sequences]
    found = gradients(chain, (log_partition(chain) * weights).sum())
    expected = gradients(chain, (naive_log_partition(chain) * weights).sum())
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other.nan_to_num(), **CLOSE)


@pytest.mark.parametrize("known", ["all", "some", "none"])
def test_the_likelihood_is_the_share_of_the_sequences_that_fit_what_is_known(known):
    chain = random_chain(LENGTHS, 3)
    tags = torch.randint(0, 3, (sum(LENGTHS),), generator=torch.Generator().manual_seed(3))
    if known != "all":
        tags[[1, 4, 5, 6] if known == "some" else slice(None)] = -1
    by_sequence = [part.tolist() for part in tags.split(LENGTHS)]
    shares = [naive_likelihood(chain, i, part) for i, part in enumerate(by_sequence)]
    expected = -torch.stack(shares).log().sum()
    found = negative_log_likelihood(chain, tags)
    torch.testing.assert_close(found, expected.float(), **CLOSE)
    for one, other in zip(gradients(chain, found), gradients(chain, expected), strict=True):
        torch.testing.assert_close(one, other, **CLOSE)
    if known == "none":
        assert float(found.detach()) == pytest.approx(0, abs=1e-5)


def test_nothing_known_teaches_nothing_even_where_tags_are_forbidden():
    chain = random_chain(LENGTHS, 4, forbid=0.5)
    loss = negative_log_likelihood(chain, torch.full((sum(LENGTHS),), -1))
    for gradient in gradients(chain, loss):
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), **CLOSE)


@pytest.mark.parametrize("scale", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("forbid", [0.0, 0.6])
def test_scaled_probabilities_and_logarithms_agree_on_long_sequences(scale, forbid):
    chain = random_chain([200, 3, 77, 0, 150], 9, scale=scale, forbid=forbid).doubled
    scaled = ScaledSums(chain, steps_between_scalings(chain))
    logs = LogSums(chain)
    weights = torch.randn(5, dtype=torch.float64)
    torch.testing.assert_close(scaled.log_partition, logs.log_partition)
    torch.testing.assert_close(scaled.tag_marginals, logs.tag_marginals)
    torch.testing.assert_close(scaled.step_counts(weights), logs.step_counts(weights))
    following = scaled.log_following - scaled.log_following.logsumexp(1, keepdim=True)
    expected = logs.log_following - logs.log_following.logsumexp(1, keepdim=True)
    torch.testing.assert_close(following, expected)


def test_scores_that_float64_cannot_hold_as_probabilities_are_summed_in_logarithms():
    assert isinstance(sum_paths(random_chain([3], 3, scale=2.0)), ScaledSums)
    assert isinstance(sum_paths(random_chain([3], 3, scale=300.0)), LogSums)


@pytest.mark.parametrize("scale", [9.0, 12.0])
def test_the_rarest_path_that_rules_allow_does_not_underflow(scale):
    """Tag 2 only after 1, tag 1 only after 0: as I after B. The scores speak against both."""
    emissions = torch.tensor([[0.0, -scale, -scale]]).repeat(60, 1)
    links = torch.zeros(5, 3)
    links[0, 2] = links[3, 2] = links[3, 1] = links[1, 0] = links[1, 1] = -torch.inf
    links[4, :2] = -torch.inf  # ends with tag 2
    chain = Chain(emissions, links, SequenceLayout.of(torch.tensor([60]))).doubled
    interval = steps_between_scalings(chain)
    assert interval > 0
    scaled, logs = ScaledSums(chain, interval), LogSums(chain)
    torch.testing.assert_close(scaled.log_partition, logs.log_partition)
    torch.testing.assert_close(scaled.tag_marginals, logs.tag_marginals)


def test_a_sequence_does_not_depend_on_what_is_in_the_batch_with_it():
    together = random_chain([5, 40, 2], 4)
    ends = [5, 45, 47]
    for index, (first, last) in enumerate(zip([0, *ends], ends, strict=False)):
        layout = SequenceLayout.of(torch.tensor([last - first]))
        alone = Chain(together.emissions[first:last], together.links, layout)
        torch.testing.assert_close(log_partition(alone)[0], log_partition(together)[index])


def test_fifty_thousand_words_in_one_sequence_keep_their_precision():
    chain = random_chain([50_000], 3, scale=5.0)
    marginals = sum_paths(chain).tag_marginals
    middle = chain.emissions[20_000:30_000]
    layout = SequenceLayout.of(torch.tensor([10_000]))
    part = sum_paths(Chain(middle, chain.links, layout)).tag_marginals
    torch.testing.assert_close(marginals[24_000:26_000], part[4_000:6_000])


def test_no_sequences_and_empty_sequences_have_one_path():
    for lengths in ([], [0], [0, 0]):
        chain = random_chain(lengths, 3)
        assert log_partition(chain).tolist() == [0.0] * len(lengths)
        tags = torch.zeros(0, dtype=torch.long)
        assert negative_log_likelihood(chain, tags).tolist() == 0.0
        assert sum_paths(chain).tag_marginals.shape == (0, 3)


def test_the_score_of_a_path_is_what_it_passes():
    chain = random_chain(LENGTHS, 3)
    tags = [list(paths(chain, i))[-1] for i in range(len(LENGTHS))]
    found = chain.path_scores(torch.tensor([tag for path, _ in tags for tag in path]))
    torch.testing.assert_close(found, torch.stack([score for _, score in tags]).float())
