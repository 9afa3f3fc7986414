"""Linear-chain conditional random field: exact likelihood and marginals of tag sequences.

Lafferty, McCallum and Pereira (2001), "Conditional Random Fields", ICML. The gradient of the log
partition is the marginals, which forward-backward gives at once: nothing is differentiated through
the recursion.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .chain import Chain
from .chain_log import LogSums
from .chain_scaled import ScaledSums, steps_between_scalings
from .sequence_layout import SequenceLayout

# Stands for the tag of a word without annotation.
UNKNOWN = -1


def sum_paths(chain: Chain) -> ScaledSums | LogSums:
    """Run forward-backward, without gradients.

    chain (Chain): Every sequence has a path that is allowed.
    RETURNS (ScaledSums | LogSums): Log partition, marginals and expected counts.
    """
    chain = chain.doubled
    interval = steps_between_scalings(chain)
    return ScaledSums(chain, interval) if interval else LogSums(chain)


def log_partition(chain: Chain) -> Tensor:
    """Sum over all tag sequences, with gradients.

    chain (Chain): Every sequence has a path that is allowed.
    RETURNS (Tensor): Log of the summed exponentials of all paths' scores, of the dtype of the
        emissions; [n_sequences]; zero for an empty sequence.
    """
    return _LogPartition.apply(chain.emissions, chain.links, chain.layout)


def negative_log_likelihood(chain: Chain, tags: Tensor) -> Tensor:
    """Compute what a conditional random field is trained by.

    chain (Chain): The scores.
    tags (Tensor): Right tags, UNKNOWN where there is no annotation: there, every tag that rules
        allow counts as right; long [n_words].
    RETURNS (Tensor): Sum over all sequences, in nats, with gradients; []. Zero without words.
    """
    layout = chain.layout
    is_known = tags != UNKNOWN
    is_whole = layout.sum_words(is_known.long()) == layout.lengths
    gold = torch.where(is_whole, chain.path_scores(tags.clamp(min=0)), 0.0)
    if not bool(is_whole.all()):
        gold = gold + torch.where(is_whole, 0.0, log_partition(_restrict(chain, tags)))
    return (log_partition(chain) - gold).sum()


def _restrict(chain: Chain, tags: Tensor) -> Chain:
    """Forbid all tags but the known ones."""
    is_allowed = torch.arange(chain.n_tags, device=tags.device) == tags[:, None]
    is_allowed |= tags[:, None] == UNKNOWN
    emissions = chain.emissions.masked_fill(~is_allowed, -torch.inf)
    return Chain(emissions, chain.links, chain.layout)


class _LogPartition(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, emissions: Tensor, links: Tensor, layout: SequenceLayout) -> Tensor:
        ctx.sums = sums = sum_paths(Chain(emissions, links, layout))
        return sums.log_partition.to(emissions.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_output: Tensor) -> tuple[Tensor | None, ...]:
        layout = ctx.sums.chain.layout
        weights = d_output.double()
        d_emissions = ctx.sums.tag_marginals * weights[layout.sequence_of, None]
        ends = [d_emissions[layout.is_first].sum(0), d_emissions[layout.is_last].sum(0)]
        d_links = torch.cat([ctx.sums.step_counts(weights), torch.stack(ends)])
        return d_emissions.to(d_output.dtype), d_links.to(d_output.dtype), None
