"""Documents made of numbers: each piece is told from all others by its vocabulary index."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from spacy_spanbert.pretraining.documents import PieceDocument
from spacy_spanbert.pretraining.piece_store import PieceStore, write_pieces

FIRST_ID = 1000
Shape = list[list[int]]  # pieces of each word of each sentence

SHAPES = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=9), max_size=6)


def make_document(shape: Shape, first_id: int = FIRST_ID, gap: int = 1) -> PieceDocument:
    """Make a document of given sentences; `gap` 2 numbers its words 0, 2, 4, ..."""
    sizes = [n_pieces for sentence in shape for n_pieces in sentence]
    words = np.repeat(np.arange(len(sizes)) * gap, sizes).astype(np.int32)
    lengths = [sum(sentence) for sentence in shape]
    sentences = np.cumsum([0, *lengths])[: len(lengths)].astype(np.int32)
    return PieceDocument(np.arange(len(words), dtype=np.int32) + first_id, words, sentences)


def make_documents(shapes: list[Shape]) -> list[PieceDocument]:
    documents, first_id = [], FIRST_ID
    for shape in shapes:
        documents.append(make_document(shape, first_id))
        first_id += len(documents[-1])
    return documents


def store_of(
    folder: Path, documents: list[PieceDocument], origins: Iterable[int] | None = None
) -> PieceStore:
    path = folder / f"{len(list(folder.iterdir()))}.arrow"
    numbers = range(len(documents)) if origins is None else origins
    write_pieces(path, zip(numbers, documents, strict=True))
    return PieceStore(path)


def random_shapes(n_documents: int, seed: int = 0, n_sentences: int = 29) -> list[Shape]:
    rng = np.random.default_rng(seed)
    return [
        [
            rng.integers(1, 4, rng.integers(1, 15)).tolist()
            for _ in range(int(rng.integers(1, n_sentences + 1)))
        ]
        for _ in range(n_documents)
    ]
