"""Check the spans of a JSON record, in the spellings that annotation tools use."""

import math
from collections.abc import Mapping
from typing import Any

from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import RecordSpan

# What the list of spans is called: here and by Prodigy, by spaCy and doccano, by older doccano.
LIST_KEYS = ("spans", "entities", "labels", "label")


def has_spans(raw: Mapping[str, Any]) -> bool:
    """Tell whether a record says which spans there are.

    raw (Mapping[str, Any]): The record.
    RETURNS (bool): Whether it has a list of spans, be it empty.
    """
    return spans_name(raw) is not None


def spans_name(raw: Mapping[str, Any]) -> str | None:
    """Tell what a record calls its list of spans.

    raw (Mapping[str, Any]): The record.
    RETURNS (str | None): The key; None if it has no such list. `labels` of other things than
        objects and lists are no spans, but labels of the text.
    """
    lists = (key for key in LIST_KEYS if isinstance(raw.get(key), list))
    return next((key for key in lists if key != "labels" or _may_be_spans(raw[key])), None)


def _may_be_spans(items: list[Any]) -> bool:
    return not items or any(isinstance(item, list | dict) for item in items)


def parse_spans(
    raw: Mapping[str, Any], length: int, unit: str, place: Place, problems: Problems
) -> list[RecordSpan | None]:
    """Read the spans of a record: objects with start, end and label, or lists of these three.

    raw (Mapping[str, Any]): The record.
    length (int): How long its text is, in `unit`.
    unit (str): "words" or "characters".
    place (Place): Where the record stands.
    problems (Problems): Told of each span that cannot be used.
    RETURNS (list[RecordSpan | None]): The spans in order, with None for one that cannot be used,
        so that positions hold; empty if the record has none.
    """
    found = list_of_spans(raw)
    if not found and raw.get("spans") is not None and not isinstance(raw["spans"], list):
        problems.add("bad span", f'"spans" is a list, not {raw["spans"]!r:.60}.', place)
    scores = raw.get("scores")
    if not isinstance(scores, list) or len(scores) != len(found):
        scores = [None] * len(found)
    spans: list[RecordSpan | None] = []
    for item, score in zip(found, scores, strict=True):
        try:
            spans.append(parse_span(item, score, length, unit))
        except ValueError as error:
            problems.add("bad span", f"{error} The span is {item!r:.200}.", place)
            spans.append(None)
    return spans


def list_of_spans(raw: Mapping[str, Any]) -> list[Any]:
    """Find the list of spans of a record, as it stands there.

    raw (Mapping[str, Any]): The record.
    RETURNS (list[Any]): The list; empty if the record has none.
    """
    name = spans_name(raw)
    return [] if name is None else raw[name]


def parse_span(item: Any, score: Any, length: int, unit: str) -> RecordSpan:
    """Check one span.

    item (Any): An object with start, end and label, or a list of these three.
    score (Any): What stands as its score elsewhere, or None; one of its own comes first.
    length (int): How long the text is, in `unit`.
    unit (str): "words" or "characters".
    RETURNS (RecordSpan): The span.
    RAISES (ValueError): If it cannot be used; says why.
    """
    start, end, label, own_score = _fields(item)
    for name, value in (("start", start), ("end", end)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"Expected a whole number of {unit} as {name}, not {value!r:.60}.")
    if not isinstance(label, str):
        raise ValueError(f"Expected a string as label, not {label!r:.60}.")
    if end <= start:
        raise ValueError(f"Its end ({end}, exclusive) is not behind its start ({start}).")
    if start < 0 or end > length:
        raise ValueError(f"It is out of range: the record has {length} {unit}.")
    check_characters(label)
    return RecordSpan(start, end, label, parse_score(score if own_score is None else own_score))


def parse_score(score: Any) -> float | None:
    """Check a score.

    score (Any): A finite number, or None.
    RETURNS (float | None): The score.
    RAISES (ValueError): If it is something else.
    """
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    if score is not None and not (is_number and math.isfinite(score)):
        raise ValueError(f"Expected a number as score, not {score!r:.60}.")
    return None if score is None else float(score)


def _fields(item: Any) -> tuple[Any, Any, Any, Any]:
    if isinstance(item, list) and len(item) == 3:
        return item[0], item[1], item[2], None
    if not isinstance(item, dict):
        raise ValueError("Expected an object or a list [start, end, label].")
    start = item.get("start", item.get("start_offset"))
    end = item.get("end", item.get("end_offset"))
    return start, end, item.get("label"), item.get("score")


def check_characters(text: str) -> None:
    r"""Refuse what is no Unicode text, such as the JSON string "\ud800".

    text (str): Any string.
    RAISES (ValueError): If it cannot be written as UTF-8.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("Half of a surrogate pair is no character.") from None
