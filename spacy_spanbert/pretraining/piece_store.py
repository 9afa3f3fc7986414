"""Documents as pieces on disk: Arrow files, mapped into memory and never read as a whole."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from datasets import Dataset, Features, Sequence, Value
from datasets.arrow_writer import ArrowWriter
from numpy.typing import NDArray

from spacy_spanbert.pretraining.documents import NumberedDocument, PieceDocument
from spacy_spanbert.pretraining.windows import Ints

COLUMNS = ("ids", "words", "sentences")
ORIGIN = "origin"
# Documents are at most about 100,000 characters, so that a chunk stays below what Arrow can count.
CHUNK = 1000


class _Chunk(NamedTuple):
    """A column of up to CHUNK documents, one after the other."""

    values: Ints  # shape (n_values,)
    offsets: NDArray[np.int32]  # shape (n_documents + 1,)


def write_pieces(path: Path, documents: Iterable[NumberedDocument]) -> int:
    """Write documents to an Arrow file as they come; few of them are in memory at a time.

    path (Path): The file.
    documents (Iterable[NumberedDocument]): The documents, their numbers ascending; for none, the
        file has no rows.
    RETURNS (int): How many documents were written.
    """
    features = Features(
        {ORIGIN: Value("int64"), **{name: Sequence(Value("int32")) for name in COLUMNS}}
    )
    n_documents = 0
    with ArrowWriter(path=str(path), features=features, writer_batch_size=CHUNK) as writer:
        remaining = iter(documents)
        while batch := list(islice(remaining, CHUNK)):
            columns = {name: [getattr(d, name) for _, d in batch] for name in COLUMNS}
            writer.write_batch({ORIGIN: [origin for origin, _ in batch], **columns})
            n_documents += len(batch)
        writer.finalize()
    return n_documents


class PieceStore:
    """Reads documents that `write_pieces` wrote, in any order and in part.

    `origins`, shape (n_documents,), ascending, are the numbers of the documents that they are, or
    are parts of.

    path (Path): The file.
    """

    def __init__(self, path: Path) -> None:
        self._dataset = Dataset.from_file(str(path))
        self.origins: NDArray[np.int64] = self._dataset.data.column(ORIGIN).to_numpy()
        self._chunks = {name: self._read_chunks(name) for name in COLUMNS}
        lengths = [len(chunk.offsets) - 1 for chunk in self._chunks["ids"]]
        self._first = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])

    def _read_chunks(self, name: str) -> list[_Chunk]:
        return [
            _Chunk(
                chunk.values.to_numpy(zero_copy_only=True),
                chunk.offsets.to_numpy(zero_copy_only=True),
            )
            for chunk in self._dataset.data.column(name).chunks
        ]

    def __len__(self) -> int:
        return len(self._dataset)

    def document(self, number: int) -> PieceDocument:
        """Look at a document; nothing is copied.

        number (int): The document, from 0.
        RETURNS (PieceDocument): Arrays that cannot be written to.
        """
        chunk, row = self._find(number)
        return PieceDocument(*(self._row(name, chunk, row) for name in COLUMNS))

    def pieces(self, number: int, start: int, end: int) -> tuple[Ints, Ints]:
        """Look at some pieces of a document; nothing is copied.

        number (int): The document, from 0.
        start (int): The first piece.
        end (int): The piece after the last.
        RETURNS (tuple[Ints, Ints]): Vocabulary indices, and word numbers in the document, each of
            shape (end - start,).
        """
        chunk, row = self._find(number)
        ids, words = (self._row(name, chunk, row)[start:end] for name in ("ids", "words"))
        return ids, words

    def _find(self, number: int) -> tuple[int, int]:
        chunk = int(np.searchsorted(self._first, number, side="right")) - 1
        return chunk, number - int(self._first[chunk])

    def _row(self, name: str, chunk: int, row: int) -> Ints:
        values, offsets = self._chunks[name][chunk]
        return values[offsets[row] : offsets[row + 1]]
