"""Weights, gradients and the optimizer's state divided over the processes (FSDP)."""

import copy
from typing import Any

import torch
from accelerate import Accelerator
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard

from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.optimizer import make_optimizer
from spacy_spanbert.pretraining.settings import TrainingSettings


def prepare_model(
    model: PretrainingModel, accelerator: Accelerator, settings: TrainingSettings
) -> tuple[torch.nn.Module, Any]:
    """Bring a model to its devices, and make its optimizer.

    With `settings.shard` and several processes, each keeps a part of every tensor; the whole ones
    are there during a forward or backward pass only (Zhao et al. 2023, PyTorch FSDP,
    https://arxiv.org/abs/2304.11277). Else each process keeps all, and gradients are averaged.

    model (PretrainingModel): Whole, on any device.
    accelerator (Accelerator): Devices and processes.
    settings (TrainingSettings): Of the config.
    RETURNS (tuple[Module, AcceleratedOptimizer]): The model to call, and the optimizer.
    """
    if not settings.shard or accelerator.num_processes == 1:
        return accelerator.prepare(model, make_optimizer(model, settings))
    device = accelerator.device
    mesh = init_device_mesh(device.type, (accelerator.num_processes,))
    # the layers are not called one by one but through their parts, so that all are one unit
    fully_shard(model.to(device), mesh=mesh, reshard_after_forward=True)
    return model, accelerator.prepare(make_optimizer(model, settings))


def is_sharded(model: torch.nn.Module) -> bool:
    """RETURNS (bool): Whether each process has a part of each tensor only."""
    return isinstance(model, FSDPModule)


class WholeModel:
    """Puts the model together again, to save it.

    model (PretrainingModel): Whole; before `prepare_model`.
    accelerator (Accelerator): Knows the processes.
    settings (TrainingSettings): Of the config.
    """

    def __init__(
        self, model: PretrainingModel, accelerator: Accelerator, settings: TrainingSettings
    ) -> None:
        is_needed = settings.shard and accelerator.num_processes > 1 and accelerator.is_main_process
        self._copy = copy.deepcopy(model) if is_needed else None

    def gather(self, model: torch.nn.Module, accelerator: Accelerator) -> PretrainingModel | None:
        """Collect the weights; all processes must call this together.

        model (Module): From `prepare_model`.
        accelerator (Accelerator): Knows the processes.
        RETURNS (PretrainingModel | None): With the weights as they are now, to be read only. None
            in processes other than the first if the model is divided.
        """
        if not is_sharded(model):
            return plain_model(accelerator, model)
        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        state = get_model_state_dict(model, options=options)
        if self._copy is not None:
            self._copy.load_state_dict(state)
        return self._copy


def plain_model(accelerator: Accelerator, model: torch.nn.Module) -> PretrainingModel:
    """RETURNS (PretrainingModel): The model without what the accelerator put around it."""
    unwrapped = accelerator.unwrap_model(model)
    assert isinstance(unwrapped, PretrainingModel)
    return unwrapped


def freeze_encoder(model: PretrainingModel, frozen: bool) -> None:
    """Let the encoder learn or not; a pooler, which no objective asks, never does.

    model (PretrainingModel): Not wrapped. If it is divided, whether its parameters learn is fixed,
        and their gradients have to be dropped instead; see `drop_encoder_gradients`.
    frozen (bool): Whether the encoder stays as it is.
    """
    if is_sharded(model):
        return
    for name, parameter in model.encoder.named_parameters():
        parameter.requires_grad_(not frozen and not name.startswith("pooler."))


def drop_encoder_gradients(model: PretrainingModel) -> None:
    """Forget what the encoder would learn in this step.

    model (PretrainingModel): Not wrapped, after the backward pass.
    """
    for parameter in model.encoder.parameters():
        parameter.grad = None
