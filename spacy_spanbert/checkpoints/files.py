"""The self-contained form of a checkpoint: its files, in memory or in a folder."""

import glob
import shutil
import tempfile
from collections.abc import Mapping, Set
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, save
from transformers import PreTrainedModel

from spacy_spanbert.checkpoints.casing import decide_casing
from spacy_spanbert.checkpoints.checkpoint import Checkpoint, CheckpointError
from spacy_spanbert.checkpoints.config import CONFIG, build_config
from spacy_spanbert.checkpoints.json_files import parse_json
from spacy_spanbert.checkpoints.load import join_checkpoint, load_checkpoint
from spacy_spanbert.checkpoints.module import build_module
from spacy_spanbert.checkpoints.quiet import quiet
from spacy_spanbert.checkpoints.tokenizer import TOKENIZER_FILES, TOKENIZER_JSON, read_tokenizer
from spacy_spanbert.checkpoints.weights import SAFETENSORS, Weights, as_float32

OLD = "old"
WRITTEN = {CONFIG, SAFETENSORS, *TOKENIZER_FILES}


def checkpoint_to_files(checkpoint: Checkpoint) -> dict[str, bytes]:
    """Turn a checkpoint into the files that plain transformers loads to equal output.

    checkpoint (Checkpoint): Not changed; on any device, in any precision.
    RETURNS (dict[str, bytes]): By file name: config.json, model.safetensors (float32),
        tokenizer.json and the other files of the tokenizer.
    """
    files = {
        CONFIG: _config_bytes(checkpoint.module),
        SAFETENSORS: save(_weights_to_write(checkpoint.module), metadata={"format": "pt"}),
    }
    with tempfile.TemporaryDirectory() as folder, quiet():
        checkpoint.tokenizer.save_pretrained(folder)
        for path in sorted(Path(folder).iterdir()):
            files[path.name] = path.read_bytes()
    return files


def checkpoint_from_files(files: dict[str, bytes], origin: str = "the saved files") -> Checkpoint:
    """Rebuild a checkpoint from its files, without network and without the original folder.

    files (dict[str, bytes]): As `checkpoint_to_files` makes them.
    origin (str): Where they come from, for messages.
    RETURNS (Checkpoint): Equal to the one that was saved; float32, in evaluation mode.
    RAISES (CheckpointError): When a file is missing or damaged; names it.
    """
    for name in (CONFIG, SAFETENSORS, TOKENIZER_JSON):
        if name not in files:
            raise CheckpointError(f"The checkpoint in {origin} lacks the file {name}.")
    config = build_config(parse_json(files[CONFIG], f"{CONFIG} in {origin}"), CONFIG)
    try:
        weights = load(files[SAFETENSORS])
    except SafetensorError as err:
        raise CheckpointError(f"{SAFETENSORS} in {origin} is damaged: {err}") from err
    with tempfile.TemporaryDirectory() as folder:
        for name in {CONFIG, *TOKENIZER_FILES} & set(files):
            (Path(folder) / name).write_bytes(files[name])
        tokenizer = read_tokenizer(Path(folder))
    decide_casing(tokenizer, None, origin)
    module = build_module(config, weights, origin)
    return join_checkpoint(module, tokenizer, origin)


def write_checkpoint(
    checkpoint: Checkpoint, folder: str | Path, beside: Mapping[str, bytes] | None = None
) -> None:
    """Write a checkpoint folder that `AutoModel` and `AutoTokenizer` load to equal output.

    It appears whole or not at all: it is written beside its place and then renamed. A
    checkpoint that is there already is replaced.

    checkpoint (Checkpoint): Not changed.
    folder (str | Path): Where; parents are made. Must not hold anything but a checkpoint.
    beside (Mapping[str, bytes] | None): More files of the folder, by name.
    RAISES (CheckpointError): When the folder holds other files, or is a file.
    """
    place = Path(folder).expanduser().resolve()
    files = {**checkpoint_to_files(checkpoint), **(beside or {})}
    _check_replaceable(place, WRITTEN | files.keys())
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=_aside(place), dir=place.parent))
    new, old = aside / "new", aside / OLD
    try:
        new.mkdir()
        for name, data in files.items():
            (new / name).write_bytes(data)
        if place.exists():
            place.rename(old)
        try:
            new.rename(place)
        except OSError:
            if old.exists():
                old.rename(place)
            raise
    finally:
        if place.exists() or not old.exists():  # else the only copy lies aside
            shutil.rmtree(aside, ignore_errors=True)


def recover_checkpoint(folder: str | Path) -> None:
    """Put back what `write_checkpoint` was replacing when the process was killed.

    folder (str | Path): Where the checkpoint belongs. Nothing happens if it is there, or if there
        never was one.
    """
    place = Path(folder).expanduser().resolve()
    for aside in sorted(place.parent.glob(f"{glob.escape(_aside(place))}*")):
        if not place.exists() and (aside / OLD).is_dir():
            (aside / OLD).rename(place)
        shutil.rmtree(aside, ignore_errors=True)


def _aside(place: Path) -> str:
    """How folders are called in which a checkpoint is written before it takes its place."""
    return f".{place.name}-writing-"


def read_checkpoint(folder: str | Path) -> Checkpoint:
    """Read a checkpoint folder, one that `write_checkpoint` wrote or any other.

    folder (str | Path): An existing folder; never a name on the hub.
    RETURNS (Checkpoint): float32, in evaluation mode.
    RAISES (CheckpointError): When it is not there or damaged; names the file.
    """
    return load_checkpoint(Path(folder))


def _config_bytes(module: PreTrainedModel) -> bytes:
    config = module.config.__class__.from_dict(module.config.to_dict())
    config.architectures = [type(module).__name__]
    config.torch_dtype = "float32"
    return config.to_json_string().encode("utf8")


def _weights_to_write(module: PreTrainedModel) -> Weights:
    """Every tensor in memory of its own: safetensors refuses those that share it."""
    weights: Weights = {}
    seen: set[int] = set()
    for name, tensor in module.state_dict().items():
        tensor = as_float32(tensor.detach().to("cpu")).contiguous()
        storage = tensor.untyped_storage().data_ptr()
        if storage in seen:
            tensor = tensor.clone()
        seen.add(storage)
        weights[name] = tensor
    return weights


def _check_replaceable(place: Path, known: Set[str]) -> None:
    if not place.exists():
        return
    if not place.is_dir():
        raise CheckpointError(f"Cannot write a checkpoint to {place}: it is a file.")
    names = {inner.name for inner in place.iterdir()}
    foreign = sorted(names - known)
    if foreign or (names and CONFIG not in names):
        raise CheckpointError(
            f"Will not replace the folder {place} by a checkpoint: it holds "
            f"{', '.join(foreign[:5] or sorted(names)[:5])}, which would be lost. Give an empty "
            "or a new folder, or remove what is there."
        )
