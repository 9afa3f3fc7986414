"""Read and write brat standoff: a `.txt` and an `.ann` file for each document.

Written are text-bound annotations (T lines). Relations, events, attributes and notes are not
read. A label may hold spaces here, which brat itself does not allow.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy.tokens import Doc

from spacy_spanbert.data.docs import get_spans, place_of
from spacy_spanbert.data.files import (
    list_files,
    open_text,
    read_lines,
    write_whole,
    write_whole_folder,
)
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import Record, RecordSpan

SPAN = re.compile(r"(?P<label>.*?) (?P<offsets>\d+ \d+(?:;\d+ \d+)*)")
OTHER_KINDS = {
    "R": "relation",
    "E": "event",
    "A": "attribute",
    "M": "attribute",
    "N": "normalization",
    "#": "note",
    "*": "equivalence",
}
MAX_NAME = 60  # Of a file, in characters of up to 4 bytes: file systems allow 255 bytes.


def read_brat(path: Path, doc_id: str, problems: Problems) -> Iterator[Record]:
    """Read one document.

    path (Path): The `.ann` file; the text is beside it, in the `.txt` file of the same name.
    doc_id (str): What to call the document.
    problems (Problems): Told of annotations that cannot be used: discontinuous ones, and those
        whose text is not what stands at their offsets. They are left out.
    YIELDS (Record): The document, to be tokenized; nothing if its text is missing.
    RAISES (CorpusError): If a file cannot be read.
    """
    place = Place(str(path), doc_id=doc_id)
    text_path = path.with_suffix(".txt")
    if not text_path.is_file():
        problems.add("text missing", f"Expected the text in {text_path.name} beside it.", place)
        return
    with open_text(text_path) as file:
        text = file.read()
    spans = []
    for number, line in read_lines(path, problems):
        line_place = Place(str(path), line=number, doc_id=doc_id)
        try:
            span = _parse_line(line.removesuffix("\r"), text, line_place, problems)
        except ValueError as error:
            problems.add("bad annotation", f"{error} The line is {line!r:.200}.", line_place)
        else:
            spans += [span] if span else []
    yield Record(
        text=text, words=None, spaces=[], spans=spans, place=place, user_data={"doc_id": doc_id}
    )


def _parse_line(line: str, text: str, place: Place, problems: Problems) -> RecordSpan | None:
    if not line.strip():
        return None
    if line[0] in OTHER_KINDS:
        kind = OTHER_KINDS[line[0]]
        problems.note(f"{kind} left out", f"Only spans (T lines) are read, no {kind}.", place)
        return None
    columns = line.split("\t", 2)
    match = SPAN.fullmatch(columns[1]) if len(columns) == 3 else None
    if line[0] != "T" or match is None:
        raise ValueError("Expected T1, tab, label, start, end, tab, text.")
    pairs = (pair.split(" ") for pair in match["offsets"].split(";"))
    start, end = _one_stretch([(int(start), int(end)) for start, end in pairs], text)
    if start >= end or end > len(text):
        raise ValueError(f"{start} to {end} is no stretch of the text's {len(text)} characters.")
    if text[start:end].split() != columns[2].split():
        raise ValueError(f"At its offsets the text has {text[start:end]!r:.100}.")
    return RecordSpan(start, end, match["label"])


def _one_stretch(stretches: list[tuple[int, int]], text: str) -> tuple[int, int]:
    """Join the pieces into which brat cuts a span at the end of a line."""
    start, end = stretches[0]
    for next_start, next_end in stretches[1:]:
        gap = text[end:next_start]
        if next_start < end or gap.strip() or (gap and "\n" not in gap):
            raise ValueError("A discontinuous annotation is no span.")
        end = next_end
    return start, end


def report_unannotated(folder: Path, problems: Problems) -> None:
    """Report the texts of a brat folder that have no `.ann` file and so are not read.

    folder (Path): The folder.
    problems (Problems): Told of each such text.
    """
    for path in list_files(folder, (".txt",)):
        annotations = path.with_suffix(".ann")
        if not annotations.is_file():
            message = f"Expected {annotations.name} beside it; empty, if there is nothing in it."
            problems.add("annotations missing", message, Place(str(path)))


def write_brat(
    docs: Iterable[Doc], path: Path, spans_key: str, problems: Problems, *, replace: bool = False
) -> None:
    """Write Docs to a brat folder, whole or not at all.

    The files bear the `doc_id` (and `sent_id`) of the Docs, with a number where it comes again.
    The tokenization, sentence starts and scores are not kept: brat has no place for them.

    docs (Iterable[Doc]): The Docs; for none, the folder is empty.
    path (Path): The folder.
    spans_key (str): The key of `doc.spans` to write.
    problems (Problems): Told of what cannot be written.
    replace (bool): Whether a folder that is not empty may be replaced.
    RAISES (CorpusError): If the folder is not empty, or is a file.
    """
    taken: dict[str, int] = {}
    with write_whole_folder(path, replace=replace) as folder:
        for i, doc in enumerate(docs):
            place = place_of(doc, i)
            name = _free_name(doc, taken)
            with write_whole(folder / f"{name}.txt") as file:
                # A reader takes one byte order mark off: the text's own is written twice.
                file.write("\ufeff" + doc.text if doc.text.startswith("\ufeff") else doc.text)
            with write_whole(folder / f"{name}.ann") as file:
                spans = get_spans(doc, spans_key, place, problems)
                for number, span in enumerate(spans, start=1):
                    file.write(f"T{number}\t{_span_columns(doc, span, place, problems)}\n")


def _free_name(doc: Doc, taken: dict[str, int]) -> str:
    """Make a file name of the document's own name."""
    parts = [str(doc.user_data[key]) for key in ("doc_id", "sent_id") if key in doc.user_data]
    safe = re.sub(r"[^\w.-]+", "_", "-".join(parts)).lstrip(".")
    base = name = safe[:MAX_NAME] or "doc"
    while name.casefold() in taken:
        taken[base.casefold()] += 1
        name = f"{base}-{taken[base.casefold()]}"
    taken[name.casefold()] = 1
    return name


def _span_columns(doc: Doc, span: RecordSpan, place: Place, problems: Problems) -> str:
    found = doc[span.start : span.end]
    label = " ".join(span.label.split())
    if label != span.label:
        problems.add("label changed", f"brat has no place for the label {span.label!r}.", place)
    pieces = _pieces(found.text)
    offsets = ";".join(
        f"{found.start_char + start} {found.start_char + end}" for start, end in pieces
    )
    text = " ".join(found.text[start:end] for start, end in pieces)
    return f"{label} {offsets}\t" + text.replace("\n", " ")


def _pieces(text: str) -> list[tuple[int, int]]:
    """Cut a span where lines end inside it, as brat does; white space at its ends stays on."""
    stretches = [match.span() for match in re.finditer(r"[^\n]+", text)] or [(0, 0)]
    starts = [0] + [start for start, _ in stretches[1:]]
    ends = [end for _, end in stretches[:-1]] + [len(text)]
    return list(zip(starts, ends, strict=True))
