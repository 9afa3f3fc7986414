"""A tokenized corpus in a folder: made once, and mapped into memory from then on."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corpus_source import CorpusSource
from spacy_spanbert.pretraining.corpus_statistics import CorpusStatistics
from spacy_spanbert.pretraining.disk import writing
from spacy_spanbert.pretraining.documents import NumberedDocument
from spacy_spanbert.pretraining.piece_store import PieceStore, write_pieces
from spacy_spanbert.pretraining.random_streams import Stream, random_numbers

PIECES = "pieces.arrow"
HELD_OUT = "held_out.npy"
COUNTS = "counts.npy"
CORPUS = "corpus.json"
WRITING = ".writing-"
ABANDONED_SECONDS = 24 * 3600


class Corpus:
    """A tokenized corpus.

    `special_ids` are the vocabulary indices of special pieces, [UNK] among them, which `counts`
    leaves out.

    folder (Path): As `open_corpus` makes it.
    """

    def __init__(self, folder: Path) -> None:
        stored = json.loads((folder / CORPUS).read_text("utf8"))
        self.folder = folder
        self.source = CorpusSource.from_json(stored["source"])
        self.statistics = CorpusStatistics(**stored["statistics"])
        # corpora of earlier versions do not tell
        self.special_ids: list[int] = stored.get("special_ids", [])
        self.store = PieceStore(folder / PIECES)
        self.held_out: NDArray[np.int64] = np.load(folder / HELD_OUT)
        self.counts: NDArray[np.int64] = np.load(folder / COUNTS)

    @property
    def train(self) -> NDArray[np.int64]:
        """RETURNS (NDArray): Numbers of the documents to train on, ascending."""
        return np.setdiff1d(np.arange(len(self.store)), self.held_out, assume_unique=True)

    @property
    def fingerprint(self) -> str:
        """RETURNS (str): Tells corpora apart by content, tokenizer and settings."""
        return self.source.fingerprint


def open_corpus(
    cache: Path,
    source: CorpusSource,
    documents: Callable[[], Iterable[NumberedDocument]],
    tokenizer: PreTrainedTokenizerFast,
    *,
    held_out: float,
    seed: int,
) -> Corpus:
    """Open a tokenized corpus; make it first if it is not there, or damaged.

    It appears whole or not at all. What it is called in the cache depends on all that its content
    depends on, so that one of other text or settings is never taken for it.

    cache (Path): Folder of tokenized corpora; made if it is missing.
    source (CorpusSource): What it is made of. `held_out` and `seed` have to be in its settings.
    documents (Callable): Gives the documents, parts of the same with the same number; called only
        if they are needed.
    tokenizer (PreTrainedTokenizerFast): What they were cut by.
    held_out (float): Share of the documents that is kept out of training, 0 to 1, with all of their
        parts. More than 0 is one document at least, and one at least remains.
    seed (int): Chooses them.
    RETURNS (Corpus): The corpus.
    RAISES (SpanbertError): If no document has a piece.
    RAISES (WriteError): If the disk is full.
    """
    folder = cache / source.fingerprint
    corpus = _open_whole(folder)
    if corpus is None:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(cache)
        with tempfile.TemporaryDirectory(prefix=WRITING, dir=cache) as temporary:
            part = Path(temporary) / "corpus"
            part.mkdir()
            with writing(folder):
                _write(part, source, documents(), tokenizer, held_out, seed)
                _put_in_place(part, folder)
        corpus = Corpus(folder)
    return corpus


def _open_whole(folder: Path) -> Corpus | None:
    """A corpus that cannot be read is as good as none: it is made again of the same text."""
    try:
        corpus = Corpus(folder)
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None
    return corpus if len(corpus.store) == corpus.statistics.parts else None


def _put_in_place(part: Path, folder: Path) -> None:
    if _open_whole(folder) is not None:
        return  # another process was quicker, and made the same
    if folder.is_dir():
        shutil.rmtree(folder)  # somebody removed files from it, or spoilt them
    part.rename(folder)


def _remove_abandoned(cache: Path) -> None:
    """Remove what processes that were killed left behind."""
    for folder in cache.glob(f"{WRITING}*"):
        written = max((path.stat().st_mtime for path in folder.rglob("*")), default=0.0)
        if time.time() - written > ABANDONED_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _write(
    folder: Path,
    source: CorpusSource,
    documents: Iterable[NumberedDocument],
    tokenizer: PreTrainedTokenizerFast,
    held_out: float,
    seed: int,
) -> None:
    statistics = CorpusStatistics()
    counts = np.zeros(max(tokenizer.get_vocab().values()) + 1, dtype=np.int64)
    unknown = tokenizer.unk_token_id
    write_pieces(folder / PIECES, _counted(documents, statistics, counts, unknown))
    if not statistics.parts:
        files = ", ".join(file.path for file in source.files[:5])
        raise SpanbertError(f"Expected text to learn from, but there is no word in {files}.")
    store = PieceStore(folder / PIECES)
    chosen = choose_held_out(store.origins, held_out, seed)
    statistics.documents = len(np.unique(store.origins))
    statistics.held_out_documents = len(np.unique(store.origins[chosen]))
    for number in chosen:
        counts -= np.bincount(store.document(int(number)).ids, minlength=len(counts))
    special_ids = sorted(tokenizer.all_special_ids)
    counts[special_ids] = 0
    np.save(folder / HELD_OUT, chosen)
    np.save(folder / COUNTS, counts)
    stored = {
        "source": source.to_json(),
        "statistics": asdict(statistics),
        "special_ids": special_ids,
    }
    (folder / CORPUS).write_text(json.dumps(stored, indent=1), encoding="utf8")


def _counted(
    documents: Iterable[NumberedDocument],
    statistics: CorpusStatistics,
    counts: NDArray[np.int64],
    unknown: int | None,
) -> Iterator[NumberedDocument]:
    """Pass documents on, without empty ones, and count."""
    for origin, document in documents:
        if len(document):
            statistics.add(document, unknown)
            # not np.bincount: a vocabulary is larger than most documents
            np.add.at(counts, document.ids, 1)
            yield origin, document


def choose_held_out(origins: NDArray[np.int64], share: float, seed: int) -> NDArray[np.int64]:
    """Choose the documents that are kept out of training.

    A document that was cut is in training with all of its parts, or with none: one part of a novel
    tells much of the next.

    origins (NDArray): Number of the document that each part is of, shape (n_parts,).
    share (float): Share of the documents, 0 to 1.
    seed (int): The same seed gives the same choice.
    RETURNS (NDArray): Places of their parts in `origins`, ascending; none of a single document.
    """
    numbers, parts = np.unique(origins, return_inverse=True)
    n_documents = len(numbers)
    n_held_out = min(max(1, round(share * n_documents)), n_documents - 1) if share > 0 else 0
    rng = random_numbers(Stream.HELD_OUT, seed)
    chosen = rng.permutation(n_documents)[:n_held_out]
    return np.flatnonzero(np.isin(parts, chosen)).astype(np.int64)
