"""Where an encoder comes from when its component is initialized."""

from typing import Any

from spacy_spanbert.checkpoints.checkpoint import Checkpoint
from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.checkpoints.scratch import build_checkpoint


def find_checkpoint(
    name: str,
    checkpoint: str | None,
    size: dict[str, Any] | None,
    tokenizer: str | None,
    cased: bool | None,
    seed: int,
) -> Checkpoint | None:
    """Load a checkpoint, or build one.

    name (str): The component's name, for errors.
    checkpoint, size, tokenizer, cased, seed: See SpanbertEncoder.initialize.
    RETURNS (Checkpoint | None): The checkpoint; None if none is asked for.
    RAISES (ValueError): If both are asked for, or a size without a tokenizer.
    """
    if checkpoint is not None and size is not None:
        raise ValueError(
            f"[initialize.components.{name}] checkpoint and size are both given: a "
            "checkpoint has its size; keep one of them"
        )
    if checkpoint is not None:
        return load_checkpoint(checkpoint, cased=cased, tokenizer=tokenizer)
    if size is None:
        return None
    if tokenizer is None:
        raise ValueError(
            f"[initialize.components.{name}] size is given without tokenizer: name a "
            "folder or hub name whose tokenizer the new encoder is to use"
        )
    return build_checkpoint(size, tokenizer, cased=cased, seed=seed)
