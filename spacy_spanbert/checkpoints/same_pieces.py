"""Whether a tokenizer numbers its pieces as the encoder learnt them."""

import re
from pathlib import Path

from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.tokenizer import read_tokenizer

# Each of these holds a vocabulary.
VOCABULARY_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
)
# Places that BERT's vocabularies keep free for pieces of one's own.
FREE = re.compile(r"\[unused\d+\]")
N_NAMED = 3


def check_same_pieces(tokenizer: PreTrainedTokenizerFast, name: str, checkpoint: Path) -> None:
    """Refuse a tokenizer that gives pieces the vectors of other pieces.

    Pieces behind those of the checkpoint, or in the place of its `[unused1]`, are new, and welcome.
    With a checkpoint that has no tokenizer of its own, nothing can be compared.

    tokenizer (PreTrainedTokenizerFast): Not the checkpoint's own.
    name (str): Where it comes from, for the message.
    checkpoint (Path): The encoder's folder.
    RAISES (CheckpointError): If a piece has another number than in the checkpoint's own tokenizer,
        or a number is that of another piece; names some. Also if that tokenizer cannot be read.
    """
    if not any((checkpoint / file).is_file() for file in VOCABULARY_FILES):
        return
    numbers = read_tokenizer(checkpoint).get_vocab()
    pieces = {number: piece for piece, number in numbers.items()}
    wrong = []
    for piece, number in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1]):
        own = pieces.get(number, piece)
        if own != piece and not FREE.fullmatch(own):
            wrong.append(f"{number} is {piece!r}, to the encoder {own!r}")
        elif numbers.get(piece, number) != number:
            wrong.append(f"{piece!r} is {number}, to the encoder {numbers[piece]}")
    if wrong:
        raise CheckpointError(
            f"The tokenizer {name} numbers {len(wrong):,} pieces otherwise than the "
            f"encoder in {checkpoint} learnt them, so that they would get the vectors of others: "
            f"{'; '.join(wrong[:N_NAMED])}{'; ...' if len(wrong) > N_NAMED else ''}. Leave it out "
            "to take the encoder's own, put new pieces behind the encoder's, or train an encoder "
            "of this vocabulary from scratch (size)."
        )
