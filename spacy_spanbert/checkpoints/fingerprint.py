"""Telling whether a checkpoint is still the same, by its files."""

import hashlib
from pathlib import Path

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.hub import FIRST, PICKLES
from spacy_spanbert.checkpoints.load import find_folder


def checkpoint_fingerprint(source: str | Path) -> str:
    """Make a short name for what the files of a checkpoint hold.

    Other than `nn.fingerprint.encoder_fingerprint`, which knows an encoder again wherever it was
    saved, it counts tokenizer and config as well, and every byte. Only files that loading may read
    count; nothing is loaded.

    source (str | Path): As for `load_checkpoint`; a model on the hub is fetched.
    RETURNS (str): 32 hexadecimal digits, the same wherever the files lie.
    RAISES (CheckpointError): When there is no such folder, or none of its files is a checkpoint's.
    """
    folder = find_folder(source)
    paths = {path for pattern in (*FIRST, *PICKLES) for path in folder.glob(pattern)}
    if not paths:
        raise CheckpointError(
            f"The folder {folder} is not a checkpoint: expected config.json, weights and tokenizer "
            "files, and it has none of them."
        )
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(paths):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, hashlib.blake2b)
        digest.update(f"{path.name} {content.hexdigest()}\n".encode())
    return digest.hexdigest()
