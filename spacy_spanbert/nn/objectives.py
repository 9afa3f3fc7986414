"""Heads for pretraining: what the encoder is asked about a corrupted text."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

# Width of the embedded position inside a span, and the longest span with a position of its own
# (Joshi et al. 2020, SpanBERT, https://arxiv.org/abs/1907.10529).
POSITION_WIDTH = 200
MAX_SPAN_PIECES = 32


class Answers(NamedTuple):
    """How one objective did on one batch.

    loss (Tensor): Sum over all targets, in nats, shape ().
    n_targets (int): How many there are.
    n_correct (Tensor): How many were answered right, shape ().
    """

    loss: Tensor
    n_targets: int
    n_correct: Tensor


class TransformHead(nn.Module):
    """Dense layer, GELU and layer norm before the output layer (BERT's MLM head).

    width (int): Width of the encoder.
    output_width (int): Width of the piece embeddings.
    eps (float): Of the layer norm.
    """

    def __init__(self, width: int, output_width: int, eps: float = 1e-12) -> None:
        super().__init__()
        self.dense = nn.Linear(width, output_width)
        self.norm = nn.LayerNorm(output_width, eps=eps)

    def forward(self, hidden: Tensor) -> Tensor:
        """Transform vectors.

        hidden (Tensor): shape (n_targets, width).
        RETURNS (Tensor): shape (n_targets, output_width).
        """
        return self.norm(nn.functional.gelu(self.dense(hidden)))


class SpanBoundaryHead(nn.Module):
    """Represents a masked piece by what stands around its span (span boundary objective).

    Two feed-forward layers with GELU and layer norm over the vectors of the pieces just outside the
    span and an embedded position inside it (Joshi et al. 2020, section 3.2).

    width (int): Width of the encoder.
    output_width (int): Width of the piece embeddings.
    eps (float): Of the layer norms.
    """

    def __init__(self, width: int, output_width: int, eps: float = 1e-12) -> None:
        super().__init__()
        self.positions = nn.Embedding(MAX_SPAN_PIECES, POSITION_WIDTH)
        self.first = TransformHead(2 * width + POSITION_WIDTH, width, eps)
        self.second = TransformHead(width, output_width, eps)

    def forward(self, left: Tensor, right: Tensor, positions: Tensor) -> Tensor:
        """Represent masked pieces.

        left (Tensor): Vector of the piece before the span of each target, shape (n_targets, width).
        right (Tensor): Of the piece after it, shape (n_targets, width).
        positions (Tensor): Places of the targets in their spans, from 0 to MAX_SPAN_PIECES - 1,
            shape (n_targets,).
        RETURNS (Tensor): shape (n_targets, output_width).
        """
        embedded = self.positions(positions)
        return self.second(self.first(torch.cat([left, right, embedded.to(left.dtype)], dim=1)))


class PairHead(nn.Module):
    """Tells from [CLS] whether the second text follows the first (next sentence prediction).

    width (int): Width of the encoder.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.output = nn.Linear(width, 2)

    def forward(self, hidden: Tensor) -> Tensor:
        """Score pairs.

        hidden (Tensor): Vectors of [CLS], shape (n_pairs, width).
        RETURNS (Tensor): Logits of "follows" and "does not", shape (n_pairs, 2).
        """
        return self.output(torch.tanh(self.dense(hidden)))


class PlaceHead(nn.Module):
    """Answers one yes-or-no question at each place: was a piece inserted, was something removed.

    width (int): Width of the encoder.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.output = nn.Linear(width, 1)

    def forward(self, hidden: Tensor) -> Tensor:
        """Score places.

        hidden (Tensor): shape (n_targets, width).
        RETURNS (Tensor): Logits, shape (n_targets,).
        """
        return self.output(nn.functional.gelu(self.dense(hidden)))[:, 0]


def class_answers(logits: Tensor, targets: Tensor) -> Answers:
    """Compare with the right classes.

    logits (Tensor): shape (n_targets, n_classes).
    targets (Tensor): Right class of each, shape (n_targets,).
    RETURNS (Answers): All 0 without targets.
    """
    loss = cross_entropy(logits.float(), targets, reduction="sum")
    return Answers(loss, len(targets), (logits.detach().argmax(1) == targets).sum())


def binary_answers(logits: Tensor, targets: Tensor) -> Answers:
    """Compare with the right answers to yes-or-no questions.

    logits (Tensor): shape (n_targets,).
    targets (Tensor): 0 or 1, shape (n_targets,).
    RETURNS (Answers): All 0 without targets.
    """
    loss = binary_cross_entropy_with_logits(logits.float(), targets.float(), reduction="sum")
    return Answers(loss, len(targets), ((logits.detach() > 0) == (targets > 0)).sum())
