"""Read brat standoff: a `.txt` and an `.ann` file for each document.

Read are text-bound annotations (T lines) as spans, and relations (R lines). Events, attributes,
notes, normalizations and equivalences are not read. A label may hold spaces here, which brat
itself does not allow.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from spacy_spanbert.data.files import list_files, open_text, read_lines
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import Record, RecordRelation, RecordSpan

SPAN = re.compile(r"(?P<label>.*?) (?P<offsets>\d+ \d+(?:;\d+ \d+)*)")
RELATION = re.compile(
    r"R\S*\t(?P<label>.*\S) (?P<role1>\S+):(?P<id1>\S+) (?P<role2>\S+):(?P<id2>\S+)\s*"
)
FURTHER_ARGUMENT = re.compile(r" \S+:[TE]\d+$")
OTHER_KINDS = {
    "E": "event",
    "A": "attribute",
    "M": "attribute",
    "N": "normalization",
    "#": "note",
    "*": "equivalence",
}


class RelationLine(NamedTuple):
    """An R line: its arguments are named by role and by the id of another line."""

    label: str
    head: tuple[str, str]
    tail: tuple[str, str]
    line: str
    place: Place


def read_brat(
    path: Path, doc_id: str, problems: Problems, *, is_related: bool = False
) -> Iterator[Record]:
    """Read one document.

    path (Path): The `.ann` file; the text is beside it, in the `.txt` file of the same name.
    doc_id (str): What to call the document.
    problems (Problems): Told of annotations that cannot be used: discontinuous ones, those whose
        text is not what stands at their offsets, and relations of these or of events. They are
        left out.
    is_related (bool): Whether a file without relations says that there are none; see
        `has_relation_lines`. If not, nothing is known of relations there.
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
    spans: list[RecordSpan] = []
    span_of: dict[str, RecordSpan | None] = {}
    lines: list[RelationLine] = []
    for number, line in read_lines(path, problems):
        line_place = Place(str(path), line=number, doc_id=doc_id)
        name = line.split("\t", 1)[0]
        try:
            if line.startswith("R"):
                lines.append(_parse_relation(line, line_place))
            elif span := _parse_span(line.removesuffix("\r"), text, line_place, problems):
                spans.append(span)
                # an id that stands twice names none of the two
                span_of[name] = None if name in span_of else span
        except ValueError as error:
            problems.add("bad annotation", f"{error} The line is {line!r:.200}.", line_place)
            span_of.setdefault(name, None)
    relations = list(_resolve(lines, span_of, problems))
    yield Record(
        text=text,
        words=None,
        spaces=[],
        spans=spans,
        place=place,
        user_data={"doc_id": doc_id},
        relations=relations if lines or is_related else None,
    )


def has_relation_lines(paths: Iterable[Path]) -> bool:
    """Tell whether a corpus is annotated with relations, which brat does not say otherwise.

    paths (Iterable[Path]): Its `.ann` files.
    RETURNS (bool): Whether there is a relation in any of them, so that a file without relations
        is of a document that has none.
    """
    lines = (line for path in paths for _, line in read_lines(path, Problems()))
    return any(RELATION.fullmatch(line) for line in lines)


def _parse_span(line: str, text: str, place: Place, problems: Problems) -> RecordSpan | None:
    if not line.strip():
        return None
    if line[0] in OTHER_KINDS:
        kind = OTHER_KINDS[line[0]]
        problems.note(f"{kind} left out", f"Only spans and relations are read, no {kind}.", place)
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


def _parse_relation(line: str, place: Place) -> RelationLine:
    match = RELATION.fullmatch(line)
    if match is None or FURTHER_ARGUMENT.search(match["label"]):
        raise ValueError("Expected R1, tab, label, Arg1:T1, Arg2:T2.")
    head, tail = (match["role1"], match["id1"]), (match["role2"], match["id2"])
    if head[0] == "Arg2" and tail[0] == "Arg1":
        head, tail = tail, head
    return RelationLine(match["label"], head, tail, line, place)


def _resolve(
    lines: Iterable[RelationLine], span_of: dict[str, RecordSpan | None], problems: Problems
) -> Iterator[RecordRelation]:
    """Find the arguments of relations, which may stand behind them."""
    for line in lines:
        head, tail = (span_of.get(name) for _, name in (line.head, line.tail))
        if head is not None and tail is not None:
            yield RecordRelation(head, tail, line.label)
            continue
        reasons = [
            f"its {role}, {name}, {_why_not(name, span_of)}"
            for role, name in (line.head, line.tail)
            if span_of.get(name) is None
        ]
        message = (
            f"A relation {line.label!r} is left out: {' and '.join(reasons)}. "
            f"The line is {line.line!r:.200}."
        )
        problems.add("relation without argument", message, line.place)


def _why_not(name: str, span_of: dict[str, RecordSpan | None]) -> str:
    if name in span_of:
        return "cannot be used"
    return "is an event" if name.startswith("E") else "is not in the file"


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
