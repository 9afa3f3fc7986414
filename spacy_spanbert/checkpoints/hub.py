"""Fetch a checkpoint from the Hugging Face hub, or find it in the hub's cache on this machine."""

from pathlib import Path

from huggingface_hub import snapshot_download

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.config import CONFIG
from spacy_spanbert.checkpoints.quiet import quiet
from spacy_spanbert.checkpoints.tokenizer import TOKENIZER_FILES

SAFETENSORS = ("model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors")
FIRST = (CONFIG, *TOKENIZER_FILES, *SAFETENSORS)
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "pytorch_model-*-of-*.bin")


def fetch_from_hub(name: str) -> Path:
    """Bring config, tokenizer files and weights of a hub model onto this machine.

    Only data is fetched, no code; of the weights only one form, safetensors where there is one.
    All files come from the same commit. Offline, what was fetched before is found again.

    name (str): A name on the hub, such as "SpanBERT/spanbert-base-cased".
    RETURNS (Path): The folder in the hub's cache that holds the files.
    RAISES (CheckpointError): When there is no such model, or no way to reach it.
    """
    folder = _fetch(name, FIRST)
    if any(next(folder.glob(pattern), None) for pattern in SAFETENSORS):
        return folder
    return _fetch(name, PICKLES, revision=folder.name)


def _fetch(name: str, patterns: tuple[str, ...], revision: str | None = None) -> Path:
    try:
        with quiet():
            return Path(snapshot_download(name, allow_patterns=list(patterns), revision=revision))
    except (OSError, ValueError) as err:
        reason = str(err).strip().partition("\n")[0]
        raise CheckpointError(
            f"There is no folder {name!r} here, and no model of that name could be fetched from "
            "the Hugging Face hub or found in its cache: the name may be misspelt, or the machine "
            "offline. To load a folder, give a path that exists, such as './my-checkpoint'. "
            f"({reason})"
        ) from err
