"""Cut documents into blocks of full sentences."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.documents import PieceDocument
from spacy_spanbert.pretraining.piece_store import PieceStore
from spacy_spanbert.pretraining.windows import Ints


@dataclass(frozen=True)
class Blocks:
    """Stretches of documents that fit a window, in text order. 16 bytes each.

    documents (NDArray): The document of each block, ascending, shape (n_blocks,).
    starts (Ints): First piece of each in its document, shape (n_blocks,).
    ends (Ints): Piece after the last, shape (n_blocks,).
    room (int): Pieces of the longest possible block.
    """

    documents: NDArray[np.int64]
    starts: Ints
    ends: Ints
    room: int

    def __len__(self) -> int:
        return len(self.documents)

    def fill(self, n_special: int = 0) -> float:
        """Tell how full the windows are.

        n_special (int): Special pieces that each window holds besides.
        RETURNS (float): Share of the windows' places that are filled, 0 to 1; 0.0 without blocks.
        """
        if not len(self):
            return 0.0
        mean = float((self.ends - self.starts).mean(dtype=np.float64))
        return (mean + n_special) / (self.room + n_special)


def cut_blocks(store: PieceStore, documents: Iterable[int], room: int) -> Blocks:
    """Cut documents into blocks of as many full sentences as fit.

    Every piece is in one block. A sentence with more than `room` pieces begins a block and is cut
    at word borders; a word with more is cut anywhere.

    store (PieceStore): The documents.
    documents (Iterable[int]): Which of them, ascending.
    room (int): Pieces of a block, at most; without special pieces.
    RETURNS (Blocks): None of them of a document without pieces.
    RAISES (SpanbertError): If there is no room.
    """
    if room < 1:
        raise SpanbertError(
            f"expected windows with room for 1 piece of text or more beside the special pieces, "
            f"but there is room for {room}: give a longer window ([pretraining.packing] window)."
        )
    numbers, starts, ends = array("q"), array("i"), array("i")
    for number in documents:
        document_ends = _cut(store.document(number), room)
        numbers.extend([number] * len(document_ends))
        starts.extend([0, *document_ends][:-1])
        ends.extend(document_ends)
    return Blocks(
        np.array(numbers, dtype=np.int64),
        np.array(starts, dtype=np.int32),
        np.array(ends, dtype=np.int32),
        room,
    )


def _cut(document: PieceDocument, room: int) -> list[int]:
    """List the ends of a document's blocks."""
    sentences = document.sentences.tolist()
    ends: list[int] = []
    start = 0
    while start < len(document):
        start = fitting_end(document, sentences, start, room)
        ends.append(start)
    return ends


def fitting_end(document: PieceDocument, sentences: list[int] | Ints, start: int, room: int) -> int:
    """Find where a text that begins somewhere in a document has to end to fit.

    document (PieceDocument): The document.
    sentences (list[int] | Ints): First piece of each of its sentences, as in the document.
    start (int): First piece of the text.
    room (int): Pieces of the text, at most; at least 1.
    RETURNS (int): The piece after the last: the end of a sentence, of a word if not even one
        sentence fits, and of a piece if not even one word does.
    """
    limit = start + room
    if limit >= len(document):
        return len(document)
    sentence = int(sentences[bisect_right(sentences, limit) - 1])
    return sentence if sentence > start else word_end(document, start, room)


def word_end(document: PieceDocument, start: int, room: int) -> int:
    """Find where a text that begins somewhere in a document has to end to fit, sentences aside.

    document (PieceDocument): The document.
    start (int): First piece of the text.
    room (int): Pieces of the text, at most; at least 1.
    RETURNS (int): The piece after the last: the end of a word, or of a piece if not even one word
        fits.
    """
    limit = start + room
    if limit >= len(document):
        return len(document)
    # shape (room + 1,): the word behind the last piece that fits tells whether one ends there
    words = document.words[start : limit + 1]
    borders = np.flatnonzero(words[1:] != words[:-1])
    return start + int(borders[-1]) + 1 if len(borders) else limit


def nearest_end(document: PieceDocument, start: int, wanted: int, room: int) -> int:
    """Find where a text that begins somewhere in a document ends to be about so long.

    document (PieceDocument): The document.
    start (int): First piece of the text.
    wanted (int): How many pieces it should have, 1 to `room`.
    room (int): Pieces of the text, at most.
    RETURNS (int): The piece after the last: the end of the sentence that comes nearest, or, if not
        even one sentence fits, what `fitting_end` finds for the wanted length.
    """
    sentences = document.sentences
    after = int(np.searchsorted(sentences, start + wanted))
    ends = [int(sentence) for sentence in sentences[max(0, after - 1) : after + 1]]
    if after == len(sentences):
        ends.append(len(document))
    fitting = [end for end in ends if start < end <= start + room]
    if not fitting:
        return fitting_end(document, sentences, start, wanted)
    return min(fitting, key=lambda end: abs(end - start - wanted))
