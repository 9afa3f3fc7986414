"""Activations by name."""

from typing import Literal, get_args

import torch
from torch import Tensor

ActivationName = Literal["relu", "gelu"]
ACTIVATIONS: tuple[ActivationName, ...] = get_args(ActivationName)


def activate(hidden: Tensor, name: ActivationName) -> Tensor:
    """Apply an activation.

    hidden (Tensor): Float; any shape; overwritten where the activation can work in place, so it
        must be the caller's own and not a parameter.
    name (str): "relu" or "gelu".
    RETURNS (Tensor): The same shape.
    """
    return torch.relu_(hidden) if name == "relu" else torch.nn.functional.gelu(hidden)
