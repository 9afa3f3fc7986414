"""What a linear chain is made of: scores of tags, and of one tag after another."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .sequence_layout import SequenceLayout


@dataclass(frozen=True)
class Chain:
    """Scores of all tag sequences: that of one is the sum of what it passes.

    emissions (Tensor): Score of each tag at each word; [n_words, n_tags]. -inf forbids.
    links (Tensor): [n_tags + 2, n_tags]: row i, column j is the score of tag j right after tag i;
        the last row but one of starting with a tag, the last row of ending with it. -inf forbids.
    layout (SequenceLayout): Which words belong to one sequence.
    """

    emissions: Tensor
    links: Tensor
    layout: SequenceLayout

    @property
    def n_tags(self) -> int:
        """RETURNS (int): How many tags there are."""
        return self.emissions.shape[1]

    @property
    def steps(self) -> Tensor:
        """RETURNS (Tensor): Score of one tag right after another; [n_tags, n_tags]."""
        return self.links[:-2]

    @property
    def start(self) -> Tensor:
        """RETURNS (Tensor): Score of starting with a tag; [n_tags]."""
        return self.links[-2]

    @property
    def end(self) -> Tensor:
        """RETURNS (Tensor): Score of ending with a tag; [n_tags]."""
        return self.links[-1]

    @property
    def doubled(self) -> "Chain":
        """RETURNS (Chain): The same in float64, without gradients: what recursions compute in."""
        return Chain(self.emissions.detach().double(), self.links.detach().double(), self.layout)

    def path_scores(self, tags: Tensor) -> Tensor:
        """Score one tag sequence of each sequence of words, with gradients.

        tags (Tensor): Long [n_words].
        RETURNS (Tensor): [n_sequences]; zero for an empty sequence.
        """
        layout = self.layout
        scores = self.emissions.gather(1, tags[:, None])[:, 0]
        before = tags.roll(1).masked_fill(layout.is_first, self.n_tags)
        scores = scores + self.links[before, tags]
        scores = scores + torch.where(layout.is_last, self.end[tags], 0.0)
        return layout.sum_words(scores)


def finite_range(scores: Tensor) -> float:
    """Measure how far apart the finite scores of one row are at most.

    scores (Tensor): [n_rows, n_tags]; each row has a finite score.
    RETURNS (float): 0 or more, in nats; 0 without rows.
    """
    if not len(scores):
        return 0.0
    highest = scores.amax(1, keepdim=True)
    lowest = torch.where(scores.isinf(), highest, scores).amin(1, keepdim=True)
    return float((highest - lowest).max())
