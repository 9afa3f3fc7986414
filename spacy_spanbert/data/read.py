"""Read a corpus of any known format: the one way in."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from spacy_spanbert.data.brat import has_relation_lines, read_brat, report_unannotated
from spacy_spanbert.data.conll import read_conll
from spacy_spanbert.data.docbin import read_docbin
from spacy_spanbert.data.docs import make_docs
from spacy_spanbert.data.files import format_suffix, list_files
from spacy_spanbert.data.jsonl import read_jsonl
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems
from spacy_spanbert.data.records import Record

SUFFIX_FORMATS = {
    ".spacy": "spacy",
    ".jsonl": "jsonl",
    ".conll": "conll",
    ".iob": "conll",
    ".bio": "conll",
    ".tsv": "conll",
    ".ann": "brat",
}
FORMATS = tuple(dict.fromkeys(SUFFIX_FORMATS.values()))


def read_docs(
    path: Path,
    nlp: Language,
    *,
    format: str | None = None,  # noqa: A002
    spans_key: str = "sc",
    group: str | None = None,
    retokenize: bool = False,
    problems: Problems,
) -> Iterator[Doc]:
    """Read the Docs of a corpus, one after the other.

    path (Path): A file, plain or `.gz`, or a folder of files of known formats, which are read
        in sorted order.
    nlp (Language): Its vocabulary, and its tokenizer where the corpus has no words.
    format (str | None): "spacy", "jsonl", "conll", "brat"; None: told from each file's suffix.
    spans_key (str): The key of `doc.spans`; it is set on every Doc, empty too, but the Docs of
        `.spacy` files come as they were written.
    group (str | None): Consecutive records with the same value of this key ("doc_id") become
        one Doc, each a sentence of it. None: a record is a Doc.
    retokenize (bool): Use the tokenizer of `nlp` even if the corpus has words.
    problems (Problems): Told of all that is wrong and left out.
    YIELDS (Doc): The Docs; nothing for an empty file. Where a record of JSONL says which labels a
        text has (`label`, `labels`), `doc.cats` is 0 for all others of the corpus.
    RAISES (CorpusError): If the path cannot be read, is of no known format, or is of one that
        `group` or `retokenize` make no sense for.
    """
    files = _files(Path(path), format, problems)
    formats = [format or SUFFIX_FORMATS[format_suffix(file)] for file in files]
    brat = (file for file, known in zip(files, formats, strict=True) if known == "brat")
    is_related = has_relation_lines(brat)
    known_labels = _known_labels(
        [file for file, known in zip(files, formats, strict=True) if known == "jsonl"]
    )
    for file, file_format in zip(files, formats, strict=True):
        _check_options(file, file_format, group, retokenize)
        if file_format == "spacy":
            yield from read_docbin(file, nlp.vocab)
        else:
            yield from make_docs(
                _read_records(file, Path(path), file_format, problems, is_related),
                nlp,
                spans_key=spans_key,
                problems=problems,
                group=group,
                retokenize=retokenize,
                known_labels=known_labels,
            )


def _read_records(
    file: Path, root: Path, file_format: str, problems: Problems, is_related: bool
) -> Iterator[Record]:
    if file_format == "jsonl":
        return read_jsonl(file, problems)
    if file_format == "conll":
        return read_conll(file, problems)
    name = Path(file.name) if file == root else file.relative_to(root)
    doc_id = name.with_suffix("").as_posix()
    return read_brat(file, doc_id, problems, is_related=is_related)


def _known_labels(files: Sequence[Path]) -> Callable[[], list[str]]:
    """Read JSONL twice if its records have a label: others of the corpus are known not to be it."""

    @cache
    def collect() -> list[str]:
        records = (record for file in files for record in read_jsonl(file, Problems()))
        return sorted({label for record in records for label in record.labels or ()})

    return collect


def _files(path: Path, format: str | None, problems: Problems) -> list[Path]:  # noqa: A002
    if format is not None and format not in FORMATS:
        raise CorpusError(f"The format is one of {', '.join(FORMATS)}, not {format!r}.")
    if not path.exists():
        raise _unknown(path, "There is no such file or folder.")
    suffixes = [suffix for suffix, known in SUFFIX_FORMATS.items() if format in (None, known)]
    expected = f"Expected one of {' '.join(suffixes)}, or any of these with .gz"
    if not path.is_dir():
        if format is None and format_suffix(path) not in suffixes:
            raise _unknown(path, f"{expected}. If it is of a known format, name the format.")
        return [path]
    files = list_files(path, suffixes)
    if not files:
        raise _unknown(path, f"No file to read in this folder. {expected}.")
    if any(format_suffix(file) == ".ann" for file in files):
        report_unannotated(path, problems)
    return files


def _unknown(path: Path, message: str) -> CorpusError:
    return CorpusError(Problem("unknown format", message, Place(str(path))))


def _check_options(file: Path, file_format: str, group: str | None, retokenize: bool) -> None:
    if group is not None and file_format not in ("jsonl", "conll"):
        message = f"Only records of JSONL and CoNLL files can be grouped by {group!r}."
        raise CorpusError(Problem("wrong option", message, Place(str(file))))
    if retokenize and file_format == "spacy":
        message = "The Docs of a .spacy file are not tokenized again; do it from the source."
        raise CorpusError(Problem("wrong option", message, Place(str(file))))
