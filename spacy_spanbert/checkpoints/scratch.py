"""An encoder from scratch: a size instead of a checkpoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertModel

from spacy_spanbert.checkpoints.checkpoint import Checkpoint, CheckpointError
from spacy_spanbert.checkpoints.load import join_checkpoint, load_tokenizer
from spacy_spanbert.checkpoints.quiet import quiet

BERT_BASE: dict[str, Any] = {
    "n_layers": 12,
    "width": 768,
    "n_heads": 12,
    "n_pieces": 30_000,
    "max_pieces": 512,
    "intermediate_width": None,  # four times the width
    "dropout": 0.1,
    "attention_dropout": 0.1,
}


def size_config(size: Mapping[str, Any]) -> BertConfig:
    """Turn a size into the config of a BERT.

    size (Mapping[str, Any]): Any of n_layers, width, n_heads, n_pieces (rows of the table of
        pieces), max_pieces (longest input), intermediate_width (inside the feed-forward layers;
        by default 4 * width), dropout, attention_dropout. What is left out is BERT-base's.
    RETURNS (BertConfig): The config; an empty size gives BERT-base with 30,000 pieces.
    RAISES (CheckpointError): For a key that does not exist, or a value that makes no encoder.
    """
    unknown = sorted(set(size) - set(BERT_BASE))
    if unknown:
        raise CheckpointError(
            f"The size of an encoder has no {', '.join(unknown)}. Expected some of "
            f"{', '.join(BERT_BASE)}."
        )
    full = {**BERT_BASE, **size}
    _check_values(full)
    return BertConfig(
        num_hidden_layers=full["n_layers"],
        hidden_size=full["width"],
        num_attention_heads=full["n_heads"],
        vocab_size=full["n_pieces"],
        max_position_embeddings=full["max_pieces"],
        intermediate_size=full["intermediate_width"] or 4 * full["width"],
        hidden_dropout_prob=full["dropout"],
        attention_probs_dropout_prob=full["attention_dropout"],
    )


def count_parameters(config: BertConfig) -> int:
    """Count the parameters of a BERT without allocating them; the pooler is counted.

    config (BertConfig): As `size_config` makes it.
    RETURNS (int): For BERT-base with 30,000 pieces about 109 million.
    """
    with torch.device("meta"), quiet():
        return sum(weights.numel() for weights in BertModel(config).parameters())


def build_checkpoint(
    size: Mapping[str, Any],
    tokenizer_source: str | Path,
    *,
    cased: bool | None = None,
    seed: int = 0,
) -> Checkpoint:
    """Make an encoder with random weights for a given tokenizer.

    size (Mapping[str, Any]): See `size_config`; n_pieces is by default the tokenizer's.
    tokenizer_source (str | Path): A folder with a tokenizer (no weights needed), a hub name, or
        `package:NAME/FOLDER`.
    cased (bool | None): See `load_checkpoint`.
    seed (int): Equal seeds give equal weights; torch's own random state is left as it was.
    RETURNS (Checkpoint): float32, in evaluation mode, with a pooler (random like the rest).
    RAISES (CheckpointError): When the tokenizer has more pieces than n_pieces.
    """
    tokenizer = load_tokenizer(tokenizer_source, cased=cased)
    n_needed = max(tokenizer.get_vocab().values()) + 1
    config = size_config({"n_pieces": n_needed, **size})
    if config.vocab_size < n_needed:
        raise CheckpointError(
            f"The size has n_pieces = {config.vocab_size}, but the tokenizer in "
            f"{str(tokenizer_source)!r} has {n_needed} pieces. Raise n_pieces to {n_needed} or "
            "more, or leave it out."
        )
    config.pad_token_id = tokenizer.pad_token_id
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(seed)
        module = BertModel(config).eval()
    return join_checkpoint(module, tokenizer, str(tokenizer_source))


def _check_values(full: Mapping[str, Any]) -> None:
    for key, value in full.items():
        if value is None and BERT_BASE[key] is None:
            continue
        if key.endswith("dropout"):
            is_right = type(value) in (int, float) and 0 <= value < 1
            expected = "a number from 0 to below 1"
        else:
            is_right = type(value) is int and value >= 1
            expected = "a whole number of at least 1"
        if not is_right:
            raise CheckpointError(f"The size's {key} must be {expected}, but got {value!r}.")
    width, n_heads = full["width"], full["n_heads"]
    if width % n_heads:
        below = width - width % n_heads
        fitting = [str(fit) for fit in (below, below + n_heads) if fit > 0]
        raise CheckpointError(
            f"The size's width must be a multiple of n_heads, but {width} is none of {n_heads}: "
            f"take {' or '.join(fitting)}."
        )
