"""Load a checkpoint from wherever it lies."""

from pathlib import Path
from typing import Any

from transformers import PreTrainedModel
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.casing import decide_casing
from spacy_spanbert.checkpoints.checkpoint import Checkpoint, CheckpointError, longest_input
from spacy_spanbert.checkpoints.config import read_config
from spacy_spanbert.checkpoints.hub import fetch_from_hub
from spacy_spanbert.checkpoints.module import build_module
from spacy_spanbert.checkpoints.same_pieces import check_same_pieces
from spacy_spanbert.checkpoints.source import resolve_source
from spacy_spanbert.checkpoints.tokenizer import read_tokenizer
from spacy_spanbert.checkpoints.weights import read_weights


def load_checkpoint(
    source: str | Path, *, cased: bool | None = None, tokenizer: str | Path | None = None
) -> Checkpoint:
    """Load an encoder and its tokenizer.

    No code of the checkpoint is run, whatever it asks for.

    source (str | Path): A folder in Hugging Face form, a name on the hub, or
        `package:NAME/FOLDER`.
    cased (bool | None): Whether to keep case; needed only where the checkpoint contradicts itself
        (see casing.decide_casing).
    tokenizer (str | Path | None): Where to take the tokenizer from, if not from the same source.
    RETURNS (Checkpoint): float32, in evaluation mode, nothing in it initialised at random.
    RAISES (CheckpointError): When it cannot be found or read, naming the file; or when the
        tokenizer is that of another encoder (see same_pieces.check_same_pieces).
    """
    folder = find_folder(source)
    config = read_config(folder)
    pieces = load_tokenizer(source if tokenizer is None else tokenizer, cased=cased)
    if tokenizer is not None:
        check_same_pieces(pieces, str(tokenizer), folder)
    module = build_module(config, read_weights(folder), str(folder))
    return join_checkpoint(module, pieces, str(folder))


def load_tokenizer(source: str | Path, *, cased: bool | None = None) -> PreTrainedTokenizerFast:
    """Load the tokenizer of a checkpoint alone; the folder need not hold more than a vocabulary.

    source (str | Path): As for `load_checkpoint`.
    cased (bool | None): As for `load_checkpoint`.
    RETURNS (PreTrainedTokenizerFast): Neither truncates nor pads.
    RAISES (CheckpointError): When it cannot be found or read, or its casing is in doubt.
    """
    folder = find_folder(source)
    tokenizer = read_tokenizer(folder)
    decide_casing(tokenizer, cased, str(folder))
    return tokenizer


def find_folder(source: str | Path) -> Path:
    """Find the folder a source stands for, and fetch it first if it is on the hub.

    source (str | Path): As for `load_checkpoint`.
    RETURNS (Path): An existing folder.
    RAISES (CheckpointError): When there is none.
    """
    place = Path(resolve_source(source))
    return place if place.is_dir() else fetch_from_hub(str(source))


def join_checkpoint(
    module: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, origin: str
) -> Checkpoint:
    """Put an encoder and a tokenizer together, if they fit.

    module (PreTrainedModel): The encoder.
    tokenizer (PreTrainedTokenizerFast): Its `model_max_length` is set to what the encoder reads.
    origin (str): Where they come from, for messages.
    RETURNS (Checkpoint): The two.
    RAISES (CheckpointError): When the tokenizer has pieces that the encoder has no vector for.
    """
    table: Any = module.get_input_embeddings()
    n_pieces = table.num_embeddings
    n_needed = max(tokenizer.get_vocab().values()) + 1
    if n_needed > n_pieces:
        raise CheckpointError(
            f"The encoder of {origin} has vectors for {n_pieces} pieces, but its tokenizer numbers "
            f"{n_needed}: they do not belong together, or special pieces are missing from the "
            "vocabulary and were added behind it."
        )
    max_pieces = longest_input(module)
    tokenizer.model_max_length = max_pieces
    return Checkpoint(module=module, tokenizer=tokenizer, max_pieces=max_pieces)
