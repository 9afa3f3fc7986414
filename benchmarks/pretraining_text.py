"""The raw text that pretraining is measured on."""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from benchmarks.report import write_text
from spacy_spanbert.data.raw_corpus import open_raw_corpus
from spacy_spanbert.pretraining.corpus import Corpus
from spacy_spanbert.pretraining.piece_store import PieceStore
from spacy_spanbert.pretraining.special_pieces import special_pieces
from spacy_spanbert.pretraining.windows import Window

# By name: files of the folder of corpora. Of an annotated corpus only the text is taken.
TEXTS = {
    "fiction": ("raw_fiction_full/train.txt",),
    "beginnings of fiction": ("raw_fiction/train.txt",),
    "biomedical": ("raw_biomed/train.txt", "genia/train.jsonl"),
}
# Enough for some documents to be held out.
QUICK_CHARACTERS = 150_000


class FullWindows:
    """Windows without any padding: all text in one row, cut every so many pieces.

    So cut Hugging Face's example scripts; none of those who are compared has an advantage by how it
    treats windows of different lengths.

    store (PieceStore): The documents.
    window (int): Pieces of each window, special ones included.
    tokenizer (PreTrainedTokenizerFast): Tells the special pieces.
    RAISES (SystemExit): If the text is shorter than a window.
    """

    def __init__(self, store: PieceStore, window: int, tokenizer: PreTrainedTokenizerFast) -> None:
        self._special = special_pieces(tokenizer, pair=False)
        room = window - len(self._special)
        documents = [store.document(number) for number in range(len(store))]
        ids = np.concatenate([document.ids for document in documents])
        n_words = np.array([document.words[-1] + 1 for document in documents])
        firsts = np.cumsum(n_words) - n_words
        words = np.concatenate(
            [d.words + first for d, first in zip(documents, firsts, strict=True)]
        )
        self._n_windows = len(ids) // room
        if not self._n_windows:
            raise SystemExit(f"Expected text of {room} pieces or more, but got {len(ids)}: --text")
        n_pieces = self._n_windows * room
        # shape (n_windows, room)
        self._ids = ids[:n_pieces].reshape(-1, room)
        self._words = words[:n_pieces].reshape(-1, room).astype(np.int32)

    def __len__(self) -> int:
        return self._n_windows

    def window(self, index: int, epoch: int) -> Window:  # noqa: ARG002  pairs depend on it
        """Build a window.

        index (int): Its number, from 0.
        epoch (int): Makes no difference.
        RETURNS (Window): Always the same for the same number.
        """
        return self._special.put_around([self._ids[index]], [self._words[index]])


def tokenize_text(path: Path, tokenizer: PreTrainedTokenizerFast, folder: Path) -> Corpus:
    """Tokenize a text; nothing is held out.

    path (Path): File or folder of text.
    tokenizer (PreTrainedTokenizerFast): Cuts words into pieces.
    folder (Path): Where tokenized text is kept from one run to the next.
    RETURNS (Corpus): The text.
    """
    return open_raw_corpus([path], tokenizer, folder, held_out=0.0)


def find_texts(name: str, data: Path, work: Path, *, quick: bool) -> list[Path]:
    """Find a text, and write as text what is annotated.

    name (str): A key of TEXTS.
    data (Path): Folder of corpora.
    work (Path): Folder for what has to be written.
    quick (bool): Take the beginning only.
    RETURNS (list[Path]): Files of text, documents divided by blank lines.
    RAISES (SystemExit): If a file is not there; says how to name the folder.
    """
    found = []
    for source in TEXTS[name]:
        path = data / source
        if not path.is_file():
            raise SystemExit(f"Expected {path}: give --data FOLDER")
        if path.suffix == ".jsonl":
            written = work / f"{path.parent.name}_{path.stem}.txt"
            write_text(written, "\n\n".join(_documents(path)) + "\n")
            path = written
        if quick:
            beginning = work / f"{path.parent.name}_{path.stem}_beginning.txt"
            write_text(beginning, path.read_text("utf8")[:QUICK_CHARACTERS])
            path = beginning
        found.append(path)
    return found


def _documents(path: Path) -> Iterator[str]:
    """The records of a document, one a line."""
    with path.open(encoding="utf8") as lines:
        records = (json.loads(line) for line in lines if line.strip())
        for _, group in groupby(records, key=lambda record: record.get("doc_id")):
            yield "\n".join(record["text"] for record in group)
