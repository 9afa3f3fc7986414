"""The pretrained encoder inside its thinc model."""

import contextlib
import copy
import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import srsly
import torch
from thinc.api import Optimizer
from torch import nn
from transformers import PreTrainedModel

from spacy_spanbert.checkpoints.checkpoint import Checkpoint
from spacy_spanbert.checkpoints.files import checkpoint_from_files, checkpoint_to_files
from spacy_spanbert.layers.doc_reader import DocReader
from spacy_spanbert.layers.precision import Precision, resolve_precision
from spacy_spanbert.layers.torch_shim import TorchShim
from spacy_spanbert.nn.layer_mean import choose_layers

_LAYER_NUMBER = re.compile(r"(?:^|\.)(?:layer|layers|block|blocks|h)\.(\d+)\.")


class EncoderShim(TorchShim):
    """Holds a checkpoint: the encoder's module and its tokenizer.

    precision (Precision): Number format of the matrix products. For inference in bfloat16 a copy of
        the weights is kept in that format until they change.
    dropout (float | None): Dropout between layers in training, 0 to 1; None for the checkpoint's.
    attention_dropout (float | None): Dropout inside attention; above 0 it rules out fused kernels.
    window, stride, cut_at_words: See DocReader.
    """

    def __init__(
        self,
        *,
        precision: Precision = "auto",
        dropout: float | None = None,
        attention_dropout: float | None = None,
        window: int | None = None,
        stride: int | None = None,
        cut_at_words: bool = True,
    ) -> None:
        super().__init__(None, precision=precision)
        self.checkpoint: Checkpoint | None = None
        self.window = window
        self.stride = stride
        self.cut_at_words = cut_at_words
        self.dropout = dropout
        self.attention_dropout = attention_dropout
        self.component = "spanbert"  # for messages; the component that has it sets its name
        self.freeze_layers = 0
        self.layer_lr_decay = 1.0
        self.vector_layers: str | Sequence[int] = "last"
        self._low_precision: PreTrainedModel | None = None
        self._reader: DocReader | None = None

    @property
    def reader(self) -> DocReader:
        """RETURNS (DocReader): Cuts Docs for this checkpoint. RAISES (ValueError): Without one."""
        if self._reader is None:
            raise ValueError(
                "the encoder has no weights yet: call nlp.initialize() with [initialize.components."
                f"{self.component}] checkpoint set, or load a trained pipeline"
            )
        return self._reader

    @property
    def module(self) -> PreTrainedModel:
        """See TorchShim.module."""
        return cast(PreTrainedModel, super().module)

    @property
    def layers_beside_last(self) -> tuple[int, ...]:
        """RETURNS (tuple[int, ...]): Layers whose mean is wanted; none if that is the last one.
        RAISES (ValueError): If the encoder has no such layer.
        """
        n_layers = self.module.config.num_hidden_layers
        layers = choose_layers(self.vector_layers, n_layers)
        return () if layers == (n_layers,) else layers

    @contextlib.contextmanager
    def last_layer_only(self) -> Iterator[None]:
        """Add no layers up inside the block: nobody takes their mean there."""
        layers, self.vector_layers = self.vector_layers, "last"
        try:
            yield
        finally:
            self.vector_layers = layers

    def set_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Take a checkpoint as the encoder.

        checkpoint (Checkpoint): Module and tokenizer; the module is used, not copied.
        RAISES (ValueError): If the configured window does not suit the checkpoint.
        """
        self._reader = DocReader(
            checkpoint,
            window=self.window,
            stride=self.stride,
            cut_at_words=self.cut_at_words,
            component=self.component,
        )
        self.checkpoint = checkpoint
        _set_dropout(checkpoint.module, self.dropout, self.attention_dropout)
        self.set_module(checkpoint.module)

    def set_module(self, module: nn.Module) -> None:
        """See TorchShim.set_module."""
        super().set_module(module)
        self._low_precision = None
        self.freeze(self.freeze_layers)

    def freeze(self, n_layers: int) -> None:
        """Fix the embeddings and the lowest layers; all others learn.

        n_layers (int): How many layers, 0 for nothing at all.
        RAISES (ValueError): If the encoder has fewer layers.
        """
        self.freeze_layers = n_layers
        self._module_optimizer = None
        if self._model is not None:
            n_there = self.module.config.num_hidden_layers
            if n_layers > n_there:
                raise ValueError(
                    f"[components.{self.component}] freeze_layers is {n_layers}, but this encoder "
                    f"has {n_there} layers; to keep all of it as it is, set frozen = true"
                )
            for name, parameter in self.module.named_parameters():
                parameter.requires_grad_(n_layers == 0 or self._depth(name) > n_layers)

    def parameters(self) -> Iterable[tuple[str, nn.Parameter, float]]:
        """List the parameters, the learning rate falling from the top layer to the embeddings.

        YIELDS (tuple[str, nn.Parameter, float]): Name, parameter, learning-rate factor.
        """
        n_layers = self.module.config.num_hidden_layers
        for name, parameter in self.module.named_parameters():
            distance = max(0, n_layers - self._depth(name))
            yield name, parameter, self.layer_lr_decay**distance

    def _depth(self, name: str) -> int:
        """0 for the embeddings, 1 for the lowest layer, n_layers + 1 for what lies above."""
        if found := _LAYER_NUMBER.search(name):
            return int(found.group(1)) + 1
        return 0 if "embeddings" in name else self.module.config.num_hidden_layers + 1

    @contextlib.contextmanager
    def inference(self) -> Iterator[PreTrainedModel]:
        """See TorchShim.inference; in bfloat16 with weights in that format, not under autocast."""
        if resolve_precision(self.precision, self.device) == torch.float32:
            with super().inference():
                yield self.module
            return
        if self._low_precision is None:
            copied: nn.Module = copy.deepcopy(self.module)
            self._low_precision = cast(PreTrainedModel, copied.to(torch.bfloat16).eval())
        with torch.inference_mode():
            yield self._low_precision

    @contextlib.contextmanager
    def training(self) -> Iterator[PreTrainedModel]:
        """See TorchShim.training."""
        self._low_precision = None
        with super().training():
            yield self.module

    def finish_update(self, optimizer: Optimizer) -> None:
        """See TorchShim.finish_update."""
        super().finish_update(optimizer)
        self._low_precision = None

    def to_device(self, device_type: str, device_id: int) -> None:
        """See TorchShim.to_device."""
        super().to_device(device_type, device_id)
        self._low_precision = None

    def copy(self) -> "EncoderShim":
        """See TorchShim.copy."""
        copied = super().copy()
        assert isinstance(copied, EncoderShim)
        copied._low_precision = None
        if self.checkpoint is not None:
            copied.checkpoint = dataclasses.replace(self.checkpoint, module=copied.module)
        return copied

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The checkpoint's files: safetensors, config, tokenizer; no pickle."""
        files = {} if self.checkpoint is None else checkpoint_to_files(self.checkpoint)
        return srsly.msgpack_dumps(files)

    def from_bytes(self, bytes_data: bytes) -> "EncoderShim":
        """Take the checkpoint that to_bytes stored.

        bytes_data (bytes): The stored form.
        RETURNS (EncoderShim): This object.
        """
        files: dict[str, Any] = srsly.msgpack_loads(bytes_data)
        if files:
            self.set_checkpoint(checkpoint_from_files(files))
        return self


def _set_dropout(module: nn.Module, dropout: float | None, attention: float | None) -> None:
    for name, part in module.named_modules():
        is_attention = ".attention.self" in name or name.endswith("attention.dropout")
        rate = attention if is_attention else dropout
        if rate is None:
            continue
        if isinstance(part, nn.Dropout):
            part.p = rate
        elif is_attention and hasattr(part, "dropout_prob"):
            part.dropout_prob = rate
