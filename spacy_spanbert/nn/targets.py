"""What the scores of spans should be: gold labels as rows of probabilities."""

import torch
from torch import Tensor

from ..errors import SpanbertError


def span_targets(
    gold_rows: Tensor,
    gold_labels: Tensor,
    *,
    n_spans: int,
    n_labels: int,
    multilabel: bool,
    boundary_smoothing: float = 0.0,
    neighbours: Tensor | None = None,
) -> Tensor:
    """Spread gold labels over rows.

    Boundary smoothing (Zhu and Li, 2022, "Boundary Smoothing for Named Entity Recognition",
    with distance 1): a gold span keeps 1 - epsilon of its target, and each of the four spans
    with one boundary moved by one word gets epsilon / 4. The part of those that are no
    candidates stays. Where targets of several spans meet in a row, the row is scaled down to
    the sum of one (multilabel: each label is cut at one).

    gold_rows (Tensor): Long [n_gold]; the row of each gold span; a label given twice to a row
        counts once.
    gold_labels (Tensor): Long [n_gold]; 0 to n_labels - 1.
    n_spans (int): Rows.
    n_labels (int): Labels, "none" not counted.
    multilabel (bool): One column a label. Otherwise a further last column for "none", and rows
        sum to one.
    boundary_smoothing (float): Epsilon; 0 to 1.
    neighbours (Optional[Tensor]): Long [n_gold, 4]; rows of the spans with one boundary moved
        by one word, -1 where not a candidate.
    RETURNS (Tensor): Float32 [n_spans, n_labels or n_labels + 1]; 0 to 1.
    RAISES (ValueError): When shapes or values do not fit together.
    RAISES (SpanbertError): When boundary_smoothing is not a share.
    """
    _check_gold(gold_rows, gold_labels, n_spans, n_labels)
    device = gold_rows.device
    targets = torch.zeros(n_spans, n_labels, device=device)
    targets[gold_rows, gold_labels] = 1.0
    if not multilabel:
        targets /= targets.sum(1, keepdim=True).clamp_min(1.0)
    if boundary_smoothing:
        _check_smoothing(boundary_smoothing, neighbours, gold_rows)
        assert neighbours is not None
        # [n_gold] -> [n_distinct]: one of the gold spans for each distinct row and label
        keys, inverse = torch.unique(gold_rows * n_labels + gold_labels, return_inverse=True)
        chosen = keys.new_empty(keys.shape[0])
        chosen[inverse] = torch.arange(inverse.shape[0], device=device)
        _smooth(
            targets,
            gold_rows[chosen],
            gold_labels[chosen],
            neighbours.to(device)[chosen],
            boundary_smoothing,
        )
    if multilabel:
        return targets.clamp_max_(1.0)
    targets /= targets.sum(1, keepdim=True).clamp_min(1.0)
    none = (1.0 - targets.sum(1, keepdim=True)).clamp_min(0.0)
    return torch.cat([targets, none], dim=1)


def _smooth(
    targets: Tensor, rows: Tensor, labels: Tensor, neighbours: Tensor, epsilon: float
) -> None:
    """Move epsilon of each gold target to the rows around it, in place."""
    there = neighbours >= 0
    # [n_gold, 4]
    moved = targets[rows, labels].unsqueeze(1) * (epsilon / neighbours.shape[1]) * there
    targets.index_put_((rows, labels), -moved.sum(1), accumulate=True)
    labels = labels.unsqueeze(1).expand_as(neighbours)
    targets.index_put_((neighbours[there], labels[there]), moved[there], accumulate=True)


def _check_gold(gold_rows: Tensor, gold_labels: Tensor, n_spans: int, n_labels: int) -> None:
    if gold_rows.dim() != 1 or gold_rows.shape != gold_labels.shape:
        raise ValueError(
            f"Expected one label for each gold row, but got shapes {tuple(gold_rows.shape)} and "
            f"{tuple(gold_labels.shape)}."
        )
    for name, values, n_values in (("row", gold_rows, n_spans), ("label", gold_labels, n_labels)):
        wrong = (values < 0) | (values >= n_values)
        if bool(wrong.any()):
            index = int(wrong.nonzero()[0, 0])
            raise ValueError(
                f"Gold span {index} has {name} {int(values[index])}, but there are {n_values} "
                f"{name}s. Leave out gold spans that are not among the candidates."
            )


def _check_smoothing(epsilon: float, neighbours: Tensor | None, gold_rows: Tensor) -> None:
    if not 0.0 <= epsilon <= 1.0:
        raise SpanbertError(f"Expected boundary_smoothing between 0 and 1, but got {epsilon}.")
    if neighbours is None or neighbours.shape != (gold_rows.shape[0], 4):
        shape = None if neighbours is None else tuple(neighbours.shape)
        raise ValueError(
            f"Boundary smoothing needs neighbours of shape ({gold_rows.shape[0]}, 4), one row of "
            f"neighbour_rows for each gold span, but got {shape}."
        )
