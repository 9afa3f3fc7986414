"""From scores to labels: which outputs are probable enough."""

import torch
from torch import Tensor


def choose_labels(
    logits: Tensor, *, threshold: float, multilabel: bool, max_positive: int | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Keep what is probable enough.

    logits (Tensor): One row for each thing that is labelled, shape (n_rows, n_outputs).
    threshold (float): Lowest probability, 0 to 1.
    multilabel (bool): Whether each label is decided by itself. If not, the last output is "none",
        and a row carries its best label other than none, whether or not none is more probable.
    max_positive (int | None): With multilabel: the most labels of a row, the best ones.
    RETURNS (tuple[Tensor, Tensor, Tensor]): Rows in order, index of the label, and its probability,
        shape (n_kept,) each, on the processor.
    """
    if multilabel:
        kept = _several_labels(logits, threshold, max_positive)
    else:
        kept = _best_label(logits, threshold)
    rows, labels, scores = (column.cpu() for column in kept)
    return rows, labels, scores


def _best_label(logits: Tensor, threshold: float) -> tuple[Tensor, Tensor, Tensor]:
    best, labels = logits[:, :-1].max(dim=1)
    # shape (n_spans,)
    scores = (best - logits.logsumexp(dim=1)).exp()
    rows = torch.nonzero(scores >= threshold)[:, 0]
    return rows, labels[rows], scores[rows]


def _several_labels(
    logits: Tensor, threshold: float, max_positive: int | None
) -> tuple[Tensor, Tensor, Tensor]:
    scores = logits.sigmoid()
    is_kept = scores >= threshold
    if max_positive is not None and max_positive < scores.shape[1]:
        # a stable sort: of equal scores the first label wins, on every machine
        best = logits.sort(dim=1, descending=True, stable=True).indices[:, :max_positive]
        is_kept &= torch.zeros_like(is_kept).scatter_(1, best, value=True)
    rows, labels = torch.nonzero(is_kept, as_tuple=True)
    return rows, labels, scores[rows, labels]
