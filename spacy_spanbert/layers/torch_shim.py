"""A torch module inside a thinc model: saved without pickle, stepped by fused AdamW."""

import contextlib
import copy
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import safetensors.torch
import srsly
import torch
from thinc.api import Optimizer, get_torch_default_device
from thinc.shims.shim import Shim
from torch import nn

from spacy_spanbert.layers.optimizer import ModuleOptimizer
from spacy_spanbert.layers.precision import Precision, check_precision, resolve_precision


def _use_one_thread_after_fork() -> None:
    torch.set_num_threads(1)


# OpenMP's threads do not survive a fork: a child that inherits a used pool hangs at its first
# matrix product (nlp.pipe with n_process, pytorch/pytorch#17199).
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_use_one_thread_after_fork)


class TorchShim(Shim):
    """Holds a torch module for a thinc model.

    Unlike thinc's own shim it can start empty and be filled by `from_bytes`: the payload carries
    the sizes from which the module is built. It is stored as safetensors.

    module (nn.Module | None): The module, or None until initialization or loading.
    build (Callable[..., nn.Module]): Makes an untrained module from its sizes: its class.
    precision (Precision): Number format of the matrix products; weights stay in float32.
    """

    def __init__(
        self,
        module: nn.Module | None,
        *,
        build: Callable[..., nn.Module] | None = None,
        precision: Precision = "float32",
    ) -> None:
        check_precision(precision)
        super().__init__(None)
        self.build = build
        self.precision: Precision = precision
        self.lr_scale = 1.0
        self._module_optimizer: ModuleOptimizer | None = None
        if module is not None:
            self.set_module(module)

    @property
    def has_module(self) -> bool:
        """RETURNS (bool): Whether the module is there."""
        return self._model is not None

    @property
    def module(self) -> nn.Module:
        """RETURNS (nn.Module): The module. RAISES (ValueError): If there is none yet."""
        if self._model is None:
            raise ValueError(
                "this model has no weights yet: call nlp.initialize() or load a trained pipeline"
            )
        return self._model

    @property
    def device(self) -> torch.device:
        """RETURNS (torch.device): Where the module's parameters are."""
        return next(self.module.parameters()).device

    def set_module(self, module: nn.Module) -> None:
        """Take a module, and forget what was known of the one before.

        module (nn.Module): Moved to thinc's current device.
        """
        self._model = module.to(get_torch_default_device())
        self._module_optimizer = None

    def parameters(self) -> Iterable[tuple[str, nn.Parameter, float]]:
        """List what the optimizer may change.

        YIELDS (tuple[str, nn.Parameter, float]): Name, parameter, learning-rate factor.
        """
        for name, parameter in self.module.named_parameters():
            yield name, parameter, 1.0

    @contextlib.contextmanager
    def inference(self) -> Iterator[nn.Module]:
        """Run the module without gradients or dropout.

        YIELDS (nn.Module): The module in evaluation mode, under autocast if so configured.
        """
        module = self.module.eval()
        with torch.inference_mode(), self.autocast():
            yield module

    @contextlib.contextmanager
    def training(self) -> Iterator[nn.Module]:
        """Run the module with gradients and dropout.

        YIELDS (nn.Module): The module in training mode, under autocast if so configured.
        """
        module = self.module.train()
        with torch.enable_grad(), self.autocast():
            yield module

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """RETURNS (AbstractContextManager): torch's autocast for this device and precision."""
        dtype = resolve_precision(self.precision, self.device)
        return torch.autocast(self.device.type, torch.bfloat16, enabled=dtype == torch.bfloat16)

    def finish_update(self, optimizer: Optimizer) -> None:
        """Apply the gradients to the weights.

        optimizer (Optimizer): The thinc optimizer of the training config.
        """
        if self._model is None:
            return
        if self._module_optimizer is None:
            self._module_optimizer = ModuleOptimizer(self.parameters())
        self._module_optimizer.step(optimizer, self.lr_scale)

    def copy(self) -> "TorchShim":
        """RETURNS (TorchShim): An independent copy, with a fresh optimizer state."""
        copied = copy.copy(self)
        with Shim.global_id_lock:
            Shim.global_id += 1
            copied.id = Shim.global_id
        copied._model = copy.deepcopy(self._model)
        copied._module_optimizer = None
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> "TorchShim":
        return self.copy()

    def to_device(self, device_type: str, device_id: int) -> None:
        """Move the module; without one nothing happens, and it will be made where thinc then works.

        device_type (str): "cpu" or "gpu".
        device_id (int): Which GPU.
        """
        device = torch.device("cpu") if device_type == "cpu" else torch.device("cuda", device_id)
        if self._model is not None:
            self.module.to(device)
        self._module_optimizer = None

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): Sizes and weights; no pickle. Without a module, a marker for that."""
        if self._model is None:
            return srsly.msgpack_dumps({"sizes": None, "weights": b""})
        state = {name: value.contiguous() for name, value in self.module.state_dict().items()}
        return srsly.msgpack_dumps(
            {"sizes": self.module.sizes, "weights": safetensors.torch.save(state)}
        )

    def from_bytes(self, bytes_data: bytes) -> "TorchShim":
        """Build the module from what to_bytes returned.

        bytes_data (bytes): The stored form.
        RETURNS (TorchShim): This object.
        """
        message = srsly.msgpack_loads(bytes_data)
        if message["sizes"] is None:
            self._model = None
        else:
            assert self.build is not None
            module = self.build(**message["sizes"])
            module.load_state_dict(safetensors.torch.load(message["weights"]))
            self.set_module(module)
        return self
