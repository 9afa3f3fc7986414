"""Scores from the first and last word of a span multiplied with each other."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from .activation import ActivationName, activate
from .candidates import SpanCandidates


class Biaffine(nn.Module):
    """Add `start U_k end` to the k-th output (Yu, Bohnet and Poesio, 2020).

    The linear terms of the published form are in the scorer's first layer already.

    input_width (int): Width of a word.
    biaffine_width (int): Width of a start and of an end.
    n_outputs (int): Scores of a span.
    activation (str): Of the layers that make starts and ends: "relu" or "gelu".
    """

    def __init__(
        self, input_width: int, biaffine_width: int, n_outputs: int, activation: ActivationName
    ) -> None:
        super().__init__()
        self.biaffine_width = biaffine_width
        self.n_outputs = n_outputs
        self.activation: ActivationName = activation
        # starts and ends side by side, as one matrix product
        self.endpoints = nn.Linear(input_width, 2 * biaffine_width)
        # [biaffine_width, n_outputs * biaffine_width]: U of all outputs
        bound = 1.0 / biaffine_width
        self.weight = nn.Parameter(
            torch.empty(biaffine_width, n_outputs * biaffine_width).uniform_(-bound, bound)
        )

    def forward(self, words: Tensor, candidates: SpanCandidates) -> Iterator[Tensor]:
        """Go through the lengths of the candidates.

        words (Tensor): Float [n_words, input_width].
        candidates (SpanCandidates): The spans.
        YIELDS (Tensor): For each length, float32 [n_scored, n_outputs].
        """
        endpoints = activate(self.endpoints(words), self.activation).float()
        starts, ends = endpoints.split(self.biaffine_width, dim=1)
        return self._scores(starts, ends, candidates)

    def _scores(self, starts: Tensor, ends: Tensor, candidates: SpanCandidates) -> Iterator[Tensor]:
        # [n_starts, biaffine_width] -> [n_starts, n_outputs, biaffine_width]
        starts = starts.index_select(0, candidates.order) @ self.weight
        starts = starts.view(-1, self.n_outputs, self.biaffine_width)
        for step in candidates.steps():
            last = ends.index_select(0, step.scored_ends).unsqueeze(2)
            yield torch.bmm(step.pick(starts), last).squeeze(2)
