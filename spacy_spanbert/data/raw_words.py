"""Raw text to words and sentences by spaCy, and on to pieces, on all cores."""

import os
import re
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice, pairwise
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait

import numpy as np
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from tokenizers import Tokenizer

from spacy_spanbert.data.problems import CorpusError
from spacy_spanbert.pretraining.documents import DocumentTokenizer, PieceDocument, RawDocument

# Large enough for a second of work, small enough to keep some for every core in memory.
BATCH_CHARACTERS = 400_000
BATCHES_AHEAD = 2
# Less text than this is done before another process has started.
ALONE_BATCHES = 10
# A vocabulary keeps every word it ever saw. Beyond this it is made anew: quicker than a memory zone
# for each batch, which forgets the common words too.
MOST_KNOWN_WORDS = 500_000
# spaCy splits prefixes and suffixes off a stretch without white space one by one, and looks at all
# of the rest each time.
MOST_UNBROKEN = 500


class WordSplitter:
    """Finds words and sentences by a language's rules; no model is needed.

    A stretch of more than `MOST_UNBROKEN` characters without white space is cut after each so many
    before spaCy sees it, for its time would grow with the square of a run of brackets. A word may
    break there, and in a language without white space does; sentences go on.

    lang (str): spaCy's code of the language, such as "en".
    RAISES (CorpusError): If spaCy does not know it.
    """

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._nlp = _blank(lang)

    def __call__(self, texts: Iterable[str]) -> list[RawDocument]:
        """Find the words and sentences of texts.

        texts (Iterable[str]): The texts.
        RETURNS (list[RawDocument]): One a text; an empty text has no words and no sentences.
        """
        if len(self._nlp.vocab) > MOST_KNOWN_WORDS:
            self._nlp = _blank(self._lang)
        return [_to_raw(self._nlp(self._words(text))) for text in texts]

    def _words(self, text: str) -> Doc:
        borders = [0, *_cuts(text), len(text)]
        parts = [self._nlp.make_doc(text[start:end]) for start, end in pairwise(borders)]
        if len(parts) == 1:
            return parts[0]
        # not Doc.from_docs, for which a sentence begins with each part
        words = [word for part in parts for word in part]
        spaces = [bool(word.whitespace_) for word in words]
        return Doc(self._nlp.vocab, [word.text for word in words], spaces)


def _cuts(text: str) -> list[int]:
    """Where stretches without white space get too long, ascending."""
    stretches = re.finditer(rf"\S{{{MOST_UNBROKEN + 1},}}", text)
    return [
        cut
        for stretch in stretches
        for cut in range(stretch.start() + MOST_UNBROKEN, stretch.end(), MOST_UNBROKEN)
    ]


def _blank(lang: str) -> Language:
    try:
        nlp = spacy.blank(lang)
    except ImportError as error:
        raise CorpusError(
            f"spaCy has no language {lang!r}: give a code such as en, de or ru, or xx for a text "
            f"of several. It says: {error}"
        ) from error
    nlp.add_pipe("sentencizer")
    return nlp


def _to_raw(doc: Doc) -> RawDocument:
    word_starts = doc.to_array("IDX").astype(np.int32)
    sentence_starts = np.flatnonzero(doc.to_array("SENT_START").astype(np.int64) == 1)
    return RawDocument(doc.text, word_starts, sentence_starts.astype(np.int32))


def read_pieces(
    texts: Iterable[str], lang: str, tokenizer: Tokenizer, n_process: int = 0
) -> Iterator[PieceDocument]:
    """Cut texts into words and those into pieces, in several processes and in order.

    Only a few batches are in memory, however many texts there are. Little text is worked on in
    this process.

    texts (Iterable[str]): The texts, read as they are needed.
    lang (str): spaCy's code of their language.
    tokenizer (Tokenizer): A tokenizer of the tokenizers library.
    n_process (int): Processes that do the work; 0 for one per core.
    YIELDS (PieceDocument): One a text, in their order.
    RAISES (CorpusError): If spaCy does not know the language, or a process is killed.
    """
    n_process = n_process or _count_cores()
    batches = _to_batches(texts)
    first = list(islice(batches, ALONE_BATCHES + 1))
    work = _Work(lang, tokenizer.to_str())
    if n_process == 1 or len(first) <= ALONE_BATCHES:
        for batch in chain(first, batches):
            yield from work(batch)
        return
    try:
        yield from _in_parallel(chain(first, batches), work, n_process)
    except BrokenProcessPool as error:
        raise CorpusError(
            "A process that cuts text into pieces was killed, often for want of memory. Free some, "
            f"or give a smaller n_process than {n_process}."
        ) from error


def _count_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # those that this process may use; not on all systems
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _to_batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    n_characters = 0
    for text in texts:
        batch.append(text)
        n_characters += len(text)
        if n_characters >= BATCH_CHARACTERS:
            yield batch
            batch, n_characters = [], 0
    if batch:
        yield batch


class _Work:
    """What a process does with a batch. It is sent to a fresh process by its arguments."""

    def __init__(self, lang: str, tokenizer: str) -> None:
        self._words = WordSplitter(lang)
        self._pieces = DocumentTokenizer(Tokenizer.from_str(tokenizer))
        self._arguments = (lang, tokenizer)

    def __reduce__(self) -> tuple[type["_Work"], tuple[str, str]]:
        return _Work, self._arguments

    def __call__(self, texts: list[str]) -> list[PieceDocument]:
        return self._pieces(self._words(texts))


def _in_parallel(
    batches: Iterator[list[str]], work: _Work, n_process: int
) -> Iterator[PieceDocument]:
    # spawned, because threads (of torch, of tokenizers) do not survive a fork
    pool = ProcessPoolExecutor(n_process, get_context("spawn"), _start_worker, (work,))
    pending: deque[Future[list[PieceDocument]]] = deque()
    try:
        for batch in batches:
            pending.append(pool.submit(_work_on, batch))
            if len(pending) >= n_process * BATCHES_AHEAD:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_work: _Work | None = None


def _start_worker(work: _Work) -> None:
    global _work
    _work = work
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that asked for the work stops it
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it is killed: nobody else would."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _work_on(texts: list[str]) -> list[PieceDocument]:
    assert _work is not None
    return _work(texts)
