"""Read and write JSONL: one record a line."""

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from spacy.tokens import Doc

from spacy_spanbert.annotations.pair import PAIR_KEY, is_pair
from spacy_spanbert.data.docs import get_spans, place_of, sent_starts_of
from spacy_spanbert.data.files import read_lines, write_whole
from spacy_spanbert.data.json_pairs import pair_to_json
from spacy_spanbert.data.json_records import RecordError, is_plain, parse_record
from spacy_spanbert.data.json_relations import relation_to_json, short_score
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import Record, RecordSpan
from spacy_spanbert.data.relations import get_record_relations, number_arguments
from spacy_spanbert.data.text_labels import cats_to_json


def read_jsonl(path: Path, problems: Problems) -> Iterator[Record]:
    """Read the records of a JSONL file, plain or `.gz`. Lines of white space are passed over.

    path (Path): The file.
    problems (Problems): Told of lines, records, spans and relations that cannot be used, with
        file and line; they are left out.
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


def write_jsonl(docs: Iterable[Doc], path: Path, spans_key: str, problems: Problems) -> None:
    """Write Docs to a JSONL file (`.gz` is compressed), whole or not at all.

    docs (Iterable[Doc]): The Docs; for none, the file is empty.
    path (Path): The file.
    spans_key (str): The key of `doc.spans` to write; where there is none, the record has no list
        of spans.
    problems (Problems): Told of spans that cannot be written.
    """
    with write_whole(path) as file:
        for i, doc in enumerate(docs):
            record = doc_to_json(doc, spans_key, place_of(doc, i), problems)
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def doc_to_json(doc: Doc, spans_key: str, place: Place, problems: Problems) -> dict[str, Any]:
    """Make the JSON record of a Doc, from which `read_jsonl` and `make_docs` make it again.

    doc (Doc): The Doc; its sentence starts, tags, parts of speech, labels (`cats`), the two texts
        of a pair and the plain values of its `user_data` are written if there are any.
    spans_key (str): The key of `doc.spans` to write; where there is none, the record has no list
        of spans.
    place (Place): Where the Doc stands.
    problems (Problems): Told of what cannot be written. That there are no spans under the key is
        no problem of a Doc with tags or labels, or of a pair, that has none under others either.
    RETURNS (dict[str, Any]): The record. Spans have positions in words (`start`, `end`) and in
        characters (`char_start`, `char_end`), both with the end exclusive. Relations are there if
        the Doc has the annotation, be it none; their `head` and `tail` are positions in `spans`,
        to which arguments are added that are not among them.
    """
    record = {
        key: value
        for key, value in doc.user_data.items()
        if isinstance(key, str) and is_plain(key, value)
    }
    record["text"] = doc.text
    record["tokens"] = [token.text for token in doc]
    record["spaces"] = [bool(token.whitespace_) for token in doc]
    sent_starts = sent_starts_of(doc)
    if sent_starts is not None:
        record["sent_starts"] = sent_starts
    if len(doc) and doc.has_annotation("TAG"):
        record["tags"] = [token.tag_ for token in doc]
    if len(doc) and doc.has_annotation("POS"):
        record["pos"] = [token.pos_ for token in doc]
    if doc.cats:
        record["cats"] = cats_to_json(doc.cats, place, problems)
    record |= pair_to_json(doc, place, problems)
    spans = []
    if spans_key in doc.spans or _misses_spans(doc):
        spans = get_spans(doc, spans_key, place, problems)
    relations = get_record_relations(doc, place, problems)
    spans, pairs = number_arguments(doc, spans, relations or [], place, problems)
    if spans or spans_key in doc.spans:  # Else not annotated, which an empty list would not say.
        record["spans"] = [_span_to_json(doc, span) for span in spans]
    if relations is not None:
        record["relations"] = [
            relation_to_json(relation, head, tail)
            for relation, (head, tail) in zip(relations, pairs, strict=True)
        ]
    return record


def _misses_spans(doc: Doc) -> bool:
    """Tell whether a Doc should have had spans: not if it is one of another task."""
    is_tagged = len(doc) > 0 and any(map(doc.has_annotation, ("TAG", "POS")))
    has_others = bool(doc.ents) or any(key != PAIR_KEY for key in doc.spans)
    return has_others or not (doc.cats or is_tagged or is_pair(doc) or not len(doc))


def _span_to_json(doc: Doc, span: RecordSpan) -> dict[str, Any]:
    last = doc[span.end - 1]
    item = {
        "start": span.start,
        "end": span.end,
        "char_start": doc[span.start].idx,
        "char_end": last.idx + len(last),
        "label": span.label,
    }
    if span.score is not None and math.isfinite(span.score):
        item["score"] = short_score(span.score)
    return item
