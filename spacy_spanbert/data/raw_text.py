"""Read raw text, without annotation, for pretraining: document by document, never whole files."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Literal, get_args

from spacy.vocab import Vocab

from spacy_spanbert.data.docbin import read_docbin
from spacy_spanbert.data.files import open_bytes
from spacy_spanbert.data.inputs import STANDARD_INPUT, Input, list_inputs
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems

OnBadBytes = Literal["raise", "replace"]

# Longer documents are cut, so that no step of the work grows with the length of a document.
MOST_CHARACTERS = 100_000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
REPLACED = "not UTF-8"
REPLACING = 'give --errors replace (in the config: [pretraining.corpus] errors = "replace")'
CUT = "long documents cut"


def list_raw_files(paths: Sequence[Path]) -> list[Path]:
    """Find the files of a corpus of raw text.

    paths (Sequence[Path]): Files and folders: `.txt`, `.jsonl`, `.spacy`, and `.gz` of these.
    RETURNS (list[Path]): The files, at least one, in the order given; those of a folder sorted.
        None is named twice.
    RAISES (CorpusError): If there is none, or its format is not known.
    """
    return [file.path for file in _list_inputs(paths)]


def _list_inputs(paths: Sequence[Path]) -> list[Input]:
    if STANDARD_INPUT in paths:
        raise CorpusError("Text for pretraining is read more than once: name files, not `-`.")
    files = {file.path.resolve(): file for path in paths for file in list_inputs(path)}
    if not files:
        raise CorpusError("Expected files or folders with text for pretraining, but got none.")
    return list(files.values())


def read_raw_texts(
    paths: Sequence[Path], errors: OnBadBytes = "raise", problems: Problems | None = None
) -> Iterator[str]:
    r"""Read the documents of text files, JSONL files and DocBins.

    In `.txt` files, blank lines separate documents; in `.jsonl` files every line is one, its text
    under "text"; in `.spacy` files every Doc. Documents of white space are left out. Longer ones
    than `MOST_CHARACTERS` are cut at white space, and their parts are documents of their own.

    paths (Sequence[Path]): Files and folders.
    errors (str): What to do about bytes that are not UTF-8: "raise" an error, or "replace" them
        by "\ufffd".
    problems (Problems | None): Told how many lines were replaced in part and how many documents
        cut.
    YIELDS (str): The documents; nothing for an empty file.
    RAISES (CorpusError): If a file is missing or damaged, has a wrong byte (names file and byte),
        or a line that is not JSON with a text (names file and line).
    """
    return (part for _, part in read_raw_parts(paths, errors, problems))


def read_raw_parts(
    paths: Sequence[Path], errors: OnBadBytes = "raise", problems: Problems | None = None
) -> Iterator[tuple[int, str]]:
    """Read documents as `read_raw_texts` does, and tell which are parts of the same.

    paths (Sequence[Path]): See `read_raw_texts`.
    errors (str): See `read_raw_texts`.
    problems (Problems | None): See `read_raw_texts`.
    YIELDS (tuple[int, str]): Number of the document before it was cut, ascending, and the document.
    RAISES (CorpusError): See `read_raw_texts`.
    """
    if errors not in get_args(OnBadBytes):
        raise CorpusError(f"errors is raise or replace, not {errors!r}.")
    problems = problems if problems is not None else Problems()
    origins = count()
    for file in _list_inputs(paths):
        for stretches, origin in zip(_read_file(file, errors, problems), origins, strict=False):
            for part in _join_and_cut(stretches, file.path, problems):
                yield origin, part


# A document comes as stretches of it, so that even one of a whole file is never in memory.
Stretches = Iterable[str]


def _read_file(file: Input, errors: OnBadBytes, problems: Problems) -> Iterator[Stretches]:
    if file.format == "spacy":
        for doc in read_docbin(file.path, Vocab()):
            yield [doc.text]
        return
    lines = _read_lines(file.path, errors, problems)
    if file.format == "jsonl":
        for number, line in lines:
            if line.strip():
                yield [_text_of(line, Place(str(file.path), line=number), errors)]
        return
    for _, line in lines:
        if line.strip():
            yield _paragraph(line, lines)


def _paragraph(first: str, lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    """Go on to the next blank line."""
    yield first
    for _, line in lines:
        if not line.strip():
            return
        yield line


def _read_lines(path: Path, errors: OnBadBytes, problems: Problems) -> Iterator[tuple[int, str]]:
    n_bytes = 0
    with open_bytes(path) as file:
        for number, raw in enumerate(file, start=1):
            skipped = len(BYTE_ORDER_MARK) if number == 1 and raw.startswith(BYTE_ORDER_MARK) else 0
            try:
                line = raw[skipped:].decode("utf-8")
            except UnicodeDecodeError as error:
                at = error.start + skipped
                message = f"Expected UTF-8, but byte {n_bytes + at + 1:,} of the file is "
                message += f"0x{raw[at]:02x}. "
                place = Place(str(path), line=number)
                if errors == "raise":
                    message += f"Save the file as UTF-8, or {REPLACING}."
                    raise CorpusError(Problem(REPLACED, message, place)) from error
                problems.note(REPLACED, message + "Replaced.", place)
                line = raw[skipped:].decode("utf-8", "replace")
            n_bytes += len(raw)
            yield number, line.removesuffix("\n").removesuffix("\r")


def _text_of(line: str, place: Place, errors: OnBadBytes) -> str:
    try:
        record: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        message = f"Expected one JSON object a line: {error}."
        raise CorpusError(Problem("bad JSON", message, place)) from error
    text = record.get("text") if isinstance(record, dict) else None
    if not isinstance(text, str):
        message = f'Expected an object with "text" (a string), not {line:.60}'
        raise CorpusError(Problem("missing key", message, place))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        if errors == "raise":
            message = f"Half of a surrogate pair is no character: character {error.start} of the "
            message += f"text. Mend the line, or {REPLACING}."
            raise CorpusError(Problem(REPLACED, message, place)) from error
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def _join_and_cut(stretches: Stretches, path: Path, problems: Problems) -> Iterator[str]:
    """Join stretches to a document, and cut it where it gets too long."""
    held: list[str] = []
    n_held = n_parts = 0
    for stretch in stretches:
        for part in cut_at_space(stretch, MOST_CHARACTERS):
            if n_held + len(part) > MOST_CHARACTERS:
                yield from _unless_blank("\n".join(held))
                n_parts += 1
                held, n_held = [], 0
            held.append(part)
            n_held += len(part) + 1
    yield from _unless_blank("\n".join(held))
    if n_parts:
        message = (
            f"A document was cut into {n_parts + 1}, of at most {MOST_CHARACTERS:,} characters."
        )
        problems.note(CUT, message, Place(str(path)))


def _unless_blank(text: str) -> Iterator[str]:
    if text.strip():
        yield text


def cut_at_space(text: str, most: int) -> Iterator[str]:
    """Cut a text at white space into parts that are not too long, in linear time.

    text (str): Any text.
    most (int): Characters of a part, at most; at least 1.
    YIELDS (str): The parts, joined again by one white space character each (none within a word
        that is longer); nothing for an empty text.
    """
    start = 0
    while len(text) - start > most:
        # the last white space that a part of this length can end before
        end = start + most
        while end > start and not text[end].isspace():
            end -= 1
        is_found = end > start
        end = end if is_found else start + most
        yield text[start:end]
        start = end + is_found
    if start < len(text):
        yield text[start:]
