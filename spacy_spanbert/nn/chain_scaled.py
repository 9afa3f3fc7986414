"""Forward-backward over a chain, in scaled probabilities: a matrix product a step."""

from functools import cached_property

import torch
from torch import Tensor

from .chain import Chain, finite_range
from .sequence_layout import SequenceLayout

# What float64 can hold below 1, in nats.
_REACH = 700.0
# By how many times the range of the scores a sum may fall in one step, and how far one tag may be
# below another: a tag that a rule allows only after others (I after B) is reached in three steps.
_STEPS_TO_ANY_TAG = 4
_LONGEST_INTERVAL = 32


def steps_between_scalings(chain: Chain) -> int:
    """Tell how many steps float64 can go without underflow.

    chain (Chain): The chain.
    RETURNS (int): 0 if its scores are too far apart for this way of computing.
    """
    links = [finite_range(part) for part in (chain.steps.reshape(1, -1), chain.links[-2:])]
    deepest = _STEPS_TO_ANY_TAG * (finite_range(chain.emissions) + max(links))
    return min(max(int(_REACH / max(deepest, 1.0)) - 1, 0), _LONGEST_INTERVAL)


class ScaledSums:
    """Sums over all tag sequences, kept near 1 by scaling each few steps (Rabiner, 1989).

    Both directions go through one loop, side by side: step t is word t counted from the front on
    the left, and from the back on the right, of all sequences that are long enough.

    chain (Chain): In float64.
    interval (int): Scale after so many steps; from steps_between_scalings.
    """

    def __init__(self, chain: Chain, interval: int) -> None:
        self.chain = chain
        layout, n_tags = chain.layout, chain.n_tags
        highest = chain.emissions.amax(1, keepdim=True)
        # each [n_words, n_tags] or [n_tags, n_tags], at most 1
        self._weights = (chain.emissions - highest).exp()
        self._steps = (chain.steps - chain.steps.max()).exp()
        ends = chain.links[-2:] - chain.links[-2:].amax(1, keepdim=True)
        before, after, log_scales = _run(
            torch.cat(
                [
                    layout.by_steps(self._weights, layout.from_front),
                    layout.by_steps(self._weights, layout.from_back),
                ],
                dim=1,
            ),
            torch.block_diag(self._steps, self._steps.T),
            ends.exp().flatten(),
            layout,
            interval,
        )
        # of what comes up to a word and its tag, and of what follows on it; [n_words, n_tags]
        sums = after[:, :n_tags][layout.from_front]
        self._forward = sums / sums.amax(1, keepdim=True)
        following = before[:, n_tags:][layout.from_back]
        self._backward = following / following.amax(1, keepdim=True)
        whole = (sums[layout.is_last] * ends[1].exp()).sum(1).log()
        # [n_sequences]; an empty sequence has one path, of score 0
        self.log_partition = layout.sum_words(highest[:, 0])
        has_words = layout.lengths > 0
        self.log_partition[has_words] += (
            whole
            + log_scales[layout.ranks][has_words]
            + (layout.lengths[has_words] - 1) * chain.steps.max()
            + chain.links[-2:].amax(1).sum()
        )

    @cached_property
    def tag_marginals(self) -> Tensor:
        """RETURNS (Tensor): Probability of each tag at each word; [n_words, n_tags]."""
        joint = self._forward * self._backward
        return joint / joint.sum(1, keepdim=True)

    @cached_property
    def log_following(self) -> Tensor:
        """RETURNS (Tensor): Log of the sum over all that follows a word and its tag, up to a
        constant of the word; [n_words, n_tags].
        """
        return self._backward.log()

    def step_counts(self, weights: Tensor) -> Tensor:
        """Count how often each tag is expected right after another.

        weights (Tensor): How much each sequence counts; [n_sequences].
        RETURNS (Tensor): [n_tags, n_tags].
        """
        layout = self.chain.layout
        second = torch.nonzero(~layout.is_first)[:, 0]
        # shape (n_steps, n_tags)
        arriving = self._weights[second] * self._backward[second]
        leaving = self._forward[second - 1]
        total = ((leaving @ self._steps) * arriving).sum(1, keepdim=True)
        leaving = leaving * (weights[layout.sequence_of[second], None] / total)
        return (leaving.T @ arriving) * self._steps


def _run(
    weights: Tensor, steps: Tensor, first: Tensor, layout: SequenceLayout, interval: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Do the recursion.

    weights (Tensor): Of the tags, ordered by steps; [n_words, 2 * n_tags].
    steps (Tensor): [2 * n_tags, 2 * n_tags].
    first (Tensor): What the first step starts from; [2 * n_tags].
    layout (SequenceLayout): The steps.
    interval (int): Scale after so many steps.
    RETURNS (tuple[Tensor, Tensor, Tensor]): Before and after a word's own weights, [n_words,
        2 * n_tags] each, every row up to a factor; log of the factor of each sequence's left half,
        by rank, [n_sequences].
    """
    before, after = torch.empty_like(weights), torch.empty_like(weights)
    log_scales = weights.new_zeros(layout.n_sequences, 2, 1)
    parts = (weights.split(layout.sizes), before.split(layout.sizes), after.split(layout.sizes))
    previous = None
    for step, (weight, product, result) in enumerate(zip(*parts, strict=True)):
        if previous is None:
            product.copy_(first)
        else:
            torch.mm(previous[: len(product)], steps, out=product)
        torch.mul(product, weight, out=result)
        if step % interval == interval - 1:
            halves = result.view(len(result), 2, -1)
            scale = halves.amax(2, keepdim=True)
            halves /= scale
            log_scales[: len(result)] += scale.log()
        previous = result
    return before, after, log_scales[:, 0, 0]
