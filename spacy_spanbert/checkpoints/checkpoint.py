"""What a loaded checkpoint is."""

from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.errors import SpanbertError


class CheckpointError(SpanbertError):
    """A checkpoint that cannot be found, read, trusted or written; the message says how to mend
    it.
    """


@dataclass
class Checkpoint:
    """An encoder and the tokenizer that belongs to it.

    module (PreTrainedModel): The body alone, without heads: float32, in evaluation mode. It has
        a pooler only if the checkpoint has weights for one.
    tokenizer (PreTrainedTokenizerFast): Neither truncates nor pads, whatever its files ask for.
    max_pieces (int): The longest encoder input in pieces, special pieces included.
    """

    module: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    max_pieces: int


def longest_input(module: PreTrainedModel) -> int:
    """Count the pieces that the encoder has positions for, special pieces included.

    The table of positions decides, not the tokenizer, whose `model_max_length` is often 1e30 or
    the length somebody once trained with. RoBERTa's table holds 514 rows for 512 pieces: its
    positions start behind the index of the padding piece.

    module (PreTrainedModel): The encoder.
    RETURNS (int): At least 1.
    RAISES (CheckpointError): When neither the weights nor the config tell.
    """
    for name, part in module.named_modules():
        if name.endswith("position_embeddings") and isinstance(part, nn.Embedding):
            n_reserved = 0 if part.padding_idx is None else part.padding_idx + 1
            return part.num_embeddings - n_reserved
    length = getattr(module.config, "max_position_embeddings", None)
    if isinstance(length, int) and length > 0:
        return length
    raise CheckpointError(
        f"Cannot tell how many pieces an encoder of type {module.config.model_type!r} reads at "
        "once: it has no table of positions, and its config.json no max_position_embeddings."
    )
