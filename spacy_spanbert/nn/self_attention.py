"""The inside of a span by attention between its own words; slower, for comparison."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from .candidates import SpanCandidates
from .content import SpanContent

# Scores of one chunk of spans: 2**20 floats are 4 MB.
_CHUNK_SCORES = 2**20


class SelfAttentionContent(SpanContent):
    """The words of a span attend to each other, and their outputs are averaged.

    Queries and keys are the words inside the span, one head, scaled dot product. What is
    averaged over the queries is the weight of each word, so rows are summed once. There is no
    recurrence over the length: a span of n words costs n * n scores.

    input_width (int): Width of a word.
    hidden_width (int): Width of a content row.
    query_width (int): Width of queries and keys.
    """

    def __init__(self, input_width: int, hidden_width: int, query_width: int = 32) -> None:
        super().__init__(input_width, hidden_width)
        self.query_width = query_width
        self.value = nn.Linear(input_width, hidden_width, bias=False)
        self.query = nn.Linear(input_width, query_width)
        # A bias would move all scores of a query alike, which its softmax does not see.
        self.key = nn.Linear(input_width, query_width, bias=False)

    def forward(self, words: Tensor, candidates: SpanCandidates) -> Iterator[Tensor | None]:
        """Yield the averaged outputs for each length; see SpanContent.forward."""
        values = self.value(words).float()
        with torch.autocast(words.device.type, enabled=False):
            words = words.float()
            queries = self.query(words) * self.query_width**-0.5
            return self._averages(values, queries, self.key(words), candidates)

    def _averages(
        self, values: Tensor, queries: Tensor, keys: Tensor, candidates: SpanCandidates
    ) -> Iterator[Tensor]:
        for step in candidates.steps():
            inside = torch.arange(step.length, device=values.device)
            # [n_scored, length]
            words = step.pick(candidates.order).unsqueeze(1) + inside
            chunk = max(1, _CHUNK_SCORES // step.length**2)
            parts = [_attend(values, queries, keys, part) for part in words.split(chunk)]
            yield torch.cat(parts)


def _attend(values: Tensor, queries: Tensor, keys: Tensor, words: Tensor) -> Tensor:
    """Attend inside spans of one length.

    words (Tensor): Long [n_spans, length].
    RETURNS (Tensor): [n_spans, hidden_width].
    """
    # [n_spans, length, query_width] twice -> [n_spans, length, length]
    scores = torch.bmm(queries[words], keys[words].transpose(1, 2))
    # [n_spans, length]
    weights = scores.softmax(dim=2).mean(dim=1)
    return functional.embedding_bag(words, values, mode="sum", per_sample_weights=weights)
