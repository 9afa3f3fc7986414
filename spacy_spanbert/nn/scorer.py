"""Scores for spans: a feed-forward scorer whose first layer is a sum, never a copied row."""

from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn

from .activation import ACTIVATIONS, ActivationName, activate
from .candidates import SpanCandidates
from .content import CONTENTS, ContentName
from .endpoints import FeedForwardEndpoints, LinearEndpoints

RepresentationName = Literal[
    "endpoints_mean", "ffn_endpoints", "ffn_endpoints_mean", "ffn_endpoints_attention"
]
REPRESENTATIONS: tuple[RepresentationName, ...] = get_args(RepresentationName)


class _Parts(NamedTuple):
    feed_forward: bool
    content: ContentName


_PARTS: dict[RepresentationName, _Parts] = {
    "endpoints_mean": _Parts(feed_forward=False, content="mean"),
    "ffn_endpoints": _Parts(feed_forward=True, content="none"),
    "ffn_endpoints_mean": _Parts(feed_forward=True, content="mean"),
    "ffn_endpoints_attention": _Parts(feed_forward=True, content="attention"),
}


class SpanScorer(nn.Module):
    """Score spans with `output(activation(S[i] + E[j] + G[i, j] + L[length]))`.

    S and E are projections of the first and last word, G of what is inside, L is a learned row
    for each length: the first layer of a scorer on `[s_i; e_j; g_ij; width]`, without that
    vector ever being made.

    input_width (int): Width of a word.
    n_outputs (int): Scores of a span.
    hidden_width (int): Width of the first layer.
    representation (str): One of REPRESENTATIONS.
    max_length (int): How many lengths have a learned row; longer spans use the last.
    use_width_embedding (bool): Whether there is a learned row for each length.
    dropout (float): After every activation; 0 to below 1. On the first layer one mask a start.
    activation (str): "relu" or "gelu".
    """

    def __init__(
        self,
        *,
        input_width: int,
        n_outputs: int,
        hidden_width: int = 256,
        representation: RepresentationName = "ffn_endpoints_attention",
        max_length: int = 12,
        use_width_embedding: bool = True,
        dropout: float = 0.0,
        activation: ActivationName = "relu",
    ) -> None:
        super().__init__()
        _check_name(representation, REPRESENTATIONS, "representation")
        _check_name(activation, ACTIVATIONS, "activation")
        self.input_width = input_width
        self.n_outputs = n_outputs
        self.hidden_width = hidden_width
        self.representation: RepresentationName = representation
        self.max_length = max_length
        self.use_width_embedding = use_width_embedding
        self.dropout = dropout
        self.activation: ActivationName = activation
        parts = _PARTS[representation]
        self.endpoints: FeedForwardEndpoints | LinearEndpoints
        if parts.feed_forward:
            self.endpoints = FeedForwardEndpoints(input_width, hidden_width, activation, dropout)
        else:
            self.endpoints = LinearEndpoints(input_width, hidden_width)
        self.content = CONTENTS[parts.content](input_width, hidden_width)
        # [max_length, hidden_width]
        self.width_rows = nn.Parameter(torch.zeros(max_length, hidden_width))
        self.width_rows.requires_grad_(use_width_embedding)
        self.output = nn.Linear(hidden_width, n_outputs)

    @property
    def sizes(self) -> dict[str, str | int | float | bool]:
        """The arguments that build a scorer of the same form; plain values, fit for JSON."""
        return {
            "input_width": self.input_width,
            "n_outputs": self.n_outputs,
            "hidden_width": self.hidden_width,
            "representation": self.representation,
            "max_length": self.max_length,
            "use_width_embedding": self.use_width_embedding,
            "dropout": self.dropout,
            "activation": self.activation,
        }

    def forward(self, words: Tensor, candidates: SpanCandidates) -> Tensor:
        """Score the candidates.

        words (Tensor): Float [n_words, input_width].
        candidates (SpanCandidates): The spans.
        RETURNS (Tensor): Logits, float32 [n_spans, n_outputs], in the candidates' row order;
            no rows where there are no candidates.
        RAISES (ValueError): When the words do not fit the scorer or the candidates.
        """
        self._check_words(words, candidates)
        if not torch.is_autocast_enabled(words.device.type):
            words = words.float()
        starts, ends = self.endpoints(words)
        contents = self.content(words, candidates)
        with torch.autocast(words.device.type, enabled=False):
            starts = starts.index_select(0, candidates.order)
            mask = self._dropout_mask(starts)
            # an empty first part keeps the graph whole where there are no candidates
            logits = [self.output(starts[:0])]
            for step, content in zip(candidates.steps(), contents, strict=True):
                hidden = ends.index_select(0, step.scored_ends).add_(step.pick(starts))
                if content is not None:
                    hidden.add_(content)
                if self.use_width_embedding:
                    hidden.add_(self.width_rows[min(step.length, self.max_length) - 1])
                hidden = activate(hidden, self.activation)
                if mask is not None:
                    hidden = hidden * step.pick(mask)
                logits.append(self.output(hidden))
            return torch.cat(logits).index_select(0, candidates.places)

    def _dropout_mask(self, starts: Tensor) -> Tensor | None:
        """Draw one mask for each start: a mask for each span costs more than scoring it."""
        if not (self.training and self.dropout):
            return None
        keep = 1.0 - self.dropout
        return torch.empty_like(starts).bernoulli_(keep).div_(keep)

    def _check_words(self, words: Tensor, candidates: SpanCandidates) -> None:
        expected = (candidates.n_words, self.input_width)
        if tuple(words.shape) != expected:
            raise ValueError(
                f"Expected words of shape {expected} (the words of the candidates, input_width), "
                f"but got {tuple(words.shape)}."
            )


def _check_name(name: str, names: tuple[str, ...], argument: str) -> None:
    if name not in names:
        raise ValueError(f"Unknown {argument} {name!r}. Choose one of: {', '.join(names)}.")
