"""Slow and obvious span scores: every span is sliced, concatenated, and multiplied by itself."""

import torch
from torch import Tensor
from torch.nn import functional

from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.scorer import SpanScorer

Parameters = dict[str, Tensor]


def reach_of(segment_lengths: list[int], max_length: int) -> Tensor:
    """Say how long spans may be at each word of segments that follow each other."""
    reach = [min(n - i, max_length) for n in segment_lengths for i in range(n)]
    return torch.tensor(reach, dtype=torch.long)


def spans_of(reach: Tensor) -> list[tuple[int, int]]:
    """List all (start, length), by start, then by length."""
    return [(i, n) for i, longest in enumerate(reach.tolist()) for n in range(1, longest + 1)]


def random_scorer(**sizes: object) -> SpanScorer:
    """Make a scorer none of whose weights is zero."""
    defaults = {"input_width": 6, "n_outputs": 3, "hidden_width": 8, "max_length": 4}
    scorer = SpanScorer(**{**defaults, **sizes}).eval()
    for parameter in scorer.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return scorer


def parameters_of(scorer: SpanScorer) -> Parameters:
    """Copy the weights, in float64, as leaves of a graph of their own."""
    return {
        name: parameter.detach().double().requires_grad_()
        for name, parameter in scorer.named_parameters()
    }


def naive_logits(
    scorer: SpanScorer, weights: Parameters, words: Tensor, candidates: SpanCandidates
) -> Tensor:
    """Score each span on [s_i; e_j; g_ij; width], without the convolution over the grid."""
    activate = torch.relu if scorer.activation == "relu" else functional.gelu
    rows = []
    for start, length in zip(candidates.starts.tolist(), candidates.lengths.tolist(), strict=True):
        inside = words[start : start + length]
        s, e = endpoint_features(weights, inside, activate)
        vector, matrix = (
            [s, e],
            [weights["endpoints.start.weight"], weights["endpoints.end.weight"]],
        )
        if "content.value.weight" in weights:
            vector.append(content_features(weights, inside))
            matrix.append(weights["content.value.weight"])
        hidden = torch.cat(matrix, dim=1) @ torch.cat(vector) + weights["endpoints.start.bias"]
        if "width_rows" in weights:
            widths = weights["width_rows"]
            hidden = hidden + widths[min(length, len(widths)) - 1]
        row = weights["output.weight"] @ activate(hidden) + weights["output.bias"]
        if "biaffine.weight" in weights:
            row = row + biaffine_scores(weights, inside, activate)
        rows.append(row)
    n_outputs = weights["output.bias"].shape[0]
    return torch.stack(rows) if rows else words.new_zeros(0, n_outputs)


def endpoint_features(weights: Parameters, inside: Tensor, activate) -> tuple[Tensor, Tensor]:
    if "endpoints.feed_forward.weight" not in weights:
        return inside[0], inside[-1]
    matrix, bias = weights["endpoints.feed_forward.weight"], weights["endpoints.feed_forward.bias"]
    half = matrix.shape[0] // 2
    start = activate(matrix[:half] @ inside[0] + bias[:half])
    end = activate(matrix[half:] @ inside[-1] + bias[half:])
    return start, end


def content_features(weights: Parameters, inside: Tensor) -> Tensor:
    """Average the words of a span, before any projection."""
    if "content.score.weight" in weights:
        share = (inside @ weights["content.score.weight"][0]).softmax(0)
        return share @ inside
    if "content.query.weight" in weights:
        queries = inside @ weights["content.query.weight"].T + weights["content.query.bias"]
        keys = inside @ weights["content.key.weight"].T
        attention = (queries @ keys.T / queries.shape[1] ** 0.5).softmax(1)
        return (attention @ inside).mean(0)
    return inside.mean(0)


def biaffine_scores(weights: Parameters, inside: Tensor, activate) -> Tensor:
    matrix, bias = weights["biaffine.endpoints.weight"], weights["biaffine.endpoints.bias"]
    width = matrix.shape[0] // 2
    start = activate(matrix[:width] @ inside[0] + bias[:width])
    end = activate(matrix[width:] @ inside[-1] + bias[width:])
    # [width, n_outputs * width] -> [width, n_outputs, width]
    tensor = weights["biaffine.weight"].view(width, -1, width)
    return torch.einsum("s,ske,e->k", start, tensor, end)
