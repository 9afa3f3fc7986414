"""Write CoNLL columns: a word and its BIO tags in each line, one column for each nesting layer.

What columns cannot hold stands in comments, which `conll.py` reads and other programs pass over:

    # newdoc id = x               a document begins
    # sentences = unknown         its sentence boundaries are not set
    # spans_cross_sentences = yes tags go on over blank lines
    # escape = backslash          white space in words and labels is written as code points
    # no_space_after = 3 4        the words of the next sentence, from 1, that no space follows
"""

import tempfile
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from spacy.tokens import Doc

from spacy_spanbert.data.bio import encode_layers
from spacy_spanbert.data.conll_escape import escape, needs_escape
from spacy_spanbert.data.docs import get_spans, place_of, sent_starts_of
from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.left_out import LeftOut
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.records import RecordSpan


def write_conll(docs: Iterable[Doc], path: Path, spans_key: str, problems: Problems) -> None:
    """Write Docs to a CoNLL file (`.gz` is compressed), whole or not at all.

    All rows have as many columns as the deepest document needs. Scores, and of `user_data` all but
    `doc_id`, are not kept; nor are relations, tags, labels of texts and the two texts of a pair,
    which is reported once.

    docs (Iterable[Doc]): The Docs; for none, the file is empty.
    path (Path): The file.
    spans_key (str): The key of `doc.spans` to write.
    problems (Problems): Told of spans that cannot be written, and how much of the rest.
    """
    left_out = LeftOut("Columns have", spans_key, holds_relations=False)
    with (
        write_whole(path) as file,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=path.parent) as ragged,
    ):
        n_layers = 1
        for i, doc in enumerate(docs):
            spans = get_spans(doc, spans_key, place_of(doc, i), problems)
            layers = encode_layers(spans, len(doc))
            n_layers = max(n_layers, len(layers))
            ragged.writelines(_document_lines(doc, spans, layers))
            left_out.add(doc)
        ragged.seek(0)
        _pad(ragged, file, n_layers)
    left_out.report(problems)


def _pad(ragged: Iterable[str], file: TextIO, n_layers: int) -> None:
    """Give all rows the same number of columns; only rows have tabs."""
    for line in ragged:
        n_missing = n_layers - line.count("\t")
        is_row = not line.startswith("# ") and line != "\n"
        file.write(line.removesuffix("\n") + "\tO" * n_missing + "\n" if is_row else line)


def _document_lines(doc: Doc, spans: list[RecordSpan], layers: list[list[str]]) -> Iterator[str]:
    starts = sent_starts_of(doc)
    is_escaped = any(needs_escape(token.text) for token in doc) or any(
        needs_escape(span.label) for span in spans
    )
    doc_id = " ".join(str(doc.user_data.get("doc_id", "")).split())
    yield f"# newdoc id = {doc_id}\n" if doc_id else "# newdoc\n"
    if is_escaped:
        yield "# escape = backslash\n"
    if starts is None:
        yield "# sentences = unknown\n"
    elif any(span.start < start < span.end for span in spans for start in starts):
        yield "# spans_cross_sentences = yes\n"
    bounds = sorted({0, len(doc), *(starts or [])})
    for start, end in pairwise(bounds):
        yield _spaces_line(doc, start, end)
        for i in range(start, end):
            cells = [doc[i].text, *(layer[i] for layer in layers)]
            yield "\t".join(map(escape, cells) if is_escaped else cells) + "\n"
        yield "\n"
    if not len(doc):
        yield "\n"


def _spaces_line(doc: Doc, start: int, end: int) -> str:
    numbers = [str(i - start + 1) for i in range(start, end) if not doc[i].whitespace_]
    return " ".join(["# no_space_after =", *numbers]) + "\n"
