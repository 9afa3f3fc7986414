"""Read CoNLL columns: a word and its BIO tags in each line, one column for each nesting layer.

A blank line ends a sentence. `-DOCSTART-`, `# newdoc id = x` or `# doc_id = x` begin a document:
its sentences become one Doc; without any of these each sentence is a Doc. The other comments
that `conll_write.py` makes are understood too; the rest are passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from spacy_spanbert.data.bio import decode_layer, is_tag
from spacy_spanbert.data.conll_columns import Columns, Row, guess_columns, split_row, tag_of
from spacy_spanbert.data.conll_escape import unescape
from spacy_spanbert.data.files import read_lines
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems
from spacy_spanbert.data.records import Record, join_words

COMMENT = re.compile(r"# ?(?:(?P<new>newdoc)|(?P<key>[\w.]+(?: id)?) =(?P<value>.*))\s*")
DOCSTART = "-DOCSTART-"


def read_conll(path: Path, problems: Problems) -> Iterator[Record]:
    """Read the documents, or sentences, of a CoNLL file, plain or `.gz`.

    path (Path): The file.
    problems (Problems): Told of rows and tags that cannot be used (the word stays, without a
        tag), and of sequences such as I-PER after O, which are mended.
    YIELDS (Record): Documents or sentences; nothing for an empty file.
    RAISES (CorpusError): If the file cannot be read, or there are no tags in the last column of
        its first sentence.
    """
    reader = _Reader(str(path), problems)
    for number, line in read_lines(path, problems):
        yield from reader.read_line(number, line)
    yield from reader.end_document()


@dataclass
class _Document:
    """What has been read of a document, or of a sentence that stands alone."""

    doc_id: str | None = None
    is_announced: bool = False  # By a line of its own, so that it may be empty.
    words: list[str] = field(default_factory=list)
    spaces: list[bool] = field(default_factory=list)
    has_own_spaces: bool = False
    tags: list[list[str]] = field(default_factory=list)  # Of each word, in each layer.
    lines: list[int] = field(default_factory=list)
    sent_starts: list[int] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


class _Reader:
    def __init__(self, source: str, problems: Problems) -> None:
        self.source = source
        self.problems = problems
        self.columns: Columns | None = None
        self.document: _Document | None = None  # None: a sentence stands alone.
        self.rows: list[Row] = []
        self.no_space_after: str | None = None

    def place(self, line: int | None) -> Place:
        doc_id = self.document.doc_id if self.document else None
        return Place(self.source, line=line, doc_id=doc_id)

    def read_line(self, number: int, line: str) -> Iterator[Record]:
        cells = split_row(line)
        if not cells:
            yield from self.end_sentence()
        elif cells[0] == DOCSTART:
            yield from self.start_document(None)
        elif line.startswith("#") and (match := COMMENT.fullmatch(line)):
            yield from self.read_comment("newdoc" if match["new"] else match["key"], match["value"])
        elif not (line.startswith("#") and not is_tag(tag_of(cells[-1]))):
            self.rows.append(Row(number, cells))

    def read_comment(self, key: str, value: str | None) -> Iterator[Record]:
        value = (value or "").strip()
        if key in ("newdoc", "newdoc id"):
            yield from self.start_document(value or None, is_announced=True)
        elif key == "doc_id":
            current = self.document
            if current is None or current.doc_id != value:
                yield from self.start_document(value)
        elif key == "no_space_after":
            self.no_space_after = value
        elif self.document is not None:
            self.document.options[key] = value

    def start_document(self, doc_id: str | None, is_announced: bool = False) -> Iterator[Record]:
        yield from self.end_document()
        self.document = _Document(doc_id, is_announced)

    def end_document(self) -> Iterator[Record]:
        yield from self.end_sentence()
        document = self.document
        if document is not None and (document.words or document.is_announced):
            yield self.record(document)
        self.document = None

    def end_sentence(self) -> Iterator[Record]:
        if not self.rows:
            return
        if self.columns is None:
            self.columns = guess_columns(self.rows)
        if self.columns is None:
            message = "Expected BIO tags such as B-PER or O in the last column, behind the word."
            raise CorpusError(Problem("no tags", message, self.place(self.rows[0].line)))
        target = self.document or _Document()
        self.add_sentence(target, self.columns)
        self.rows = []
        self.no_space_after = None
        if self.document is None:
            yield self.record(target)

    def add_sentence(self, target: _Document, columns: Columns) -> None:
        target.sent_starts.append(len(target.words))
        n_before = len(target.words)
        for row in self.rows:
            word = row.cells[columns.word] if columns.word < len(row.cells) else ""
            if not word:
                message = f"Expected a word in column {columns.word + 1}; the line is left out."
                self.problems.add("bad row", message, self.place(row.line))
                continue
            is_escaped = target.options.get("escape") == "backslash"
            tags = [self.tag(row, column) for column in columns.tags]
            target.words.append(unescape(word) if is_escaped else word)
            target.tags.append([unescape(tag) for tag in tags] if is_escaped else tags)
            target.lines.append(row.line)
            if any(cell.strip() for cell in row.cells[columns.tags[-1] + 1 :]):
                message = f"More columns than the {columns.tags[-1] + 1} of the first sentence."
                self.problems.add("bad row", message, self.place(row.line))
        n_words = len(target.words) - n_before
        spaces = self.spaces(n_words)
        target.has_own_spaces = spaces is not None
        target.spaces += spaces or [True] * n_words

    def tag(self, row: Row, column: int) -> str:
        if column >= len(row.cells):
            message = f"Expected {column + 1} columns, as in the first sentence."
            self.problems.add("bad row", message, self.place(row.line))
            return "O"
        tag = tag_of(row.cells[column])
        if not is_tag(tag):
            message = f"Expected a BIO tag such as B-PER or O in column {column + 1}, not {tag!r}."
            self.problems.add("bad tag", message, self.place(row.line))
            return "O"
        return tag

    def spaces(self, n_words: int) -> list[bool] | None:
        if self.no_space_after is None:
            return None
        numbers = set(self.no_space_after.split())
        return [str(i + 1) not in numbers for i in range(n_words)]

    def record(self, document: _Document) -> Record:
        stands_alone = document is not self.document
        if document.spaces and not document.has_own_spaces:
            document.spaces[-1] = False
        crosses = document.options.get("spans_cross_sentences") == "yes"

        def on_repair(i: int, reason: str) -> None:
            self.problems.add("illegal tag sequence", reason, self.place(document.lines[i]))

        spans = [
            span
            for layer in zip(*document.tags, strict=True)
            for span in decode_layer(layer, () if crosses else set(document.sent_starts), on_repair)
        ]
        is_open = stands_alone or document.options.get("sentences") == "unknown"
        return Record(
            text=join_words(document.words, document.spaces),
            words=document.words,
            spaces=document.spaces,
            spans=sorted(spans, key=lambda span: (span.start, -span.end)),
            place=self.place(document.lines[0] if document.lines else None),
            sent_starts=None if is_open else document.sent_starts,
            user_data={} if document.doc_id is None else {"doc_id": document.doc_id},
        )
