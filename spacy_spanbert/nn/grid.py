"""Neighbouring spans see each other: a small convolution over the grid of spans."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from .activation import ActivationName, activate
from .candidates import SpanCandidates


class SpanGrid(nn.Module):
    """Convolve over starts and ends (Yan et al., 2023, "CNN Nested NER"), with residuals.

    The grid has a cell for each start and end; a layer sees the cells whose start and end
    differ by at most one word. Cells that are no candidates are zeros, and no layer crosses
    from one segment to the next: words i and i + 1 are of the same segment where the span of
    both is a candidate. Only candidates are computed, so nothing is padded.

    conv_width (int): Features of a span.
    conv_layers (int): Layers; each reaches one word further.
    activation (str): After each layer: "relu" or "gelu".
    """

    def __init__(self, conv_width: int, conv_layers: int, activation: ActivationName) -> None:
        super().__init__()
        self.conv_width = conv_width
        self.activation: ActivationName = activation
        # [conv_width out, conv_width in, start - 1 .. start + 1, end - 1 .. end + 1]
        self.weights = nn.ParameterList(
            nn.init.kaiming_uniform_(torch.empty(conv_width, conv_width, 3, 3), nonlinearity="relu")
            for _ in range(conv_layers)
        )
        self.biases = nn.ParameterList(torch.zeros(conv_width) for _ in range(conv_layers))

    def forward(self, features: Tensor, candidates: SpanCandidates) -> Tensor:
        """Run all layers.

        features (Tensor): Float32 [n_spans, conv_width], in row order.
        candidates (SpanCandidates): All spans up to a reach.
        RETURNS (Tensor): Float32 [n_spans, conv_width].
        RAISES (ValueError): When the candidates are given spans.
        """
        cells = _neighbour_cells(candidates).flatten()
        for weight, bias in zip(self.weights, self.biases, strict=True):
            padded = torch.cat([features, features.new_zeros(1, self.conv_width)])
            # [n_spans * 9, conv_width] -> [n_spans, 9 * conv_width]
            seen = padded.index_select(0, cells).view(-1, 9 * self.conv_width)
            # [out, in, 3, 3] -> [out, 9 * in]
            matrix = weight.permute(0, 2, 3, 1).reshape(self.conv_width, -1)
            features = features + activate(functional.linear(seen, matrix, bias), self.activation)
        return features


def _neighbour_cells(candidates: SpanCandidates) -> Tensor:
    """Find the row of each cell that a layer sees.

    RETURNS (Tensor): Long [n_spans, 9], by start - 1, start, start + 1, then by end likewise;
        n_spans where there is no such candidate.
    """
    if candidates.picked is not None:
        raise ValueError(
            "A convolution over the span grid needs all spans as candidates, but only some are "
            "given. Score all spans, or set conv_layers to 0."
        )
    starts, lengths = candidates.starts, candidates.lengths
    # [n_words + 2]: an unreachable word at each side
    reach = starts.new_zeros(candidates.n_words + 2)
    reach[1:-1] = torch.bincount(starts, minlength=candidates.n_words)
    first_rows = reach.cumsum(0) - reach
    by_start = torch.tensor([-1, -1, -1, 0, 0, 0, 1, 1, 1], device=starts.device)
    by_end = torch.tensor([-1, 0, 1, -1, 0, 1, -1, 0, 1], device=starts.device)
    # [n_spans, 9]
    word = starts.unsqueeze(1) + by_start + 1
    length = lengths.unsqueeze(1) + by_end - by_start
    there = (length >= 1) & (length <= reach[word])
    # The cell on the diagonal is the one neighbour that can lie in another segment.
    joined = reach >= 2
    there[:, 0] &= joined[starts] | (lengths > 1)
    there[:, 8] &= joined[starts + 1] | (lengths > 1)
    return torch.where(there, first_rows[word] + length - 1, candidates.n_spans)
