"""Checkpoints of pretraining: an encoder that anybody can load, and beside it what goes on."""

import json
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
from spacy_spanbert.pretraining.published_heads import published_heads

LAST, BEST = "checkpoint-last", "checkpoint-best"  # in the output folder of a run
HEADS = "pretraining_heads.safetensors"
OPTIMIZER = "optimizer.safetensors"
PROGRESS = "pretraining.json"
_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


@dataclass
class Progress:
    """How far a run is, stored with its checkpoint.

    step (int): Steps that are done.
    total_steps (int | None): Steps of the whole run; None while a budget in minutes is measured.
    best_loss (float | None): Lowest held-out loss so far, in nats.
    settings (dict[str, Any]): What must not change between start and resume, by dotted name.
    head_warmup_steps (int): First steps in which only the heads learn; 0 if none of them was new.
    seconds (float): Time that training and evaluation have taken so far.
    counts (dict[str, int]): What was asked of the text so far, and what could not be; see
        `render_counts`.
    """

    step: int = 0
    total_steps: int | None = None
    best_loss: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    head_warmup_steps: int = 0
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
        PROGRESS: _to_bytes(progress),
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
    found = _read(path) if path.is_file() else published_heads(read_weights(folder))
    fitting = {
        name: tensor
        for name, tensor in found.items()
        if name in wanted and wanted[name].shape == tensor.shape
    }
    model.load_state_dict(fitting, strict=False)
    missing = {_head_of(name) for name in wanted.keys() - fitting.keys()}
    return sorted(missing)


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
        raise CheckpointError(
            f"{path} is damaged: {error}. Move {folder.parent} away, or name another output folder."
        ) from error


def store_total_steps(folder: Path, total_steps: int) -> None:
    """Add to a checkpoint how many steps the run has, whole or not at all.

    So minutes are turned into steps once, even if the process is killed before the next checkpoint.

    folder (Path): The last checkpoint.
    total_steps (int): Steps of the whole run.
    RAISES (WriteError): If the disk is full; the checkpoint is as it was.
    """
    progress = load_progress(folder)
    assert progress is not None
    progress.total_steps = total_steps
    temporary = folder / f".{PROGRESS}"
    with writing(folder / PROGRESS):
        temporary.write_bytes(_to_bytes(progress))
        temporary.replace(folder / PROGRESS)


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
    RAISES (CheckpointError): If the file is missing, damaged or of another model; names it, and
        says how to go on without it.
    """
    path = folder / OPTIMIZER
    stored = _read_own(path)
    for name, parameter in model.named_parameters():
        for part, current in optimizer.state.get(parameter, {}).items():
            tensor = stored.get(f"{name.removeprefix('module.')}/{part}")
            if tensor is None or tensor.shape != current.shape:
                raise CheckpointError(
                    f"{path} is not of this run: {name} lacks its {part}. {_advice(path)}"
                )
            if isinstance(current, DTensor):
                tensor = distribute_tensor(
                    tensor.to(current.device), current.device_mesh, current.placements
                )
            current.copy_(tensor)


def load_model(folder: Path, model: PretrainingModel) -> None:
    """Take encoder and heads of the last checkpoint, all of them.

    folder (Path): The last checkpoint of the same run.
    model (PretrainingModel): Of the same sizes.
    RAISES (CheckpointError): If something is missing or damaged; says how to go on without it.
    """
    encoder, heads = (_read_own(folder / name) for name in ("model.safetensors", HEADS))
    state = {f"encoder.{name}": tensor for name, tensor in encoder.items()} | heads
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
        raise CheckpointError(f"{path} cannot be read: {error}.") from error


def _read_own(path: Path) -> dict[str, Tensor]:
    """Read a file of the last checkpoint."""
    try:
        return _read(path)
    except CheckpointError as error:
        raise CheckpointError(f"{error} {_advice(path)}") from error


def _advice(path: Path) -> str:
    best = json.dumps(str(path.parents[1] / BEST))
    return (
        "Put the file back; or begin a new run in another output folder, with "
        f"[pretraining.encoder] checkpoint = {best}, to keep what was learned."
    )


def _to_bytes(progress: Progress) -> bytes:
    return (json.dumps(asdict(progress), indent=2) + "\n").encode()


def _head_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "heads" else parts[0]
