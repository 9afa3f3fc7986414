"""Read JSONL: one record a line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy_spanbert.data.files import read_lines
from spacy_spanbert.data.json_records import RecordError, parse_record
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import Record


def read_jsonl(path: Path, problems: Problems) -> Iterator[Record]:
    """Read the records of a JSONL file, plain or `.gz`. Lines of white space are passed over.

    path (Path): The file.
    problems (Problems): Told of lines, records and spans that cannot be used, with file and
        line; they are left out.
    YIELDS (Record): The records; nothing for an empty file.
    RAISES (CorpusError): If the file cannot be read or is damaged.
    """
    for number, line in read_lines(path, problems):
        if not line.strip():
            continue
        place = Place(str(path), line=number)
        raw: Any = None
        try:
            raw = _parse_json(line)
            if _is_rejected(raw):
                problems.note("answer not accepted", f'Its "answer" is {raw["answer"]!r}.', place)
                continue
            record = parse_record(raw, place, problems)
        except RecordError as error:
            doc_id = raw.get("doc_id") if isinstance(raw, dict) else None
            problems.add(error.kind, str(error), place.with_doc_id(doc_id))
        else:
            yield record


def _parse_json(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        message = (
            f"Expected one JSON object a line: {error.msg} at character {error.colno}, "
            f"before {line[error.pos : error.pos + 20]!r}."
        )
        raise RecordError("bad JSON", message) from error
    except (ValueError, RecursionError) as error:  # A number too long, brackets too deep.
        raise RecordError("bad JSON", f"Expected one JSON object a line: {error}.") from error


def _is_rejected(raw: Any) -> bool:
    """Tell whether the annotator said no (Prodigy's `answer`)."""
    return isinstance(raw, dict) and raw.get("answer", "accept") != "accept"
