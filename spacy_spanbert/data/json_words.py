"""Check what a JSON record says of its words: where sentences start, tags, parts of speech."""

from collections.abc import Mapping
from typing import Any

from spacy.parts_of_speech import IDS as PARTS_OF_SPEECH

from spacy_spanbert.data.json_spans import check_characters
from spacy_spanbert.data.records import Record


def parse_sent_starts(raw: Mapping[str, Any], record: Record) -> list[int] | None:
    """Read where sentences start.

    raw (Mapping[str, Any]): The JSON record.
    record (Record): What was read of it: its text, and its words if it has any.
    RETURNS (list[int] | None): Positions, sorted, in words, or in characters of a record without;
        None if it does not say.
    RAISES (ValueError): If they cannot be used.
    """
    starts = raw.get("sent_starts")
    if starts is None:
        return None
    n_positions = len(record.text) if record.words is None else len(record.words)
    is_sound = isinstance(starts, list) and all(
        isinstance(start, int) and 0 <= start < n_positions for start in starts
    )
    if not is_sound:
        raise ValueError(
            f'"sent_starts" is a list of positions below {n_positions}, not {starts!r:.60}.'
        )
    return sorted(set(starts))


def parse_tags(raw: Mapping[str, Any], record: Record, key: str = "tags") -> list[str] | None:
    """Read the tags of words.

    raw (Mapping[str, Any]): The JSON record.
    record (Record): What was read of it.
    key (str): What they are called.
    RETURNS (list[str] | None): One for each word; None if it does not say, or has no words.
    RAISES (ValueError): If they cannot be used.
    """
    tags = raw.get(key)
    if tags is None or record.words is None:
        return None
    is_list = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
    if not is_list or len(tags) != len(record.words):
        raise ValueError(f'"{key}" has one string for each of the {len(record.words)} words.')
    for tag in tags:
        check_characters(tag)
    return list(tags)


def parse_pos(raw: Mapping[str, Any], record: Record) -> list[str] | None:
    """Read the parts of speech of words.

    raw (Mapping[str, Any]): The JSON record.
    record (Record): What was read of it.
    RETURNS (list[str] | None): One for each word, "" where it is not known; None if the record does
        not say, or has no words.
    RAISES (ValueError): If they cannot be used, or are not those of Universal Dependencies, since
        a Doc holds no others.
    """
    found = parse_tags(raw, record, "pos")
    for i, part in enumerate(found or ()):
        if part not in PARTS_OF_SPEECH:
            raise ValueError(
                f'"pos" has parts of speech of Universal Dependencies, NOUN, VERB and so on, but '
                f'that of word {i} is {part!r:.60}. Tags of other kinds are "tags".'
            )
    return found
