"""Losses of text scores: cross-entropy or binary cross-entropy, as sums, with their gradients.

The gradient of both is `probability - target`, as in losses.py.
"""

import torch
from torch import Tensor
from torch.nn import functional


def class_loss(logits: Tensor, targets: Tensor, *, multilabel: bool) -> tuple[Tensor, Tensor]:
    """Compute the summed loss of text scores and its gradient.

    logits (Tensor): shape (n_texts, n_labels).
    targets (Tensor): What the probabilities should be, 0 to 1, shape (n_texts, n_labels); NaN where
        it is not known. Without multilabel, a text counts as much as its known targets sum up to:
        one without any has no loss.
    multilabel (bool): Binary cross-entropy for each label, not one choice among all.
    RETURNS (tuple[Tensor, Tensor]): The sum over texts, in nats, divided by nothing, float32 of
        shape (); its gradient, float32 of shape (n_texts, n_labels). Without texts: zero.
    """
    logits = logits.detach().float()
    targets = targets.to(logits.device, torch.float32)
    is_known = ~torch.isnan(targets)
    targets = torch.nan_to_num(targets, nan=0.0)
    if multilabel:
        losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
        return (losses * is_known).sum(), (logits.sigmoid() - targets) * is_known
    log_p = functional.log_softmax(logits, dim=1)
    return -(targets * log_p).sum(), log_p.exp() * targets.sum(1, keepdim=True) - targets
