"""Checkpoints of pretraining: an encoder that anybody can load, and beside it what goes on."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_optimizer_state_dict,
)
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.checkpoint import Checkpoint, CheckpointError, longest_input
from spacy_spanbert.checkpoints.files import recover_checkpoint, write_checkpoint
from spacy_spanbert.checkpoints.weights import read_weights
from spacy_spanbert.pretraining.disk import writing
from spacy_spanbert.pretraining.model import PretrainingModel

HEADS = "pretraining_heads.safetensors"
OPTIMIZER = "optimizer.safetensors"
PROGRESS = "pretraining.json"
# Heads by the names that Hugging Face's models give them: BERT; RoBERTa, XLM-R, CamemBERT, MPNet;
# DistilBERT; ELECTRA's generator.
PUBLISHED = {
    "cls.predictions.transform.dense.weight": "heads.mlm.dense.weight",
    "cls.predictions.transform.dense.bias": "heads.mlm.dense.bias",
    "cls.predictions.transform.LayerNorm.weight": "heads.mlm.norm.weight",
    "cls.predictions.transform.LayerNorm.bias": "heads.mlm.norm.bias",
    "cls.predictions.decoder.bias": "output_bias",
    "cls.predictions.bias": "output_bias",
    "cls.seq_relationship.weight": "heads.nsp.output.weight",
    "cls.seq_relationship.bias": "heads.nsp.output.bias",
    "lm_head.dense.weight": "heads.mlm.dense.weight",
    "lm_head.dense.bias": "heads.mlm.dense.bias",
    "lm_head.layer_norm.weight": "heads.mlm.norm.weight",
    "lm_head.layer_norm.bias": "heads.mlm.norm.bias",
    "lm_head.decoder.bias": "output_bias",
    "lm_head.bias": "output_bias",
    "vocab_transform.weight": "heads.mlm.dense.weight",
    "vocab_transform.bias": "heads.mlm.dense.bias",
    "vocab_layer_norm.weight": "heads.mlm.norm.weight",
    "vocab_layer_norm.bias": "heads.mlm.norm.bias",
    "vocab_projector.bias": "output_bias",
    "generator_predictions.dense.weight": "heads.mlm.dense.weight",
    "generator_predictions.dense.bias": "heads.mlm.dense.bias",
    "generator_predictions.LayerNorm.weight": "heads.mlm.norm.weight",
    "generator_predictions.LayerNorm.bias": "heads.mlm.norm.bias",
    "generator_lm_head.bias": "output_bias",
}
# The dense layer of BERT's NSP head is its pooler; without the output layer it is of no use here.
POOLER = re.compile(r"(?:^|\.)pooler\.dense\.(weight|bias)$")
NSP_OUTPUT = "heads.nsp.output.weight"
_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


@dataclass
class Progress:
    """How far a run is, stored with its checkpoint.

    step (int): Steps that are done.
    total_steps (int | None): Steps of the whole run; None while a budget in minutes is measured.
    best_loss (float | None): Lowest held-out loss so far, in nats.
    settings (dict[str, Any]): What must not change between start and resume, by dotted name.
    seconds (float): Time that training has taken so far.
    counts (dict[str, int]): What was asked of the text so far, and what could not be; see
        `render_counts`.
    """

    step: int = 0
    total_steps: int | None = None
    best_loss: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)


def save_pretraining(
    folder: Path,
    model: PretrainingModel,
    tokenizer: PreTrainedTokenizerFast,
    progress: Progress,
    optimizer_state: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a checkpoint folder, whole or not at all.

    Plain `AutoModel.from_pretrained` loads the encoder; the heads lie beside it, so that
    pretraining can go on from here.

    folder (Path): Replaced if it is there.
    model (PretrainingModel): Not wrapped.
    tokenizer (PreTrainedTokenizerFast): The encoder's.
    progress (Progress): How far the run is.
    optimizer_state (Mapping[str, Tensor] | None): From `optimizer_tensors`; without it the run
        cannot be resumed from this folder.
    RAISES (WriteError): If the disk is full; an earlier checkpoint is as it was.
    """
    heads = {
        name: tensor.detach().to("cpu", torch.float32).contiguous()
        for name, tensor in model.state_dict().items()
        if not name.startswith("encoder.")
    }
    files = {
        HEADS: save(heads),
        PROGRESS: (json.dumps(asdict(progress), indent=2) + "\n").encode(),
    }
    if optimizer_state is not None:
        files[OPTIMIZER] = save(dict(optimizer_state))
    checkpoint = Checkpoint(model.encoder, tokenizer, longest_input(model.encoder))
    with writing(folder):
        write_checkpoint(checkpoint, folder, files)


def load_heads(folder: Path, model: PretrainingModel) -> list[str]:
    """Take the heads of an earlier pretraining, as far as they fit.

    folder (Path): A checkpoint folder of any origin.
    model (PretrainingModel): Its heads are filled.
    RETURNS (list[str]): What was not found and starts at random: names of heads and "output_bias".
    RAISES (CheckpointError): If the file of heads is damaged; names it.
    """
    wanted = {name: tensor for name, tensor in model.state_dict().items() if name[:8] != "encoder."}
    path = folder / HEADS
    found = _read(path) if path.is_file() else _published_heads(read_weights(folder))
    fitting = {
        name: tensor
        for name, tensor in found.items()
        if name in wanted and wanted[name].shape == tensor.shape
    }
    model.load_state_dict(fitting, strict=False)
    missing = {_head_of(name) for name in wanted.keys() - fitting.keys()}
    return sorted(missing)


def _published_heads(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The heads of a checkpoint that Hugging Face's pretraining models wrote, if any."""
    renamed = {
        name.replace(".gamma", ".weight").replace(".beta", ".bias"): tensor
        for name, tensor in weights.items()
    }
    heads = {ours: renamed[theirs] for theirs, ours in PUBLISHED.items() if theirs in renamed}
    if NSP_OUTPUT in heads:
        for name, tensor in renamed.items():
            if found := POOLER.search(name):
                heads[f"heads.nsp.dense.{found[1]}"] = tensor
    return heads


def load_progress(folder: Path) -> Progress | None:
    """Read how far a run is.

    folder (Path): Its last checkpoint; put back first if the process was killed replacing it.
    RETURNS (Progress | None): None if there is no checkpoint of a run.
    RAISES (CheckpointError): If the file is damaged; names it.
    """
    recover_checkpoint(folder)
    path = folder / PROGRESS
    if not path.is_file():
        return None
    try:
        return Progress(**json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged: {error}. Remove {folder} to start anew.") from (
            error
        )


def optimizer_tensors(
    model: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Tensor]:
    """Flatten the optimizer's state; all processes must call this together.

    model (Module): As the accelerator prepared it.
    optimizer (Optimizer): Over its parameters.
    RETURNS (dict[str, Tensor]): By parameter's name and part, such as "output_bias/exp_avg".
    """
    whole: Any = get_optimizer_state_dict(model, optimizer, options=_WHOLE)
    # the first process alone gets it
    state = whole.get("state", {})
    return {
        f"{name}/{part}": value.detach().cpu().contiguous().clone()
        for name, parts in state.items()
        for part, value in parts.items()
    }


def load_optimizer(folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Take up the optimizer's state that a checkpoint holds; all processes must call this together.

    folder (Path): The last checkpoint.
    model (Module): As the accelerator prepared it, or divided.
    optimizer (Optimizer): Over its parameters, with moments begun; its learning rates and other
        settings stay.
    RAISES (CheckpointError): If the file is missing, damaged or of another model; names it.
    """
    path = folder / OPTIMIZER
    stored = _read(path)
    for name, parameter in model.named_parameters():
        for part, current in optimizer.state.get(parameter, {}).items():
            tensor = stored.get(f"{name.removeprefix('module.')}/{part}")
            if tensor is None or tensor.shape != current.shape:
                raise CheckpointError(f"{path} is not of this run: {name} lacks its {part}.")
            if isinstance(current, DTensor):
                tensor = distribute_tensor(
                    tensor.to(current.device), current.device_mesh, current.placements
                )
            current.copy_(tensor)


def load_model(folder: Path, model: PretrainingModel) -> None:
    """Take encoder and heads of the last checkpoint, all of them.

    folder (Path): The last checkpoint of the same run.
    model (PretrainingModel): Of the same sizes.
    RAISES (CheckpointError): If something is missing.
    """
    encoder = _read(folder / "model.safetensors")
    state = {f"encoder.{name}": tensor for name, tensor in encoder.items()} | _read(folder / HEADS)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(
            f"{folder} is not a checkpoint of this run, or damaged: {error}"
        ) from error


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from error


def _head_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "heads" else parts[0]
