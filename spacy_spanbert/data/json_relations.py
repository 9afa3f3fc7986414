"""Check the relations of a JSON record, in the spellings that annotation tools use, and write them.

An argument is a span: named by its position in the record's list of spans (here), by its `id`
there (doccano), or given itself (Prodigy). Of Prodigy's `head` and `child`, which are tokens,
nothing is used: the spans beside them say more.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from spacy_spanbert.data.json_spans import (
    check_characters,
    list_of_spans,
    parse_score,
    parse_span,
)
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import RecordRelation, RecordSpan


class ArgumentError(ValueError):
    """A relation is sound, but a span that it names is not."""


def parse_relations(
    raw: Mapping[str, Any],
    spans: Sequence[RecordSpan | None],
    length: int,
    unit: str,
    place: Place,
    problems: Problems,
) -> list[RecordRelation] | None:
    """Read the relations of a record.

    raw (Mapping[str, Any]): The record.
    spans (Sequence[RecordSpan | None]): Its spans as `parse_spans` gives them: with None where a
        span cannot be used, so that positions hold.
    length (int): How long its text is, in `unit`.
    unit (str): "words" or "characters".
    place (Place): Where the record stands.
    problems (Problems): Told of each relation that cannot be used; it is left out.
    RETURNS (list[RecordRelation] | None): The relations in order; None if the record does not say
        which there are.
    """
    found = raw.get("relations")
    if found is None:
        return None
    if not isinstance(found, list):
        problems.add("bad relation", f'"relations" is a list, not {found!r:.60}.', place)
        return None
    spans_by_id = _by_id(raw, spans)
    relations = []
    for item in found:
        try:
            head, tail = _arguments(item, spans, spans_by_id, length, unit)
            label = _label(item)
            relations.append(RecordRelation(head, tail, label, _score(item)))
        except ValueError as error:
            lacks_argument = isinstance(error, ArgumentError)
            kind = "relation without argument" if lacks_argument else "bad relation"
            problems.add(kind, f"{error} The relation is {item!r:.300}.", place)
    return relations


def _score(item: Mapping[str, Any]) -> float | None:
    score = parse_score(item.get("score"))
    if score is not None and not 0 <= score <= 1:
        raise ValueError(f"Expected a probability, 0 to 1, as score, not {score}.")
    return score


def _by_id(
    raw: Mapping[str, Any], spans: Sequence[RecordSpan | None]
) -> dict[str | int, RecordSpan | None]:
    items = list_of_spans(raw)
    ids = [item.get("id") if isinstance(item, dict) else None for item in items]
    named: dict[str | int, RecordSpan | None] = {}
    for name, span in zip(ids, spans, strict=True):
        if isinstance(name, str | int):
            # an id that stands twice names none of the two
            named[name] = None if name in named else span
    return named


def _arguments(
    item: Any,
    spans: Sequence[RecordSpan | None],
    spans_by_id: Mapping[str | int, RecordSpan | None],
    length: int,
    unit: str,
) -> tuple[RecordSpan, RecordSpan]:
    if not isinstance(item, dict):
        raise ValueError("Expected an object with head, tail and label.")
    if "head_span" in item:
        return (
            _own_span(item, "head_span", length, unit),
            _own_span(item, "child_span", length, unit),
        )
    if "from_id" in item:
        return _named(item, "from_id", spans_by_id), _named(item, "to_id", spans_by_id)
    if "child" in item and "tail" not in item:
        raise ValueError('Expected "head_span" and "child_span" beside the tokens head and child.')
    return _at_position(item, "head", spans), _at_position(item, "tail", spans)


def _own_span(item: Mapping[str, Any], key: str, length: int, unit: str) -> RecordSpan:
    found = item.get(key)
    if not isinstance(found, dict):
        raise ValueError(f"Expected a span as {key}, not {found!r:.60}.")
    try:
        # A single token that is in no span has no label.
        return parse_span({**found, "label": found.get("label") or ""}, None, length, unit)
    except ValueError as error:
        raise ArgumentError(f"Its {key} cannot be used: {error}") from None


def _named(
    item: Mapping[str, Any], key: str, spans_by_id: Mapping[str | int, RecordSpan | None]
) -> RecordSpan:
    name = item.get(key)
    if not isinstance(name, str | int) or name not in spans_by_id:
        raise ValueError(
            f"Expected the id of one of the record's spans as {key}, not {name!r:.60}."
        )
    return _usable(spans_by_id[name], key, f"the span with the id {name!r:.60}")


def _at_position(
    item: Mapping[str, Any], key: str, spans: Sequence[RecordSpan | None]
) -> RecordSpan:
    position = item.get(key)
    if not isinstance(position, int) or isinstance(position, bool):
        raise ValueError(
            f"Expected a position in the list of spans as {key}, not {position!r:.60}."
        )
    if not 0 <= position < len(spans):
        raise ValueError(f"Its {key} is span {position}, but the record has {len(spans)}, from 0.")
    return _usable(spans[position], key, f"span {position}")


def _usable(span: RecordSpan | None, key: str, name: str) -> RecordSpan:
    if span is None:
        raise ArgumentError(f"Its {key}, {name}, cannot be used.")
    return span


def _label(item: Mapping[str, Any]) -> str:
    label = item.get("label", item.get("type"))
    if not isinstance(label, str) or not label:
        raise ValueError(f"Expected a string that is not empty as label, not {label!r:.60}.")
    check_characters(label)
    return label


def relation_to_json(relation: RecordRelation, head: int, tail: int) -> dict[str, Any]:
    """Make the JSON object of a relation.

    relation (RecordRelation): The relation.
    head (int): The position of its first argument among the record's spans.
    tail (int): That of the second.
    RETURNS (dict[str, Any]): The object; without a score if the relation has none.
    """
    item = {"head": head, "tail": tail, "label": relation.label}
    if relation.score is not None:
        item["score"] = short_score(relation.score)
    return item


def short_score(score: float) -> float:
    """Take the shortest digits that give the same float32: 0.9, not 0.8999999761581421.

    score (float): A score.
    RETURNS (float): The score, which differs from it by less than a float32 tells apart.
    """
    return float(str(numpy.float32(score)))
