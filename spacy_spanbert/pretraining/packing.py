"""Windows of full sentences, built from the corpus when they are asked for."""

from collections.abc import Iterable

from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.pretraining.blocks import Blocks, cut_blocks
from spacy_spanbert.pretraining.piece_store import PieceStore
from spacy_spanbert.pretraining.special_pieces import SpecialPieces, special_pieces
from spacy_spanbert.pretraining.windows import Window


class PackedBlocks:
    """Windows that are built of blocks of documents when they are asked for.

    store (PieceStore): The documents.
    blocks (Blocks): What of them each window holds.
    special (SpecialPieces): What stands around a text, or around and between two.
    """

    def __init__(self, store: PieceStore, blocks: Blocks, special: SpecialPieces) -> None:
        self._store = store
        self._special = special
        self.blocks = blocks

    def __len__(self) -> int:
        return len(self.blocks)

    @property
    def fill(self) -> float:
        """RETURNS (float): Share of the windows' places that the blocks fill, 0 to 1."""
        return self.blocks.fill(len(self._special))


class PackedWindows(PackedBlocks):
    """Windows of one text each. Every piece of the documents is in one of them."""

    def window(self, index: int, epoch: int) -> Window:  # noqa: ARG002  pairs depend on it
        """Build a window.

        index (int): Its number, from 0.
        epoch (int): Makes no difference.
        RETURNS (Window): Always the same for the same number.
        """
        blocks = self.blocks
        ids, words = self._store.pieces(
            int(blocks.documents[index]), int(blocks.starts[index]), int(blocks.ends[index])
        )
        return self._special.put_around([ids], [words])


def pack_windows(
    store: PieceStore,
    documents: Iterable[int],
    window: int,
    tokenizer: PreTrainedTokenizerFast,
) -> PackedWindows:
    """Cut documents into windows of full sentences.

    store (PieceStore): The documents.
    documents (Iterable[int]): Which of them, ascending.
    window (int): Longest window, in pieces, special pieces included.
    tokenizer (PreTrainedTokenizerFast): Tells the special pieces.
    RETURNS (PackedWindows): A document shorter than a window is one window; without any piece it
        is none.
    RAISES (SpanbertError): If the window has no room beside the special pieces.
    """
    special = special_pieces(tokenizer, pair=False)
    return PackedWindows(store, cut_blocks(store, documents, window - len(special)), special)
