"""Scores for ordered pairs of spans: a feed-forward scorer whose first layer is a sum."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .activation import ActivationName, activate
from .candidates import SpanCandidates
from .checks import check_sizes, fit_words
from .dropout import byte_dropout
from .range_maximum import RangeMaximum
from .relation_pairs import ARRANGEMENTS, DISTANCES, Arguments, lay_out
from .representations import RepresentationName, make_representation

# Pairs that are scored together: what is held of a pair, some kilobytes, is held of these only.
BLOCK_PAIRS = 16_384


@dataclass(frozen=True, eq=False)
class ArgumentRows:
    """What is computed once a span, for all of its pairs.

    arguments (Arguments): The spans.
    heads (Tensor): Rows as first argument, float [n_spans, hidden_width].
    tails (Tensor): Rows as second argument, likewise.
    head_products (Optional[Tensor]): For the biaffine term, [n_spans, n_outputs * biaffine_width].
    tail_products (Optional[Tensor]): Likewise, [n_spans, biaffine_width].
    context (Optional[RangeMaximum]): Maxima over stretches of words, context_width wide.
    """

    arguments: Arguments
    heads: Tensor
    tails: Tensor
    head_products: Tensor | None
    tail_products: Tensor | None
    context: RangeMaximum | None


class RelationScorer(nn.Module):
    """Score pairs with `output(activation(H[head] + T[tail] + C[context] + D[distance] + A))`.

    H and T are projections of a span: its endpoints, its inside, its label, and the words around
    it. C is a projection of the highest values over the words between the two spans, or, where
    they overlap, over the words that only one of them covers. D is a learned row for each bucket of
    distances, and A one for each of ARRANGEMENTS: the first layer of a scorer on all of these side
    by side, as SpERT (Eberts and Ulges, 2020) has it, without that vector ever being made.

    input_width (int): Width of a word.
    n_outputs (int): Scores of a pair.
    n_span_labels (int): Labels of spans; label 0, for those not known, comes on top.
    representation (str): One of REPRESENTATIONS.
    hidden_width (int): Width of the layers.
    context_width (int): Width of a word as context; 0 for no context.
    context_words (int): Words to each side of a span that are looked at; 0 for none.
    biaffine_width (int): Width of heads and tails that are multiplied with each other, for a term
        of their own in each score; 0 for none.
    dropout (float): After each activation; 0 to below 1.
    activation (str): "relu" or "gelu".
    RAISES (SpanbertError): When a size or a name cannot be.
    """

    def __init__(
        self,
        *,
        input_width: int,
        n_outputs: int,
        n_span_labels: int,
        representation: RepresentationName = "ffn_endpoints_attention",
        hidden_width: int = 256,
        context_width: int = 64,
        context_words: int = 3,
        biaffine_width: int = 0,
        dropout: float = 0.0,
        activation: ActivationName = "relu",
    ) -> None:
        super().__init__()
        self.sizes: dict[str, Any] = {
            "input_width": input_width,
            "n_outputs": n_outputs,
            "n_span_labels": n_span_labels,
            "representation": representation,
            "hidden_width": hidden_width,
            "context_width": context_width,
            "context_words": context_words,
            "biaffine_width": biaffine_width,
            "dropout": dropout,
            "activation": activation,
        }
        check_sizes(
            self.sizes,
            at_least_one=("input_width", "n_outputs", "hidden_width"),
            at_least_zero=("n_span_labels", "context_width", "context_words", "biaffine_width"),
        )
        self.input_width = input_width
        self.n_outputs = n_outputs
        self.context_words = context_words
        self.biaffine_width = biaffine_width
        self.dropout = dropout
        self.activation: ActivationName = activation
        self.endpoints, self.content = make_representation(
            representation,
            input_width=input_width,
            hidden_width=hidden_width,
            activation=activation,
            dropout=dropout,
        )
        self.label_rows = nn.Parameter(torch.empty(n_span_labels + 1, hidden_width).normal_())
        # as head and as tail side by side, as one matrix product
        self.roles = nn.Linear(hidden_width, 2 * hidden_width)
        self.context_value: nn.Linear | None = None
        if context_width:
            self.context_value = nn.Linear(input_width, context_width)
            # what stands for a stretch without words
            self.no_context = nn.Parameter(torch.zeros(context_width))
            self.around = nn.Linear(2 * context_width, hidden_width, bias=False)
            self.between = nn.Linear(context_width, hidden_width, bias=False)
        self.distance_rows = nn.Parameter(torch.zeros(len(DISTANCES) + 1, hidden_width))
        self.arrangement_rows = nn.Parameter(torch.zeros(len(ARRANGEMENTS), hidden_width))
        if biaffine_width:
            self.product_heads = nn.Linear(hidden_width, n_outputs * biaffine_width)
            self.product_tails = nn.Linear(hidden_width, biaffine_width)
        self.output = nn.Linear(hidden_width, n_outputs)

    def forward(self, words: Tensor, arguments: Arguments, heads: Tensor, tails: Tensor) -> Tensor:
        """Score pairs. More than BLOCK_PAIRS are scored in blocks, and these computed again in the
        backward pass, so that what is held for the gradient is that of one block.

        words (Tensor): Float [n_words, input_width].
        arguments (Arguments): The spans.
        heads (Tensor): Long [n_pairs]; which span is the first argument.
        tails (Tensor): Long [n_pairs]; the second, of the same document.
        RETURNS (Tensor): Logits, float32 [n_pairs, n_outputs]; no rows where there are no pairs.
        RAISES (ValueError): When the words do not fit the scorer or the spans.
        """
        rows = self.encode(words, arguments)
        if len(heads) <= BLOCK_PAIRS:
            return self.score(rows, heads, tails)
        if rows.context is not None:
            # what one block made for another would be lost when the first is computed again
            rows.context.extend(_longest_context(rows.arguments, heads, tails))
        blocks = zip(heads.split(BLOCK_PAIRS), tails.split(BLOCK_PAIRS), strict=True)
        return torch.cat([checkpoint(self.score, rows, *b, use_reentrant=False) for b in blocks])

    def encode(self, words: Tensor, arguments: Arguments) -> ArgumentRows:
        """Compute what is the same for all pairs of a span.

        words (Tensor): Float [n_words, input_width].
        arguments (Arguments): The spans.
        RETURNS (ArgumentRows): For `score`.
        RAISES (ValueError): When the words do not fit the scorer or the spans.
        """
        words = fit_words(words, arguments.n_words, self.input_width)
        arguments = arguments.to(words.device)
        hidden = self._span_rows(words, arguments)
        context = self._context(words, arguments)
        with torch.autocast(words.device.type, enabled=False):
            if context is not None and self.context_words:
                hidden = hidden + self._around(context, arguments)
            hidden = self._drop(
                activate(hidden + self.label_rows[arguments.labels], self.activation)
            )
            heads, tails = self.roles(hidden).chunk(2, dim=1)
            head_products = tail_products = None
            if self.biaffine_width:
                head_products, tail_products = (
                    self.product_heads(hidden),
                    self.product_tails(hidden),
                )
        return ArgumentRows(arguments, heads, tails, head_products, tail_products, context)

    def score(self, rows: ArgumentRows, heads: Tensor, tails: Tensor) -> Tensor:
        """Score pairs of spans, all at once.

        rows (ArgumentRows): From `encode`.
        heads (Tensor): Long [n_pairs]; which span is the first argument.
        tails (Tensor): Long [n_pairs]; the second.
        RETURNS (Tensor): Logits, float32 [n_pairs, n_outputs].
        """
        heads, tails = heads.to(rows.heads.device), tails.to(rows.heads.device)
        layout = lay_out(rows.arguments, heads, tails)
        with torch.autocast(rows.heads.device.type, enabled=False):
            hidden = rows.heads.index_select(0, heads).add_(rows.tails.index_select(0, tails))
            # [n_distances * n_arrangements, hidden_width]: one row to fetch a pair, not two
            places = (self.distance_rows.unsqueeze(1) + self.arrangement_rows).flatten(0, 1)
            place = layout.distances * len(ARRANGEMENTS) + layout.arrangements
            hidden.add_(places.index_select(0, place))
            if rows.context is not None:
                left, left_end, right, right_end = layout.context
                highest = torch.maximum(
                    rows.context(left, left_end), rows.context(right, right_end)
                )
                hidden.add_(self.between(self._fill(highest)))
            hidden = self._drop(activate(hidden, self.activation))
            logits = self.output(hidden)
            if rows.head_products is not None and rows.tail_products is not None:
                # [n_pairs, n_outputs, biaffine_width]
                left_side = rows.head_products.index_select(0, heads)
                left_side = left_side.view(-1, self.n_outputs, self.biaffine_width)
                right_side = rows.tail_products.index_select(0, tails).unsqueeze(2)
                logits = logits + torch.bmm(left_side, right_side).squeeze(2)
        return logits

    def _span_rows(self, words: Tensor, arguments: Arguments) -> Tensor:
        """Endpoints and inside of each span; float32 [n_spans, hidden_width]."""
        lengths = arguments.ends - arguments.starts
        candidates = SpanCandidates.given_spans(arguments.starts, lengths, arguments.n_words)
        starts, ends = self.endpoints(words)
        hidden = starts.index_select(0, arguments.starts)
        hidden = hidden + ends.index_select(0, arguments.ends - 1)
        contents = list(self.content(words, candidates))
        if contents and contents[0] is not None:
            # given spans are picked from the recurrence: these rows are copies, and may be kept
            hidden = hidden + torch.cat(contents).index_select(0, candidates.places)
        return hidden

    def _context(self, words: Tensor, arguments: Arguments) -> RangeMaximum | None:
        if self.context_value is None or not len(arguments.starts):
            return None
        return RangeMaximum(self.context_value(words).float())

    def _around(self, context: RangeMaximum, arguments: Arguments) -> Tensor:
        """The words before and after each span; float32 [n_spans, hidden_width]."""
        starts, ends = arguments.starts, arguments.ends
        before = context(torch.maximum(starts - self.context_words, arguments.floors), starts)
        after = context(ends, torch.minimum(ends + self.context_words, arguments.ceilings))
        return self.around(torch.cat([self._fill(before), self._fill(after)], dim=1))

    def _fill(self, highest: Tensor) -> Tensor:
        return torch.where(highest == -torch.inf, self.no_context, highest)

    def _drop(self, hidden: Tensor) -> Tensor:
        return byte_dropout(hidden, self.dropout) if self.training else hidden


def _longest_context(arguments: Arguments, heads: Tensor, tails: Tensor) -> int:
    """RETURNS (int): Words that no stretch in the layout of these pairs exceeds."""
    longest = 0
    for column in (arguments.starts, arguments.ends):
        longest = max(longest, int((column[heads] - column[tails]).abs().max()))
    return longest
