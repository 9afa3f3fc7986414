"""Losses of span scores: cross-entropy or binary cross-entropy, as sums, with their gradients.

The gradient of both is `probability - target`, so a confident miss is corrected with full
strength. Squared error through a sigmoid would multiply that by the sigmoid's slope, which is
nearly zero exactly where a miss is confident.
"""

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import SpanbertError
from .targets import span_targets

# Keeps powers of zero finite; far below the smallest probability that matters.
_TINY = 1e-30


def span_loss(
    logits: Tensor,
    gold_rows: Tensor,
    gold_labels: Tensor,
    *,
    n_labels: int,
    multilabel: bool,
    annotated: Tensor | None = None,
    boundary_smoothing: float = 0.0,
    neighbours: Tensor | None = None,
    positive_weight: float = 1.0,
    none_weight: float = 1.0,
    focal_gamma: float = 0.0,
    negatives: float | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Compute the summed loss of span scores and its gradient.

    logits (Tensor): [n_spans, n_labels + 1], "none" last; with multilabel [n_spans, n_labels].
    gold_rows (Tensor): Long [n_gold]; the row of each gold span. A row may come with several
        labels: without multilabel its probability is split equally between them.
    gold_labels (Tensor): Long [n_gold]; 0 to n_labels - 1.
    n_labels (int): Labels, "none" not counted.
    multilabel (bool): Binary cross-entropy for each label, not one choice among labels and
        "none".
    annotated (Optional[Tensor]): Bool [n_spans]; rows that are False have no loss. None: all
        rows are annotated, and those without gold are "none".
    boundary_smoothing (float): Share of a gold span's target that goes to the spans whose
        boundaries differ by one word; 0 to 1. See span_targets.
    neighbours (Optional[Tensor]): Long [n_gold, n_neighbours]; the rows of those spans, -1
        where not a candidate (SpanCandidates.neighbour_rows). Needed for boundary_smoothing.
    positive_weight (float): Factor of the loss for labels that should be there.
    none_weight (float): Factor of the loss for "none", or for labels that should not be there.
    focal_gamma (float): How strongly outputs that are nearly right are discounted (Lin et al.,
        2017); 0 is not at all.
    negatives (Optional[float]): Share of the rows without gold that counts, drawn at each call;
        0 to 1. None: all of them.
    generator (Optional[torch.Generator]): For that draw; on the device of the logits.
    RETURNS (tuple[Tensor, Tensor]): The sum over rows, divided by nothing, float32 []; its
        gradient, float32 [n_spans, n_outputs]. Without rows: zero, and no rows.
    RAISES (ValueError): When shapes do not fit together.
    RAISES (SpanbertError): When an option has a value that cannot be.
    """
    _check_options(positive_weight, none_weight, focal_gamma, negatives)
    logits = logits.detach().float()
    n_outputs = n_labels if multilabel else n_labels + 1
    if logits.dim() != 2 or logits.shape[1] != n_outputs:
        raise ValueError(
            f"Expected logits of shape (n_spans, {n_outputs}) for {n_labels} labels with "
            f"multilabel = {multilabel}, but got {tuple(logits.shape)}."
        )
    targets = span_targets(
        gold_rows.to(logits.device),
        gold_labels.to(logits.device),
        n_spans=logits.shape[0],
        n_labels=n_labels,
        multilabel=multilabel,
        boundary_smoothing=boundary_smoothing,
        neighbours=neighbours,
    )
    compute = _binary_cross_entropy if multilabel else _cross_entropy
    losses, d_logits = compute(logits, targets, positive_weight, none_weight, focal_gamma)
    counted = _counted_rows(targets, n_labels, annotated, negatives, generator)
    if counted is not None:
        losses, d_logits = losses * counted, d_logits * counted.unsqueeze(1)
    return losses.sum(), d_logits


def _cross_entropy(
    logits: Tensor, targets: Tensor, positive_weight: float, none_weight: float, gamma: float
) -> tuple[Tensor, Tensor]:
    """Choose one output a row; "none" is the last. Losses [n_spans], gradient as the logits."""
    log_p = functional.log_softmax(logits, dim=1)
    p = log_p.exp()
    if positive_weight != 1.0 or none_weight != 1.0:
        weights = torch.full_like(logits[:1], positive_weight)
        weights[:, -1] = none_weight
        targets = targets * weights
    if gamma == 0.0:
        return -(targets * log_p).sum(1), p * targets.sum(1, keepdim=True) - targets
    miss = (-torch.expm1(log_p)).clamp_min(_TINY)
    focus = miss**gamma
    # p * d loss / d p
    slope = targets * focus * (gamma * p * log_p / miss - 1.0)
    return -(targets * focus * log_p).sum(1), slope - p * slope.sum(1, keepdim=True)


def _binary_cross_entropy(
    logits: Tensor, targets: Tensor, positive_weight: float, none_weight: float, gamma: float
) -> tuple[Tensor, Tensor]:
    """Decide each output by itself. Losses [n_spans], gradient as the logits."""
    log_p, log_q = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    p, q = log_p.exp(), log_q.exp()
    right, wrong = targets * positive_weight, (1.0 - targets) * none_weight
    if gamma == 0.0:
        return -(right * log_p + wrong * log_q).sum(1), wrong * p - right * q
    right, wrong = right * q**gamma, wrong * p**gamma
    d_logits = right * (gamma * p * log_p - q) + wrong * (p - gamma * q * log_q)
    return -(right * log_p + wrong * log_q).sum(1), d_logits


def _counted_rows(
    targets: Tensor,
    n_labels: int,
    annotated: Tensor | None,
    negatives: float | None,
    generator: torch.Generator | None,
) -> Tensor | None:
    """Mark the rows that have a loss: bool [n_spans], or None when all have."""
    n_spans = targets.shape[0]
    counted = None
    if annotated is not None:
        if annotated.shape != (n_spans,):
            raise ValueError(
                f"Expected annotated to have one value for each of {n_spans} rows, but got "
                f"shape {tuple(annotated.shape)}."
            )
        counted = annotated.to(targets.device, torch.bool)
    if negatives is not None:
        drawn = torch.rand(n_spans, generator=generator, device=targets.device) < negatives
        drawn |= (targets[:, :n_labels] > 0.0).any(1)
        counted = drawn if counted is None else counted & drawn
    return counted


def _check_options(
    positive_weight: float, none_weight: float, focal_gamma: float, negatives: float | None
) -> None:
    options = {
        "positive_weight": positive_weight,
        "none_weight": none_weight,
        "focal_gamma": focal_gamma,
    }
    for name, value in options.items():
        if value < 0.0:
            raise SpanbertError(f"Expected {name} of 0 or more, but got {value}.")
    if negatives is not None and not 0.0 <= negatives <= 1.0:
        raise SpanbertError(f"Expected negatives between 0 and 1, but got {negatives}.")
