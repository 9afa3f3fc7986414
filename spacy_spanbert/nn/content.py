"""The inside of a span, for all spans of a length at a time, by recurrence over the length.

Mean and attention are both a running average g, and adding word j to a span moves it by
`g += share * (value_j - g)`: share is 1 / length for the mean, and for the softmax inside the
span it is the weight of the new word over the sum of weights, weights being taken relative to
the highest score so far. Each step is a convex combination of two rows, so nothing cancels and
nothing overflows, however long the document and however far apart the scores. (Differences of
prefix sums do cancel.)
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from .candidates import SpanCandidates, SpanStep


class SpanContent(nn.Module, ABC):
    """What a span holds, as rows of the scorer's first layer.

    input_width (int): Width of a word.
    hidden_width (int): Width of a content row.
    """

    def __init__(self, input_width: int, hidden_width: int) -> None:
        super().__init__()
        self.input_width = input_width
        self.hidden_width = hidden_width

    @abstractmethod
    def forward(self, words: Tensor, candidates: SpanCandidates) -> Iterator[Tensor | None]:
        """Go through the lengths of the candidates.

        words (Tensor): Float [n_words, input_width].
        candidates (SpanCandidates): The spans.
        YIELDS (Optional[Tensor]): For each length, float32 [n_scored, hidden_width], to be read
            before the next is asked for, and not to be changed. None means zeros.
        """


class NoContent(SpanContent):
    """Only the endpoints of a span count."""

    def forward(self, words: Tensor, candidates: SpanCandidates) -> Iterator[Tensor | None]:  # noqa: ARG002
        """Yield None for each length; see SpanContent.forward."""
        return iter([None] * len(candidates.n_active))


class MeanContent(SpanContent):
    """The mean of the projected words of the span."""

    def __init__(self, input_width: int, hidden_width: int) -> None:
        super().__init__(input_width, hidden_width)
        self.value = nn.Linear(input_width, hidden_width, bias=False)

    def forward(self, words: Tensor, candidates: SpanCandidates) -> Iterator[Tensor | None]:
        """Yield the means for each length; see SpanContent.forward."""
        return self._averages(self.value(words).float(), candidates)

    def _averages(self, values: Tensor, candidates: SpanCandidates) -> Iterator[Tensor]:
        average = values.index_select(0, candidates.order)
        for step in candidates.steps():
            if step.length > 1:
                average = _move(average, values, step, 1.0 / step.length)
            yield step.pick(average)


class AttentionContent(SpanContent):
    """The words of the span, weighted by a softmax inside the span over one score a word."""

    def __init__(self, input_width: int, hidden_width: int) -> None:
        super().__init__(input_width, hidden_width)
        self.value = nn.Linear(input_width, hidden_width, bias=False)
        # A bias would move all scores alike, which a softmax does not see.
        self.score = nn.Linear(input_width, 1, bias=False)
        nn.init.zeros_(self.score.weight)  # at first, the mean

    def forward(self, words: Tensor, candidates: SpanCandidates) -> Iterator[Tensor | None]:
        """Yield the weighted averages for each length; see SpanContent.forward."""
        with torch.autocast(words.device.type, enabled=False):
            scores = self.score(words.float())
        return self._averages(self.value(words).float(), scores, candidates)

    def _averages(
        self, values: Tensor, scores: Tensor, candidates: SpanCandidates
    ) -> Iterator[Tensor]:
        average = values.index_select(0, candidates.order)
        # The highest score so far is only a scale: averages and gradients do not depend on it.
        peaks = scores.detach()
        # [n_starts, 1]: highest score, sum of exp(score - highest score)
        peak = peaks.index_select(0, candidates.order)
        total = torch.exp(scores.index_select(0, candidates.order) - peak)
        for step in candidates.steps():
            if step.length > 1:
                before, total = peak[: step.n_active], total[: step.n_active]
                peak = torch.maximum(before, peaks.index_select(0, step.ends))
                weight = torch.exp(scores.index_select(0, step.ends) - peak)
                total = total * torch.exp(before - peak) + weight
                average = _move(average, values, step, weight / total)
            yield step.pick(average)


def _move(average: Tensor, values: Tensor, step: SpanStep, share: Tensor | float) -> Tensor:
    """Add the last word of each span to the running average of the spans one word shorter."""
    average = average[: step.n_active]
    if torch.is_grad_enabled() and isinstance(share, Tensor):
        moved: Tensor = _Move.apply(average, values, step.ends, share)
        return moved
    added = values.index_select(0, step.ends)
    if torch.is_grad_enabled():
        return torch.lerp(average, added, share)
    return average.lerp_(added, share)


class _Move(torch.autograd.Function):
    """A step whose graph keeps one row a span, where torch.lerp's keeps two."""

    @staticmethod
    def forward(ctx: Any, average: Tensor, values: Tensor, ends: Tensor, share: Tensor) -> Tensor:
        ctx.save_for_backward(average, values, ends, share)
        return torch.lerp(average, values.index_select(0, ends), share)

    @staticmethod
    def backward(ctx: Any, d_moved: Tensor) -> tuple[Tensor, Tensor, None, Tensor]:
        average, values, ends, share = ctx.saved_tensors
        gap = values.index_select(0, ends).sub_(average)
        d_share = gap.mul_(d_moved).sum(1, keepdim=True)
        d_added = d_moved * share
        d_values = torch.zeros_like(values).index_add_(0, ends, d_added)
        return d_moved - d_added, d_values, None, d_share
