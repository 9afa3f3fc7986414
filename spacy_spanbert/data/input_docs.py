"""Make the Docs that a pipeline is to annotate, and carry over what their records say."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import srsly
from spacy.language import Language
from spacy.tokens import Doc

from spacy_spanbert.annotations.relations import relation_labels, remove_relations
from spacy_spanbert.data.assigned import assigning_pipes
from spacy_spanbert.data.docs import make_doc, place_of
from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.inputs import RawRecord
from spacy_spanbert.data.json_records import OWN_KEYS, RecordError, parse_record
from spacy_spanbert.data.json_spans import spans_name
from spacy_spanbert.data.jsonl import doc_to_json
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems
from spacy_spanbert.data.records import Record
from spacy_spanbert.data.text_labels import LABEL_KEYS

# What somebody else annotated is no output of this pipeline, unless it is its input.
ANNOTATIONS = {"spans", "entities", "scores", "relations", "answer", *LABEL_KEYS}


def make_input_doc(
    raw: RawRecord, nlp: Language, spans_key: str, problems: Problems, given_spans: bool = False
) -> Doc:
    """Make the Doc of a record. JSONL records with tokens keep them.

    raw (RawRecord): The record.
    nlp (Language): Its tokenizer is used where there are no words.
    spans_key (str): There are no spans under this key, unless they are given, and no relations,
        even if the record has some; nor labels of the text (`cats`), if the pipeline has a
        component that writes them.
    problems (Problems): Told of sentence starts, and of given spans, that do not fit the words.
    given_spans (bool): Whether the record's spans are kept, for a pipeline that reads them.
    RETURNS (Doc): The Doc, a new one each time. What its record says besides the text is in
        `user_data`; for a text `doc_id` is the name of the file and `line` where it starts.
    RAISES (CorpusError): If there is no Doc in it.
    """
    if isinstance(raw.content, Problem):
        raise CorpusError(raw.content)
    if isinstance(raw.content, Doc):
        doc = raw.content.copy()
    elif raw.format == "text":
        where = {"doc_id": raw.name, "line": raw.place.line}
        user_data = {key: value for key, value in where.items() if value is not None}
        record = Record(raw.content, None, [], [], place=raw.place, user_data=user_data)
        doc = make_doc(record, nlp, spans_key, problems)
    else:
        doc = make_doc(_parse(raw.content, raw, problems, given_spans), nlp, spans_key, problems)
    if not given_spans or raw.format == "text":
        doc.spans.pop(spans_key, None)
    if relation_labels(doc) and not assigning_pipes(nlp, "doc._.relations"):
        message = "Those of the input are left out; no component of the pipeline finds any."
        problems.note("relations left out", message, raw.place)
    remove_relations(doc)
    if assigning_pipes(nlp, "doc.cats"):
        doc.cats = {}
        for key in LABEL_KEYS:
            doc.user_data.pop(key, None)
    return doc


def _parse(line: str, raw: RawRecord, problems: Problems, given_spans: bool) -> Record:
    value: Any = None
    try:
        value = json.loads(line)
        if not isinstance(value, dict):
            raise RecordError("bad record", f"Expected an object {{...}}, not {value!r:.60}.")
        used = {spans_name(value), "scores"} if given_spans else set()
        kept = {key: item for key, item in value.items() if key not in ANNOTATIONS - used}
        record = parse_record(kept, raw.place, problems)
    except RecordError as error:
        doc_id = value.get("doc_id") if isinstance(value, dict) else None
        place = raw.place.with_doc_id(doc_id if isinstance(doc_id, str | int) else None)
        raise CorpusError(Problem(error.kind, str(error), place)) from None
    except (ValueError, RecursionError) as error:
        message = f"Expected one JSON object a line: {error}."
        raise CorpusError(Problem("bad JSON", message, raw.place)) from None
    return replace(record, user_data=_carried_values(value, record.place, problems))


def _carried_values(value: dict[str, Any], place: Place, problems: Problems) -> dict[str, Any]:
    spans = spans_name(value)
    carried = {key: item for key, item in value.items() if _is_carried(key) and key != spans}
    if _can_pack(carried):
        return carried
    for key in [key for key, item in carried.items() if not _can_pack({key: item})]:
        message = f"The value of {key!r} is a number of more than 64 bits, or no Unicode text."
        problems.note("value left out", message, place)
        del carried[key]
    return carried


def _can_pack(values: dict[str, Any]) -> bool:
    try:
        srsly.msgpack_dumps(values)
    except (OverflowError, ValueError):
        return False
    return True


def _is_carried(key: object) -> bool:
    return isinstance(key, str) and key not in OWN_KEYS and not key.startswith("_")


def write_annotated_jsonl(
    docs: Iterable[Doc], path: Path, spans_key: str, problems: Problems
) -> None:
    """Write Docs to a JSONL file with all that their records said, whole or not at all.

    It is the form of `write_jsonl`, with lists and objects under keys of the record's own too.

    docs (Iterable[Doc]): The Docs; for none, the file is empty.
    path (Path): The file (`.gz` is compressed).
    spans_key (str): The key of `doc.spans` to write.
    problems (Problems): Told of spans that cannot be written.
    """
    with write_whole(path) as file:
        for i, doc in enumerate(docs):
            record = {
                key: value
                for key, value in doc.user_data.items()
                if _is_carried(key) and _is_json(value)
            }
            record |= doc_to_json(doc, spans_key, place_of(doc, i), problems)
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (TypeError, ValueError):
        return False
    return True
