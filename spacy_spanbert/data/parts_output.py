"""Turn finished parts into the output, in any format."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import create_vocab

from spacy_spanbert.data.docbin import read_docbin
from spacy_spanbert.data.docbin_join import join_docbins
from spacy_spanbert.data.files import format_suffix, write_whole_folder
from spacy_spanbert.data.html import write_html
from spacy_spanbert.data.input_docs import write_annotated_jsonl
from spacy_spanbert.data.output_check import check_place_of_file, check_place_of_folder
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.read import FORMATS, SUFFIX_FORMATS
from spacy_spanbert.data.write import write_docs

ANNOTATED_FORMATS = (*FORMATS, "html")
FILE_FORMATS = {**SUFFIX_FORMATS, ".html": "html", ".htm": "html"}


def annotated_format(output: Path, format: str | None = None) -> tuple[str, bool]:  # noqa: A002
    """Tell in which format an output is to be written.

    output (Path): The output; it need not exist.
    format (str | None): What was asked for; None: told from the suffix.
    RETURNS (tuple[str, bool]): "spacy", "jsonl", "conll", "brat" or "html", and whether the
        output is a folder: for brat, and for spacy if the name has no suffix.
    RAISES (CorpusError): If neither tells, or they contradict one another, or a folder is there
        where a file is to be written, or a file instead of a folder.
    """
    known = ", ".join(ANNOTATED_FORMATS)
    if format is not None and format not in ANNOTATED_FORMATS:
        raise CorpusError(f"The format is one of {known}, not {format!r}.")
    suffix = format_suffix(output)
    by_suffix = FILE_FORMATS.get(suffix)
    if format is None and (by_suffix is None or by_suffix == "brat"):
        message = f"{output}: the name does not tell the format. Name one of {known} with --to."
        raise CorpusError(message)
    chosen = format or str(by_suffix)
    if by_suffix not in (None, chosen):
        raise CorpusError(f"{output} has the suffix of {by_suffix}, but the format is {chosen}.")
    is_folder = chosen == "brat" or (chosen == "spacy" and by_suffix is None)
    if is_folder:
        check_place_of_folder(output, replace=True)
    else:
        check_place_of_file(output)
    return chosen, is_folder


def write_parts(
    parts: Sequence[Path],
    path: Path,
    nlp: Language,
    *,
    format: str,  # noqa: A002
    is_folder: bool,
    spans_key: str,
    title: str,
    labels: Iterable[str],
    problems: Problems,
) -> None:
    """Write the Docs of all parts to one output, whole or not at all; one part is in memory.

    parts (Sequence[Path]): `.spacy` files; for none, the output is empty.
    path (Path): The file or folder; what is there is replaced.
    nlp (Language): Of the language of the Docs.
    format (str): See `annotated_format`.
    is_folder (bool): See `annotated_format`.
    spans_key (str): The key of `doc.spans` to write; `.spacy` files hold all of them.
    title (str): Title of a page.
    labels (Iterable[str]): Labels that the pipeline knows, for the colours of a page.
    problems (Problems): Told of what cannot be written.
    """
    docs = _read_parts(parts, nlp)
    if format == "spacy" and is_folder:
        with write_whole_folder(path, replace=True) as folder:
            for part in parts:
                shutil.copyfile(part, folder / part.name)
    elif format == "spacy":
        join_docbins(parts, path)
    elif format == "jsonl":
        write_annotated_jsonl(docs, path, spans_key, problems)
    elif format == "html":
        write_html(docs, path, spans_key, problems, title=title, labels=labels)
    else:
        write_docs(docs, path, format=format, spans_key=spans_key, replace=True, problems=problems)


def _read_parts(parts: Sequence[Path], nlp: Language) -> Iterator[Doc]:
    for part in parts:
        # One vocabulary for all would grow with the corpus.
        yield from read_docbin(part, create_vocab(nlp.lang, nlp.Defaults))
