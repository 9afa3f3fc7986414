"""Records that are sentences of one document, which becomes one record."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.records import Record, join_records


def group_records(records: Iterable[Record], group: str, problems: Problems) -> Iterator[Record]:
    """Make one record of each run of records with the same value of a key.

    records (Iterable[Record]): The records.
    group (str): The key, of their `user_data`.
    problems (Problems): Told of records without the key, of values that come again later, and of
        documents whose records are not annotated alike.
    YIELDS (Record): The documents; nothing for no records.
    """

    def document(record: Record) -> Any:
        if record.user_data.get(group) is not None:
            return record.user_data[group]
        message = f"Expected the key {group!r} to group by. The record becomes a document alone."
        problems.add("missing key", message, record.place)
        return object()

    ended: set[int] = set()  # no text of a key is kept: memory is not to grow with them
    for value, group_members in groupby(records, key=document):
        members = list(group_members)
        if members[0].user_data.get(group) is not None:
            _check_return(group, value, ended, members[0], problems)
        _note_partial("spans", [member.is_annotated for member in members], members, problems)
        has_relations = [member.relations is not None for member in members]
        _note_partial("relations", has_relations, members, problems)
        _note_unlike_labels(members, problems)
        yield join_records(members)


def _check_return(
    group: str, value: Any, ended: set[int], first: Record, problems: Problems
) -> None:
    """Report a document that goes on after another one: it becomes several."""
    number = hash(repr(value))
    if number in ended:
        message = (
            f"{group} is {value!r} again, after records of another document: only records that "
            f"follow one another become one document, so {value!r} becomes several. Sort the "
            f"records by {group}, or give documents different values."
        )
        problems.add("document in several places", message, first.place)
    ended.add(number)


def _note_partial(
    what: str, annotated: Sequence[bool], members: Sequence[Record], problems: Problems
) -> None:
    """Report a document of which a part is not annotated: as a whole it is."""
    if any(annotated) and not all(annotated):
        first = annotated.index(False)
        message = (
            f"{annotated.count(False)} of the {len(members)} records of a document have no list of "
            f"{what}, the first {members[first].text[:60]!r}: in the document they count as having "
            f"none. Leave {what} out of all of its records, or do not group them."
        )
        problems.note(f"document annotated in part ({what})", message, members[first].place)


def _note_unlike_labels(members: Sequence[Record], problems: Problems) -> None:
    """Report a document whose records have different labels of the text: it gets none."""
    labels = [(member.labels, member.cats) for member in members]
    other = next((i for i, found in enumerate(labels) if found != labels[0]), None)
    if other is not None:
        message = (
            f"The {len(members)} records of a document have not the same label, labels or cats, "
            f"the first with others is {members[other].text[:60]!r}: the document gets none. Give "
            "all of its records the same, or do not group them."
        )
        problems.note("labels left out", message, members[0].place)
