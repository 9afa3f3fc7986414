"""What is to be annotated: text, JSONL and `.spacy` files, and the raw records in them.

Reading is lazy and cheap: nothing is tokenized or parsed yet, so that a resumed run passes
quickly over what is done.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_spanbert.data.docbin import read_docbin
from spacy_spanbert.data.files import format_suffix, list_files, open_text, read_lines
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems

InputFormat = Literal["text", "jsonl", "spacy"]
TextUnit = Literal["document", "paragraph", "line"]

SUFFIX_FORMATS: dict[str, InputFormat] = {".txt": "text", ".jsonl": "jsonl", ".spacy": "spacy"}
STANDARD_INPUT = Path("-")


@dataclass(frozen=True)
class Input:
    """A file to annotate.

    path (Path): The file; `-` is standard input.
    format (str): "text", "jsonl" or "spacy".
    name (str | None): What texts in it are called: its path inside the folder that was named,
        without suffix. None: nothing, for standard input.
    """

    path: Path
    format: InputFormat
    name: str | None


@dataclass(frozen=True)
class RawRecord:
    """A record as it was read, or what is wrong with it.

    content (str | Doc | Problem): A text, a JSON object, a Doc, or why there is none.
    format (str): Which of these: "text", "jsonl" or "spacy".
    place (Place): Where it stands.
    name (str | None): What the text is called; None: JSONL and Docs say it themselves.
    """

    content: str | Doc | Problem
    format: InputFormat
    place: Place
    name: str | None = None

    @property
    def n_characters(self) -> int:
        """RETURNS (int): How much there is of it, roughly: JSON is counted as it is written."""
        if isinstance(self.content, Doc):
            return self.content[-1].idx + len(self.content[-1]) if len(self.content) else 0
        return len(self.content) if isinstance(self.content, str) else 0


def list_inputs(path: Path, format: InputFormat | None = None) -> list[Input]:  # noqa: A002
    """Find what is to be annotated.

    path (Path): A file, plain or `.gz`; a folder, searched through in sorted order; or `-`.
    format (str | None): Of all files; None: told from each file's suffix, text for `-`.
    RETURNS (list[Input]): The files, at least one.
    RAISES (CorpusError): If there is none, or its format is not known.
    """
    if format is not None and format not in get_args(InputFormat):
        raise CorpusError(f"The format of the input is text, jsonl or spacy, not {format!r}.")
    if path == STANDARD_INPUT:
        if format == "spacy":
            raise CorpusError("Standard input is read as text or jsonl; name a file for spacy.")
        return [Input(path, format or "text", None)]
    suffixes = [suffix for suffix, known in SUFFIX_FORMATS.items() if format in (None, known)]
    expected = f"Expected one of {' '.join(suffixes)}, or any of these with .gz"
    if path.is_dir():
        files = list_files(path, suffixes)
        if not files:
            raise CorpusError(f"{path}: no file to read in this folder. {expected}.")
    elif not path.exists():
        raise CorpusError(f"{path}: there is no such file or folder.")
    elif format is None and format_suffix(path) not in SUFFIX_FORMATS:
        raise CorpusError(f"{path}: {expected}. Name the format if it is text, jsonl or spacy.")
    else:
        files = [path]
    return [
        Input(file, format or SUFFIX_FORMATS[format_suffix(file)], _name_of(file, path))
        for file in files
    ]


def _name_of(file: Path, root: Path) -> str:
    name = file.name if file == root else file.relative_to(root).as_posix()
    for suffix in (".gz", *SUFFIX_FORMATS):
        name = name.removesuffix(suffix)
    return name


def read_raw(inputs: Iterable[Input], unit: TextUnit, vocab: Vocab) -> Iterator[RawRecord]:
    """Read the records of all files, one after the other.

    What cannot be read comes as a record with a problem, in its place, so that the same input
    always gives the same number of records. After the damaged part of a file comes the next file.

    inputs (Iterable[Input]): The files.
    unit (str): What a record of a text file is: the "document", each "paragraph" (what stands
        between empty lines), or each "line" that is not empty.
    vocab (Vocab): Of the Docs in `.spacy` files.
    YIELDS (RawRecord): The records; nothing for files without any, but an empty text document.
    RAISES (CorpusError): If there is no such unit.
    """
    if unit not in get_args(TextUnit):
        raise CorpusError(f"The unit of text is document, paragraph or line, not {unit!r}.")
    for file in inputs:
        records = _read_file(file, unit, vocab)
        while True:
            try:
                record = next(records)
            except StopIteration:
                break
            except CorpusError as error:
                yield RawRecord(error.problem, file.format, error.problem.place)
                break
            yield record


def _read_file(file: Input, unit: TextUnit, vocab: Vocab) -> Iterator[RawRecord]:
    if file.format == "spacy":
        for i, doc in enumerate(read_docbin(file.path, vocab)):
            place = Place(str(file.path), doc_index=i + 1, doc_id=doc.user_data.get("doc_id"))
            yield RawRecord(doc, "spacy", place)
    elif file.format == "jsonl":
        for line in _read_lines(file):
            if not isinstance(line.content, str) or line.content.strip():
                yield line
    elif unit == "document":
        yield _read_document(file)
    elif unit == "line":
        for line in _read_lines(file):
            if not isinstance(line.content, str) or line.content.strip():
                yield line
    else:
        yield from _read_paragraphs(file)


def _read_document(file: Input) -> RawRecord:
    place = Place(_shown(file.path), doc_id=file.name)
    if file.path == STANDARD_INPUT:
        lines = _numbered_lines(file.path, Problems("stop"))
        return RawRecord("\n".join(line for _, line in lines), "text", place)
    with open_text(file.path) as text:
        return RawRecord(text.read(), "text", place, file.name)


def _read_paragraphs(file: Input) -> Iterator[RawRecord]:
    lines: list[str] = []
    place = Place()
    for line in _read_lines(file):
        if isinstance(line.content, str) and line.content.strip():
            place = place if lines else line.place
            lines.append(line.content)
            continue
        if lines:
            yield RawRecord("\n".join(lines), "text", place, file.name)
            lines = []
        if isinstance(line.content, Problem):
            yield line
    if lines:
        yield RawRecord("\n".join(lines), "text", place, file.name)


def _read_lines(file: Input) -> Iterator[RawRecord]:
    """Read lines, and those that are not UTF-8 as problems in their place."""
    found: list[Problem] = []
    problems = Problems("skip", n_examples=0, on_problem=found.append)
    is_text = file.format == "text"
    for number, line in _numbered_lines(file.path, problems):
        yield from _take(found, file)
        place = Place(_shown(file.path), line=number)
        content = line.removesuffix("\r") if is_text else line
        yield RawRecord(content, file.format, place, file.name if is_text else None)
    yield from _take(found, file)


def _take(found: list[Problem], file: Input) -> Iterator[RawRecord]:
    while found:
        problem = found.pop(0)
        yield RawRecord(problem, file.format, problem.place)


def _numbered_lines(path: Path, problems: Problems) -> Iterator[tuple[int, str]]:
    return _read_standard_input(problems) if path == STANDARD_INPUT else read_lines(path, problems)


def _read_standard_input(problems: Problems) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(sys.stdin.buffer, start=1):
        try:
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8").removesuffix("\n")
        except UnicodeDecodeError as error:
            message = f"Expected UTF-8, but byte {error.start + 1} is 0x{raw[error.start]:02x}."
            problems.add("not UTF-8", message, Place(_shown(STANDARD_INPUT), line=number))


def _shown(path: Path) -> str:
    return "standard input" if path == STANDARD_INPUT else str(path)
