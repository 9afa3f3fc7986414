"""AdamW for pretraining, and its learning rate."""

import re

import torch
from torch import nn

from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.settings import TrainingSettings

_LAYER = re.compile(r"(?:^|\.)(?:layer|layers)\.(\d+)\.")


def make_optimizer(model: PretrainingModel, settings: TrainingSettings) -> torch.optim.AdamW:
    """Build AdamW over all parameters that learn.

    Matrices decay; biases and norms do not. The learning rate falls from the heads down to the
    embeddings by `layer_lr_decay` a layer.

    model (PretrainingModel): Its parameters.
    settings (TrainingSettings): Of the config.
    RETURNS (AdamW): Each group has its `factor` on the learning rate, and tells whether it
        `is_encoder`.
    """
    n_layers = int(model.encoder.config.num_hidden_layers)
    groups: dict[tuple[bool, float, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            distance = n_layers + 1 - _depth(name, n_layers)
            is_encoder = name.startswith("encoder.")
            key = (is_encoder, settings.layer_lr_decay**distance, parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "is_encoder": is_encoder,
                "factor": factor,
                "weight_decay": settings.weight_decay if is_matrix else 0.0,
            }
            for (is_encoder, factor, is_matrix), parameters in groups.items()
        ],
        lr=settings.learn_rate,
        betas=(settings.beta1, settings.beta2),
        eps=settings.eps,
        fused=True,
    )


def begin_moments(optimizer: torch.optim.Optimizer) -> None:
    """Give each parameter its moments, all 0, before the first step.

    Else torch makes them when the state is first saved, by an empty step that counts as one: the
    bias correction of all later steps would be that of the next.

    optimizer (Optimizer): As `make_optimizer` makes it, without state.
    """
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            optimizer.state[parameter] = {
                "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }


def _depth(name: str, n_layers: int) -> int:
    """0 for the embeddings, 1 for the lowest layer, n_layers + 1 for the heads."""
    if found := _LAYER.search(name):
        return int(found.group(1)) + 1
    return 0 if "embeddings" in name else n_layers + 1


def learn_rate(
    step: int, total_steps: int | None, settings: TrainingSettings, first: int = 0
) -> float:
    """Rise linearly to the highest learning rate, then fall linearly to 0.

    step (int): The step, from 0.
    total_steps (int | None): Steps of the whole run; None while that is not known, where the rate
        only rises or stays.
    settings (TrainingSettings): Of the config.
    first (int): Step from which the rate rises: of the encoder the first one in which it learns.
    RETURNS (float): The rate of this step, above 0; 0.0 before the first one.
    """
    if step < first:
        return 0.0
    done, left = step - first, None if total_steps is None else total_steps - step
    warmup = settings.warmup_steps
    if left is not None:
        # a run too short for its warm-up still has something of both
        warmup = min(warmup, max(1, (done + left) // 2))
    if done < warmup:
        return settings.learn_rate * (done + 1) / warmup
    if left is None:
        return settings.learn_rate
    return settings.learn_rate * max(1, left) / max(1, done + left - warmup)


def set_learn_rate(optimizer: torch.optim.Optimizer, heads: float, encoder: float) -> None:
    """Set the learning rate of every group.

    optimizer (Optimizer): As `make_optimizer` makes it.
    heads (float): The rate of the heads.
    encoder (float): The rate of the encoder, of which its layers have a share each.
    """
    for group in optimizer.param_groups:
        group["lr"] = (encoder if group["is_encoder"] else heads) * group["factor"]
