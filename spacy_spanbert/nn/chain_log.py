"""Forward-backward over a chain, in logarithms: slower, for scores that are very far apart."""

from functools import cached_property

import torch
from torch import Tensor

from .chain import Chain


class LogSums:
    """Sums over all tag sequences; see ScaledSums, whose members mean the same.

    chain (Chain): In float64.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        layout = chain.layout
        # shape (n_words, 2, n_tags)
        emissions = torch.stack(
            [
                layout.by_steps(chain.emissions, layout.from_front),
                layout.by_steps(chain.emissions, layout.from_back),
            ],
            dim=1,
        )
        # shape (2, n_tags, n_tags)
        steps = torch.stack([chain.steps, chain.steps.T])
        before, after = torch.empty_like(emissions), torch.empty_like(emissions)
        first = 0
        for step, n_active in enumerate(layout.sizes):
            rows = slice(first, first + n_active)
            if step == 0:
                before[rows] = chain.links[-2:]
            else:
                previous = after[first - layout.sizes[step - 1] :][:n_active]
                before[rows] = torch.logsumexp(previous[..., None] + steps, dim=2)
            after[rows] = before[rows] + emissions[rows]
            first += n_active
        self._log_forward = after[:, 0][layout.from_front]
        self.log_following = before[:, 1][layout.from_back]
        self.log_partition = chain.emissions.new_zeros(layout.n_sequences)
        whole = (self._log_forward[layout.is_last] + chain.end).logsumexp(1)
        self.log_partition[layout.lengths > 0] = whole

    @cached_property
    def tag_marginals(self) -> Tensor:
        """RETURNS (Tensor): Probability of each tag at each word; [n_words, n_tags]."""
        return (self._log_forward + self.log_following).softmax(1)

    def step_counts(self, weights: Tensor) -> Tensor:
        """Count how often each tag is expected right after another.

        weights (Tensor): How much each sequence counts; [n_sequences].
        RETURNS (Tensor): [n_tags, n_tags].
        """
        layout, n_tags = self.chain.layout, self.chain.n_tags
        second = torch.nonzero(~layout.is_first)[:, 0]
        arriving = self.chain.emissions[second] + self.log_following[second]
        # shape (n_steps, n_tags, n_tags)
        joint = self._log_forward[second - 1][:, :, None] + self.chain.steps + arriving[:, None]
        pairs = joint.flatten(1).softmax(1).view(-1, n_tags, n_tags)
        return torch.einsum("n,nij->ij", weights[layout.sequence_of[second]], pairs)
