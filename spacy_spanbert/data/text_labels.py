"""Labels of a text: what a record says of them, checked, and the `doc.cats` that it means."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from spacy_spanbert.data.json_relations import short_score
from spacy_spanbert.data.json_spans import check_characters
from spacy_spanbert.data.problems import Place, Problems

# A label, a list of them, or a value of each.
LABEL_KEYS = {"label", "labels", "cats"}


def parse_cats(raw: Mapping[str, Any]) -> dict[str, float] | None:
    """Read the values that a record has for labels.

    raw (Mapping[str, Any]): The record.
    RETURNS (dict[str, float] | None): A value from 0 to 1 by label; None if it has no `cats`.
    RAISES (ValueError): If they cannot be used; says why.
    """
    cats = raw.get("cats")
    if cats is None:
        return None
    if not isinstance(cats, dict) or not all(
        isinstance(value, int | float) and 0 <= value <= 1 for value in cats.values()
    ):
        raise ValueError(f'Expected "cats" with a value from 0 to 1 by label, not {cats!r:.80}.')
    return {_label_text(label): float(value) for label, value in cats.items()}


def parse_labels(raw: Mapping[str, Any]) -> list[str] | None:
    """Read the labels that a record says are there.

    raw (Mapping[str, Any]): The record, with `label`, `labels` or neither.
    RETURNS (list[str] | None): The labels, a whole number as its digits: 1 is "1"; None if it does
        not say.
    RAISES (ValueError): If they cannot be used; says why.
    """
    label, labels = raw.get("label"), raw.get("labels")
    if labels is None:
        if label is None:
            return None
        labels = [label]
    if not isinstance(labels, list):
        raise ValueError(f'Expected "labels", a list of strings, not {labels!r:.80}.')
    found = [_label_text(each) for each in labels]
    if label is not None and _label_text(label) not in found:
        raise ValueError(
            f'Expected "label" or "labels", but both are there, and "label", {label!r:.60}, is '
            'not among "labels".'
        )
    return found


def _label_text(label: Any) -> str:
    if isinstance(label, int) and not isinstance(label, bool):
        return str(label)
    if not isinstance(label, str) or not label:
        raise ValueError(
            "Expected a label, a string of one letter or more or a whole number, not "
            f"{label!r:.60}."
        )
    check_characters(label)
    return label


def make_cats(
    labels: Sequence[str] | None, cats: Mapping[str, float] | None, known: Iterable[str]
) -> dict[str, float]:
    """Make the `doc.cats` of a text.

    labels (Sequence[str] | None): The labels that are there; None: it is not known which.
    cats (Mapping[str, float] | None): Values of labels; they go before `labels`.
    known (Iterable[str]): All labels of the corpus: those that are not in `labels`, if that is
        known, are not there.
    RETURNS (dict[str, float]): A value from 0 to 1 by label; empty if nothing is known.
    """
    there = {} if labels is None else {label: float(label in labels) for label in known}
    return {**there, **(cats or {})}


def cats_to_json(cats: Mapping[str, float], place: Place, problems: Problems) -> dict[str, float]:
    """Make the JSON object of `doc.cats`.

    cats (Mapping[str, float]): A value by label.
    place (Place): Where the Doc stands.
    problems (Problems): Told of values that JSON has no number for; they are left out.
    RETURNS (dict[str, float]): The values, with digits as short as a float32 needs.
    """
    written = {}
    for label, value in cats.items():
        if math.isfinite(value):
            written[label] = short_score(value)
        else:
            problems.add("bad label", f"The value of the label {label!r} is {value}.", place)
    return written
