"""Write a corpus in any known format: the one way out."""

from collections.abc import Iterable
from pathlib import Path

from spacy.tokens import Doc

from spacy_spanbert.data.brat_write import write_brat
from spacy_spanbert.data.conll_write import write_conll
from spacy_spanbert.data.docbin import write_docbin, write_docbins
from spacy_spanbert.data.files import format_suffix
from spacy_spanbert.data.jsonl import write_jsonl
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.read import FORMATS, SUFFIX_FORMATS


def output_format(path: Path, format: str | None = None) -> str:  # noqa: A002
    """Tell in which format a path is to be written.

    path (Path): The output; it need not exist.
    format (str | None): What was asked for; None: told from the suffix.
    RETURNS (str): "spacy", "jsonl", "conll" or "brat".
    RAISES (CorpusError): If neither tells.
    """
    if format is not None:
        if format not in FORMATS:
            raise CorpusError(f"The format is one of {', '.join(FORMATS)}, not {format!r}.")
        return format
    found = SUFFIX_FORMATS.get(format_suffix(path))
    if found is None or found == "brat":
        known = ", ".join(FORMATS)
        raise CorpusError(f"{path}: the name does not tell the format. Name one of {known}.")
    return found


def write_docs(
    docs: Iterable[Doc],
    path: Path,
    *,
    format: str | None = None,  # noqa: A002
    spans_key: str = "sc",
    docs_per_file: int | None = None,
    replace: bool = False,
    problems: Problems | None = None,
) -> None:
    """Write Docs, whole or not at all: after an exception there is nothing new.

    docs (Iterable[Doc]): The Docs, read one after the other.
    path (Path): The file; for brat and with `docs_per_file`, the folder.
    format (str | None): "spacy", "jsonl", "conll", "brat"; None: told from the suffix.
    spans_key (str): The key of `doc.spans` to write; `.spacy` files hold all of them.
    docs_per_file (int | None): Write a folder of `.spacy` files with so many Docs each. A file
        is held in memory until it is written, so this bounds the memory. None: one file.
    replace (bool): Whether a folder that is there, and all in it, may be replaced.
    problems (Problems | None): Told of what cannot be written; None: the first raises.
    RAISES (CorpusError): If the output cannot be written so.
    """
    path = Path(path)
    problems = Problems("stop") if problems is None else problems
    kind = output_format(path, format)
    if docs_per_file is not None and kind != "spacy":
        raise CorpusError(f"docs_per_file is for the format spacy, not for {kind}.")
    if docs_per_file is not None:
        write_docbins(docs, path, docs_per_file, replace=replace)
    elif kind == "spacy":
        write_docbin(docs, path)
    elif kind == "jsonl":
        write_jsonl(docs, path, spans_key, problems)
    elif kind == "conll":
        write_conll(docs, path, spans_key, problems)
    else:
        write_brat(docs, path, spans_key, problems, replace=replace)
