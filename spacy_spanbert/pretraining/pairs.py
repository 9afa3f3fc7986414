"""Windows of two texts, for next sentence prediction: the second follows the first, or does not."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.blocks import Blocks, cut_blocks, nearest_end, word_end
from spacy_spanbert.pretraining.packing import PackedBlocks
from spacy_spanbert.pretraining.piece_store import PieceStore
from spacy_spanbert.pretraining.random_streams import Stream, random_numbers
from spacy_spanbert.pretraining.special_pieces import SpecialPieces, special_pieces
from spacy_spanbert.pretraining.windows import Window

# Foreign texts that are drawn. The one that begins and ends like the true one, and is most nearly
# as long, is taken.
TRIES = 8


@dataclass(frozen=True)
class Stretch:
    """Neighbouring pieces of a document.

    document (int): Its number.
    start (int): The first piece.
    end (int): The piece after the last.
    """

    document: int
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


class PackedPairs(PackedBlocks):
    """Windows of two texts each, A and B (BERT, arXiv 1810.04805, section 3.1).

    A block of the text is split in two at a sentence border drawn at random, anew in each epoch;
    within a block of one sentence at a word border. Half of the blocks, others in the next epoch,
    are left so. In the other half the second part is replaced by text of another document, not of
    another part of the same. So that it can be told from the true one by what it says alone, it
    begins with a sentence, ends with one, or neither, as that one does, and is about as long: of
    several drawn at random, the one most like it is taken.

    store (PieceStore): The documents.
    blocks (Blocks): Of at least two documents, each of at least two words.
    special (SpecialPieces): What stands around and between two texts.
    seed (int): Seed of the run.
    """

    def __init__(
        self, store: PieceStore, blocks: Blocks, special: SpecialPieces, seed: int
    ) -> None:
        super().__init__(store, blocks, special)
        self._seed = seed
        self._origins = store.origins

    def window(self, index: int, epoch: int) -> Window:
        """Build a window.

        index (int): Its number, from 0.
        epoch (int): The epoch, from 0.
        RETURNS (Window): Always the same for the same numbers.
        """
        first, second, is_next = self.stretches(index, epoch)
        texts = [
            self._store.pieces(text.document, text.start, text.end) for text in (first, second)
        ]
        return self._special.put_around(
            [ids for ids, _ in texts], [words for _, words in texts], is_next
        )

    def stretches(self, index: int, epoch: int) -> tuple[Stretch, Stretch, bool]:
        """Choose the texts of a window.

        index (int): Its number, from 0.
        epoch (int): The epoch, from 0.
        RETURNS (tuple[Stretch, Stretch, bool]): A, B, and whether B follows A. Among neighbouring
            numbers exactly one of two does.
        """
        rng = random_numbers(Stream.PAIRS, self._seed, epoch, index)
        blocks = self.blocks
        document = int(blocks.documents[index])
        start, end = int(blocks.starts[index]), int(blocks.ends[index])
        split = self._split(document, start, end, rng)
        first, second = Stretch(document, start, split), Stretch(document, split, end)
        is_next = (index + epoch) % 2 == 0
        if is_next:
            return first, second, True
        return first, self._foreign(second, blocks.room - (split - start), rng), False

    def _split(self, document: int, start: int, end: int, rng: np.random.Generator) -> int:
        sentences = self._store.document(document).sentences
        low, high = np.searchsorted(sentences, [start + 1, end])
        if low < high:
            return int(sentences[rng.integers(low, high)])
        return self._word_border(document, start, end, rng)

    def _word_border(self, document: int, start: int, end: int, rng: np.random.Generator) -> int:
        words = self._store.document(document).words[start:end]
        return start + 1 + int(rng.choice(np.flatnonzero(words[1:] != words[:-1])))

    def _foreign(self, true: Stretch, room: int, rng: np.random.Generator) -> Stretch:
        """Choose text of another document that nothing but what it says tells from the true one."""
        blocks, edges = self.blocks, self._edges(true)
        # the document's own blocks, and those of other parts of it, lie side by side and are passed
        # over
        parts = np.searchsorted(self._origins, self._origins[true.document] + np.arange(2))
        own_first, own_last = np.searchsorted(blocks.documents, parts).tolist()
        n_own = own_last - own_first
        drawn = []
        for block in rng.integers(0, len(blocks) - n_own, TRIES).tolist():
            block += n_own if block >= own_first else 0
            drawn.append(self._draw(block, len(true), room, edges, rng))
        return min(
            drawn,
            key=lambda text: (self._edges(text) != edges, abs(len(text) - len(true))),
        )

    def _draw(
        self,
        block: int,
        wanted: int,
        room: int,
        edges: tuple[bool, bool],
        rng: np.random.Generator,
    ) -> Stretch:
        """Draw text that begins in a block, of about the wanted length, with such edges if it can.

        What begins inside a sentence, or ends there, does so between words.
        """
        blocks = self.blocks
        number, start, end = (
            int(numbers[block]) for numbers in (blocks.documents, blocks.starts, blocks.ends)
        )
        begins_sentence, ends_sentence = edges
        document = self._store.document(number)
        low, high = np.searchsorted(document.sentences, [start, end])
        if not begins_sentence:
            start = self._word_border(number, start, end, rng)
        elif low < high:
            start = int(document.sentences[rng.integers(low, high)])
        if ends_sentence:
            return Stretch(number, start, nearest_end(document, start, wanted, room))
        return Stretch(number, start, word_end(document, start, wanted))

    def _edges(self, text: Stretch) -> tuple[bool, bool]:
        """Tell whether a text begins with a sentence, and whether it ends with one."""
        document = self._store.document(text.document)
        places = np.array([text.start, text.end])
        found = document.sentences[np.searchsorted(document.sentences, places, side="right") - 1]
        begins, ends = (found == places).tolist()
        return begins, ends or text.end == len(document)


def pack_pairs(
    store: PieceStore,
    documents: Iterable[int],
    window: int,
    tokenizer: PreTrainedTokenizerFast,
    seed: int,
) -> PackedPairs:
    """Cut documents into windows of two texts.

    Blocks of one word cannot be split and are left out.

    store (PieceStore): The documents.
    documents (Iterable[int]): Which of them, ascending.
    window (int): Longest window, in pieces, special pieces included.
    tokenizer (PreTrainedTokenizerFast): Tells the special pieces.
    seed (int): Seed of the run.
    RETURNS (PackedPairs): The windows, at least two.
    RAISES (SpanbertError): If there are not two documents that text can be taken from.
    RAISES (SpanbertError): If the window has no room beside the special pieces.
    """
    special = special_pieces(tokenizer, pair=True)
    blocks = _splittable(store, cut_blocks(store, documents, window - len(special)))
    n_documents = len(np.unique(store.origins[blocks.documents]))
    if n_documents < 2:
        raise SpanbertError(
            "Pairs of texts need two documents or more, because half of the second texts come from "
            f"another document, but there {'is 1' if n_documents else 'are 0'} with two words or "
            "more in this part of the corpus. Separate documents in text files by empty lines, "
            "give more text (or a larger held-out share), or leave pairs and next sentence "
            "prediction out."
        )
    return PackedPairs(store, blocks, special, seed)


def _splittable(store: PieceStore, blocks: Blocks) -> Blocks:
    is_kept = np.zeros(len(blocks), dtype=bool)
    for i, block in enumerate(zip(blocks.documents, blocks.starts, blocks.ends, strict=True)):
        _, words = store.pieces(*map(int, block))
        is_kept[i] = words[0] != words[-1]
    return Blocks(
        blocks.documents[is_kept], blocks.starts[is_kept], blocks.ends[is_kept], blocks.room
    )
