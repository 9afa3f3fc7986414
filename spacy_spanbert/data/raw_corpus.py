"""From files of raw text to a tokenized corpus that pretraining reads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.raw_text import OnBadBytes, list_raw_files, read_raw_parts
from spacy_spanbert.data.raw_words import read_pieces
from spacy_spanbert.pretraining.corpus import Corpus, open_corpus
from spacy_spanbert.pretraining.corpus_source import (
    CorpusSource,
    check_unchanged,
    describe_source,
)
from spacy_spanbert.pretraining.documents import NumberedDocument, PieceDocument


def open_raw_corpus(
    paths: Sequence[Path],
    tokenizer: PreTrainedTokenizerFast,
    cache: Path,
    *,
    lang: str = "en",
    held_out: float = 0.02,
    seed: int = 0,
    errors: OnBadBytes = "raise",
    n_process: int = 0,
    known: CorpusSource | None = None,
    problems: Problems | None = None,
) -> Corpus:
    """Open the tokenized form of text files; make it first if it is not in the cache.

    With several processes of a training run, one calls this first, and the others when it is done.

    paths (Sequence[Path]): Files and folders, see `read_raw_parts`.
    tokenizer (PreTrainedTokenizerFast): Cuts words into pieces.
    cache (Path): Folder of tokenized corpora.
    lang (str): spaCy's code of the language, whose rules find words and sentences.
    held_out (float): Share of the documents that is kept out of training, 0 to 1; a long one with
        all of its parts.
    seed (int): Chooses them.
    errors (str): What to do about bytes that are not UTF-8: "raise" or "replace".
    n_process (int): Processes that tokenize; 0 for one per core.
    known (CorpusSource | None): What a run that is resumed began with (`corpus.source` then).
    problems (Problems | None): Told what was replaced or cut, if the corpus is made now.
    RETURNS (Corpus): The corpus.
    RAISES (CorpusChangedError): If the text or a setting is not as `known` says.
    RAISES (CorpusError): If a file cannot be read; names it.
    RAISES (SpanbertError): If there is no text.
    """
    files = list_raw_files(paths)
    backend = tokenizer.backend_tokenizer
    settings = {"lang": lang, "held_out": held_out, "seed": seed, "errors": errors}
    source = describe_source(files, backend.to_str(), settings, known)
    if known is not None:
        check_unchanged(known, source)
    return open_corpus(
        cache,
        source,
        lambda: _number(
            read_raw_parts(files, errors, problems),
            lambda texts: read_pieces(texts, lang, backend, n_process),
        ),
        tokenizer,
        held_out=held_out,
        seed=seed,
    )


def _number(
    parts: Iterable[tuple[int, str]],
    cut: Callable[[Iterable[str]], Iterable[PieceDocument]],
) -> Iterator[NumberedDocument]:
    """Keep the numbers of texts beside what they become, one each and in their order."""
    numbers: deque[int] = deque()

    def texts() -> Iterator[str]:
        for number, text in parts:
            numbers.append(number)
            yield text

    for document in cut(texts()):
        yield numbers.popleft(), document
