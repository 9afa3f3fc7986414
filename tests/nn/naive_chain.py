"""Slow and obvious chains: every tag sequence is listed and scored."""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from spacy_spanbert.nn.chain import Chain
from spacy_spanbert.nn.sequence_layout import SequenceLayout

Path = tuple[int, ...]


def random_chain(
    lengths: list[int], n_tags: int, *, scale: float = 2.0, seed: int = 0, forbid: float = 0.0
) -> Chain:
    """Make a chain with gradients; `forbid` is the share of links that are not allowed."""
    generator = torch.Generator().manual_seed(seed)
    emissions = torch.randn(sum(lengths), n_tags, generator=generator) * scale
    links = torch.randn(n_tags + 2, n_tags, generator=generator) * scale
    forbidden = torch.rand(links.shape, generator=generator) < forbid
    forbidden[:, 0] = False  # tag 0 may stand anywhere, so that there always is a path
    forbidden[0] = False
    links = links.masked_fill(forbidden, -torch.inf)
    layout = SequenceLayout.of(torch.tensor(lengths, dtype=torch.long))
    return Chain(emissions.requires_grad_(), links.requires_grad_(), layout)


def paths(chain: Chain, sequence: int) -> Iterator[tuple[Path, Tensor]]:
    """List all tag sequences of one sequence, with their scores in float64."""
    lengths = chain.layout.lengths.tolist()
    start = sum(lengths[:sequence])
    emissions = chain.emissions.double()[start : start + lengths[sequence]]
    links = chain.links.double()
    for path in itertools.product(range(chain.n_tags), repeat=len(emissions)):
        score = torch.zeros((), dtype=torch.float64)
        for word, tag in enumerate(path):
            score = score + emissions[word, tag]
            score = score + links[path[word - 1] if word else -2, tag]
        yield path, score + links[-1, path[-1]] if path else score


def naive_log_partition(chain: Chain) -> Tensor:
    sequences = range(chain.layout.n_sequences)
    totals = [torch.stack([score for _, score in paths(chain, i)]) for i in sequences]
    return torch.stack([total.logsumexp(0) for total in totals])


def naive_marginals(chain: Chain) -> Tensor:
    """Probability of each tag at each word, as the share of the paths that pass it."""
    rows = []
    for sequence in range(chain.layout.n_sequences):
        total = naive_log_partition(chain)[sequence]
        n_words = int(chain.layout.lengths[sequence])
        table = torch.zeros(n_words, chain.n_tags, dtype=torch.float64)
        for path, score in paths(chain, sequence):
            for word, tag in enumerate(path):
                table[word, tag] += (score - total).exp()
        rows.append(table)
    return torch.cat(rows)


def naive_likelihood(chain: Chain, sequence: int, tags: list[int]) -> Tensor:
    """Probability that the known tags of a sequence are right; -1 is not known."""
    scores = dict(paths(chain, sequence))
    fitting = [
        score
        for path, score in scores.items()
        if all(known in (-1, tag) for known, tag in zip(tags, path, strict=True))
    ]
    return (torch.stack(fitting).logsumexp(0) - naive_log_partition(chain)[sequence]).exp()
