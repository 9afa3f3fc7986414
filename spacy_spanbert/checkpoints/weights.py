"""Read the weights of a checkpoint folder, without ever running what is in the file."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from spacy_spanbert.checkpoints.checkpoint import CheckpointError

SAFETENSORS = "model.safetensors"
WEIGHT_FILES = (  # in order of preference
    SAFETENSORS,
    f"{SAFETENSORS}.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
LFS_POINTER = b"version https://git-lfs"

Weights = dict[str, torch.Tensor]


def read_weights(folder: Path) -> Weights:
    """Read all weights of a checkpoint folder, in one file or in several with an index.

    `pytorch_model.bin` is a pickle; it is read with torch's `weights_only`, which accepts
    tensors and nothing that could run.

    folder (Path): A checkpoint folder.
    RETURNS (dict[str, Tensor]): Names as in the files; float32 and independent of the files.
    RAISES (CheckpointError): When there are none or a file is damaged; names the file.
    """
    for name in WEIGHT_FILES:
        path = folder / name
        if path.is_file():
            return _read_parts(path) if name.endswith(".json") else read_weight_file(path)
    raise CheckpointError(
        f"The checkpoint folder {folder} has no weights: expected one of {', '.join(WEIGHT_FILES)}."
    )


def read_weight_file(path: Path) -> Weights:
    """Read one file of weights.

    path (Path): A `.safetensors` file, or anything that `torch.save` wrote.
    RETURNS (dict[str, Tensor]): Floating point as float32, copied out of the file.
    RAISES (CheckpointError): When the file is damaged or holds more than tensors.
    """
    with path.open("rb") as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise CheckpointError(
                f"{path} is not the weights but a git-lfs pointer to them. Run `git lfs pull` "
                "in the repository it was cloned with."
            )
    read: Callable[[Path], object] = load_file if path.suffix == ".safetensors" else _load_pickle
    try:
        weights = read(path)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, OSError) as err:
        raise CheckpointError(
            f"Cannot read the weights in {path}: the file is damaged, or holds something other "
            f"than tensors. Fetch or copy it again. ({_first_line(err)})"
        ) from err
    if not isinstance(weights, dict) or not all(
        isinstance(tensor, torch.Tensor) for tensor in weights.values()
    ):
        raise CheckpointError(
            f"{path} does not hold a checkpoint's weights: expected a dictionary from names to "
            "tensors and nothing else."
        )
    return {name: as_float32(tensor, copy=True) for name, tensor in weights.items()}


def as_float32(tensor: torch.Tensor, copy: bool = False) -> torch.Tensor:
    """Bring a tensor to float32 if it is floating point, else leave its type.

    tensor (Tensor): Any tensor.
    copy (bool): Always make new memory (a tensor that was read may still lie in its file).
    RETURNS (Tensor): The tensor, on the same device.
    """
    dtype = torch.float32 if tensor.is_floating_point() else tensor.dtype
    return tensor.to(dtype, copy=copy)


def _load_pickle(path: Path) -> object:
    return torch.load(path, map_location="cpu", weights_only=True)


def _read_parts(index: Path) -> Weights:
    try:
        weight_map = json.loads(index.read_bytes())["weight_map"]
        parts = sorted({str(part) for part in weight_map.values()})
    except (ValueError, KeyError, AttributeError, TypeError) as err:
        raise CheckpointError(
            f"Cannot read {index}: expected JSON with a 'weight_map' from the names of the "
            "weights to files."
        ) from err
    weights: Weights = {}
    for part in parts:
        path = index.parent / part
        if not path.is_file():
            raise CheckpointError(f"{index} names the file {part!r}, which is not in its folder.")
        weights.update(read_weight_file(path))
    return weights


def _first_line(err: Exception) -> str:
    return str(err).partition("\n")[0] or type(err).__name__
