"""Pairs of texts in JSON records: `text_a` and `text_b`, alone or beside their joint text."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from spacy.tokens import Doc

from spacy_spanbert.annotations.pair import is_pair, segments
from spacy_spanbert.data.json_spans import check_characters
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import Record, word_offsets
from spacy_spanbert.errors import SpanbertError

PAIR_KEYS = ("text_a", "text_b")


def parse_pair(raw: Mapping[str, Any]) -> tuple[str, str] | None:
    """Read the two texts of a record.

    raw (Mapping[str, Any]): The record.
    RETURNS (tuple[str, str] | None): The texts; None if it has neither.
    RAISES (ValueError): If one is missing or no text.
    """
    texts = [raw.get(key) for key in PAIR_KEYS]
    if texts == [None, None]:
        return None
    for key, text in zip(PAIR_KEYS, texts, strict=True):
        if not isinstance(text, str):
            what = "it is missing" if text is None else f"it is {text!r:.60}"
            raise ValueError(f'A pair has "text_a" and "text_b", but of "{key}" {what}.')
        check_characters(text)
    return str(texts[0]), str(texts[1])


def join_pair(pair: tuple[str, str]) -> str:
    """RETURNS (str): The joint text of a pair, as `make_pair` makes it: a blank between."""
    text_a, text_b = pair
    return f"{text_a} {text_b}" if text_a and not text_a[-1].isspace() else text_a + text_b


def check_pair(pair: tuple[str, str], record: Record) -> None:
    """Check that two texts are what a record says they are. White space at their ends may differ.

    pair (tuple[str, str]): The two texts.
    record (Record): What else was read: the joint text, and its words if it has any.
    RAISES (ValueError): If they do not make the text, or a word is part of both.
    """
    (text_a, text_b), text = pair, record.text
    if record.words is None:
        is_sound = join_pair(pair).rstrip() == text.rstrip()
    else:
        starts = [start for start, _ in word_offsets(record.words, record.spaces)]
        border = [*starts, len(text)][count_first(pair, starts)]
        is_sound = (text[:border].rstrip(), text[border:].rstrip()) == (
            text_a.rstrip(),
            text_b.rstrip(),
        )
    if not is_sound:
        raise ValueError(
            f'"text_a" and "text_b" do not give the text of the record: they are {text_a!r:.60} '
            f"and {text_b!r:.60}, the text is {text!r:.120}."
        )


def count_first(pair: tuple[str, str], starts: Sequence[int]) -> int:
    """Tell how many words of a pair are its first text.

    pair (tuple[str, str]): The two texts.
    starts (Sequence[int]): Where each word of the joint text starts, in characters.
    RETURNS (int): The number of words.
    """
    return bisect_left(starts, len(pair[0]))


def pair_to_json(doc: Doc, place: Place, problems: Problems) -> dict[str, str]:
    """Make the part of a JSON record that says that a Doc is a pair.

    doc (Doc): Any Doc.
    place (Place): Where it stands.
    problems (Problems): Told of a pair whose words have changed; nothing is written of it.
    RETURNS (dict[str, str]): `text_a` and `text_b`; nothing if it is no pair.
    """
    if not is_pair(doc):
        return {}
    try:
        found = segments(doc)
    except SpanbertError as error:
        problems.add("damaged pair", f"{error}.", place)
        return {}
    return {key: span.text for key, span in zip(PAIR_KEYS, found, strict=True)}
