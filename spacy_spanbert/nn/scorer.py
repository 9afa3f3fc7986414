"""Scores for spans: a feed-forward scorer whose first layer is a sum, never a copied row."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from .activation import ActivationName, activate
from .biaffine import Biaffine
from .candidates import SpanCandidates
from .checks import check_sizes, fit_words
from .grid import SpanGrid
from .representations import RepresentationName, make_representation


class SpanScorer(nn.Module):
    """Score spans with `output(activation(S[start] + E[end] + G[start, end] + L[length]))`.

    S and E are projections of the first and last word, G of what is inside, L is a learned row
    for each length: the first layer of a scorer on `[s_i; e_j; g_ij; width]`, without that
    vector ever being made.

    input_width (int): Width of a word.
    n_outputs (int): Scores of a span.
    hidden_width (int): Width of the first layer.
    representation (str): One of REPRESENTATIONS.
    max_length (int): How many lengths have a learned row; longer spans use the last.
    use_width_embedding (bool): Whether there is a learned row for each length.
    biaffine_width (int): Width of starts and ends that are multiplied with each other, for a
        term of their own in each score; 0 for none.
    conv_layers (int): Layers of 3 x 3 convolution over the grid of spans; 0 for none. Needs all
        spans as candidates.
    conv_width (int): Features of a span in those layers.
    dropout (float): 0 to below 1; after the activations of the endpoints, and before that of the
        first layer, where there is one mask for each start, shared by the spans that begin there.
    activation (str): "relu" or "gelu".
    RAISES (SpanbertError): When a size or a name cannot be.
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
        biaffine_width: int = 0,
        conv_layers: int = 0,
        conv_width: int = 32,
        dropout: float = 0.0,
        activation: ActivationName = "relu",
    ) -> None:
        super().__init__()
        self.sizes: dict[str, Any] = {
            "input_width": input_width,
            "n_outputs": n_outputs,
            "hidden_width": hidden_width,
            "representation": representation,
            "max_length": max_length,
            "use_width_embedding": use_width_embedding,
            "biaffine_width": biaffine_width,
            "conv_layers": conv_layers,
            "conv_width": conv_width,
            "dropout": dropout,
            "activation": activation,
        }
        check_sizes(
            self.sizes,
            at_least_one=("input_width", "n_outputs", "hidden_width", "max_length", "conv_width"),
            at_least_zero=("biaffine_width", "conv_layers"),
        )
        self.input_width = input_width
        self.n_outputs = n_outputs
        self.max_length = max_length
        self.dropout = dropout
        self.activation: ActivationName = activation
        self.endpoints, self.content = make_representation(
            representation,
            input_width=input_width,
            hidden_width=hidden_width,
            activation=activation,
            dropout=dropout,
        )
        self.width_rows: nn.Parameter | None = None
        if use_width_embedding:
            self.width_rows = nn.Parameter(torch.zeros(max_length, hidden_width))
        self.biaffine: Biaffine | None = None
        if biaffine_width:
            self.biaffine = Biaffine(input_width, biaffine_width, n_outputs, activation)
        self.grid: SpanGrid | None = None
        n_features = 0
        if conv_layers:
            n_features = conv_width
            self.grid = SpanGrid(conv_width, conv_layers, activation)
            self.grid_output = nn.Linear(conv_width, n_outputs, bias=False)
        # scores and the features of the grid side by side, as one matrix product
        self.output = nn.Linear(hidden_width, n_outputs + n_features)

    @property
    def halo(self) -> int:
        """How many starts to each side of a span its score depends on; for word_blocks."""
        return 0 if self.grid is None else len(self.grid.weights)

    def forward(self, words: Tensor, candidates: SpanCandidates) -> Tensor:
        """Score the candidates.

        words (Tensor): Float [n_words, input_width].
        candidates (SpanCandidates): The spans.
        RETURNS (Tensor): Logits, float32 [n_spans, n_outputs], in the candidates' row order;
            no rows where there are no candidates.
        RAISES (ValueError): When the words do not fit the scorer or the candidates.
        """
        words = fit_words(words, candidates.n_words, self.input_width)
        candidates = candidates.to(words.device)
        starts, ends = self.endpoints(words)
        contents = self.content(words, candidates)
        products = None if self.biaffine is None else self.biaffine(words, candidates)
        with torch.autocast(words.device.type, enabled=False):
            outputs = list(self._outputs(starts, ends, contents, candidates))
            rows = torch.cat(outputs).index_select(0, candidates.places)
            logits = rows[:, : self.n_outputs]
            if self.grid is not None:
                features = self.grid(rows[:, self.n_outputs :], candidates)
                logits = logits + self.grid_output(features)
            if products is not None:
                # The empty part is there where there are no candidates.
                scores = torch.cat([logits[:0], *products])
                logits = logits + scores.index_select(0, candidates.places)
            return logits

    def _outputs(
        self,
        starts: Tensor,
        ends: Tensor,
        contents: Iterator[Tensor | None],
        candidates: SpanCandidates,
    ) -> Iterator[Tensor]:
        """Yield the rows of the last layer, length by length."""
        # [n_words, hidden_width] -> [n_starts, hidden_width]
        starts = starts.index_select(0, candidates.order)
        mask = self._dropout_mask(starts)
        # No rows: keeps the graph whole where there are no candidates.
        yield self.output(starts[:0])
        for step, content in zip(candidates.steps(), contents, strict=True):
            hidden = ends.index_select(0, step.scored_ends).add_(step.pick(starts))
            if content is not None:
                hidden.add_(content)
            if self.width_rows is not None:
                hidden.add_(self.width_rows[min(step.length, self.max_length) - 1])
            if mask is not None:
                hidden.mul_(step.pick(mask))
            hidden = activate(hidden, self.activation)
            yield self.output(hidden)

    def _dropout_mask(self, starts: Tensor) -> Tensor | None:
        """Draw one mask for each start: to draw one for each span costs more than scoring it."""
        if not (self.training and self.dropout):
            return None
        keep = 1.0 - self.dropout
        return torch.empty_like(starts).bernoulli_(keep).div_(keep)
