"""AdamW for torch modules, driven by the optimizer of the spaCy config."""

from collections.abc import Iterable

import torch
from thinc.api import Optimizer
from torch import nn

GroupKey = tuple[float, bool]


class ModuleOptimizer:
    """Fused AdamW over the parameters of one module.

    thinc's own Adam copies each parameter to and from torch, clips each by itself and decays biases
    and layer norms. This one steps all at once, clips by the global norm, and decays matrices only.
    Learning rate, betas, epsilon, decay and clipping are read from the thinc optimizer at each
    step, so its schedules stay in charge. Source: Loshchilov and Hutter (2019), "Decoupled Weight
    Decay Regularization".

    parameters (Iterable[tuple[str, nn.Parameter, float]]): Name, parameter and learning-rate
        factor, 0 or more.
    """

    def __init__(self, parameters: Iterable[tuple[str, nn.Parameter, float]]) -> None:
        groups: dict[GroupKey, list[nn.Parameter]] = {}
        for name, parameter, factor in parameters:
            if parameter.requires_grad and factor > 0:
                groups.setdefault((factor, _is_decayed(name, parameter)), []).append(parameter)
        self._keys = list(groups)
        self._parameters = [parameter for group in groups.values() for parameter in group]
        self._adam: torch.optim.AdamW | None = None
        if groups:
            self._adam = torch.optim.AdamW(
                [{"params": group} for group in groups.values()], fused=True
            )

    def step(self, optimizer: Optimizer, lr_scale: float = 1.0) -> None:
        """Apply the gradients, and clear them. Without any gradient, nothing changes.

        optimizer (Optimizer): The thinc optimizer of the training config; `learn_rate`, `b1`,
            `b2`, `eps`, `L2` and `grad_clip` are read.
        lr_scale (float): Factor on the learning rate.
        """
        if self._adam is None or all(parameter.grad is None for parameter in self._parameters):
            return
        if optimizer.grad_clip:
            nn.utils.clip_grad_norm_(self._parameters, float(optimizer.grad_clip))
        for (factor, is_decayed), group in zip(self._keys, self._adam.param_groups, strict=True):
            group["lr"] = float(optimizer.learn_rate) * lr_scale * factor
            group["betas"] = (float(optimizer.b1), float(optimizer.b2))
            group["eps"] = float(optimizer.eps)
            group["weight_decay"] = float(optimizer.L2) if is_decayed else 0.0
        self._adam.step()
        self._adam.zero_grad(set_to_none=True)


def _is_decayed(name: str, parameter: nn.Parameter) -> bool:
    """Matrices are decayed; biases, norms and other vectors are not."""
    return parameter.ndim > 1 and not name.endswith("bias")
