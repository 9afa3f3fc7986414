"""Dropout whose mask costs one random byte an element."""

from typing import Any

import torch
from torch import Tensor

_LOWEST = -(2**63)


def byte_dropout(x: Tensor, rate: float) -> Tensor:
    """Set elements to zero at random and scale the others, so that the mean stays.

    torch draws a random number for each element, on a CPU in one thread: 8 % of a training step.
    Here eight elements share one. The rate is rounded to 1/256, and the scale is that of the
    rounded rate.

    x (Tensor): Any shape.
    rate (float): Probability of zero, 0 to 1, of which 256 steps are told apart.
    RETURNS (Tensor): Like x; x itself at rate 0.
    """
    n_dropped = round(rate * 256)
    if n_dropped == 0:
        return x
    if n_dropped == 256:
        return x * 0
    return _ByteDropout.apply(x, n_dropped)


class _ByteDropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, n_dropped: int) -> Tensor:
        draws = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device)
        draws.random_(_LOWEST, None)
        # shape of x; 0 or 1: in bfloat16 a mask that held the scale would round it by up to 0.4 %
        mask = (draws.view(torch.uint8)[: x.numel()].view(x.shape) >= n_dropped).to(x.dtype)
        ctx.save_for_backward(mask)
        ctx.scale = 256 / (256 - n_dropped)
        return (x * mask).mul_(ctx.scale)

    @staticmethod
    def backward(ctx: Any, d_output: Tensor) -> tuple[Tensor | None, ...]:
        (mask,) = ctx.saved_tensors
        return (d_output * mask).mul_(ctx.scale), None
