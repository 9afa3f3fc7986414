"""Check one object of a JSONL corpus and turn it into a record."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from spacy_spanbert.data.json_pairs import PAIR_KEYS, check_pair, join_pair, parse_pair
from spacy_spanbert.data.json_relations import parse_relations
from spacy_spanbert.data.json_spans import check_characters, has_spans, parse_spans, spans_name
from spacy_spanbert.data.json_words import parse_pos, parse_sent_starts, parse_tags
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import Record, RecordSpan, join_words, word_offsets
from spacy_spanbert.data.relations import fit_relations
from spacy_spanbert.data.text_labels import LABEL_KEYS, parse_cats, parse_labels

T = TypeVar("T")

# Keys with a meaning of their own, or whose positions would no longer hold in a Doc.
OWN_KEYS = {
    *("text", "tokens", "spaces", "spans", "entities", "scores", "sent_starts", "tags", "pos"),
    *("relations", "answer", *PAIR_KEYS),
}


class RecordError(ValueError):
    """A record cannot be used."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def parse_record(raw: Any, place: Place, problems: Problems) -> Record:
    """Check one JSON value and turn it into a record.

    Three forms: with `tokens` (strings), spans are in words; with Prodigy's `tokens` (objects),
    or without any, spans are in characters, and without any the text is still to be tokenized. A
    pair has `text_a` and `text_b`, and need have nothing else: its text is both, a blank between.

    raw (Any): The JSON value.
    place (Place): Where it stands.
    problems (Problems): Told of spans, relations and labels of the text that cannot be used; they
        are left out.
    RETURNS (Record): The record.
    RAISES (RecordError): If the record cannot be used at all.
    """
    if not isinstance(raw, dict):
        raise RecordError("bad record", f"Expected an object {{...}}, not {raw!r:.60}.")
    place = place.with_doc_id(_doc_id(raw))
    pair = _checked(parse_pair, raw)
    tokens = raw.get("tokens")
    if pair is not None and tokens is None and raw.get("text") is None:
        raw = {**raw, "text": join_pair(pair)}
    if tokens is None:
        record = _from_text(raw, place, problems)
    elif not isinstance(tokens, list):
        raise RecordError("bad record", f'"tokens" is a list, not {tokens!r:.60}.')
    elif tokens and isinstance(tokens[0], dict):
        record = _from_tool_tokens(raw, place, problems)
    else:
        record = _from_words(raw, place, problems)
    if pair is not None:
        _checked(check_pair, pair, record)
    record = replace(
        record,
        sent_starts=_checked(parse_sent_starts, raw, record),
        tags=_checked(parse_tags, raw, record),
        pos=_checked(parse_pos, raw, record),
        pair=pair,
        user_data={
            key: value
            for key, value in raw.items()
            if is_plain(key, value) and key not in LABEL_KEYS
        },
        is_annotated=has_spans(raw),
    )
    return _labelled(record, raw, problems)


def _doc_id(raw: Mapping[str, Any]) -> str | int | None:
    doc_id = raw.get("doc_id")
    return doc_id if isinstance(doc_id, str | int) else None


def _text(raw: Mapping[str, Any]) -> str:
    text = raw.get("text")
    if not isinstance(text, str):
        keys = ", ".join(map(repr, list(raw)[:12])) or "none"
        what = "no text" if text is None else f"{text!r:.60} as text"
        message = (
            'Expected "text" (a string), "tokens", or "text_a" and "text_b". It has '
            f"{what}; its keys: {keys}."
        )
        raise RecordError("missing key", message)
    return _sound(text)


def _sound(text: str) -> str:
    _checked(check_characters, text)
    return text


def _checked(parse: Callable[..., T], *arguments: Any) -> T:
    """Read a part of a record without which there is none."""
    try:
        return parse(*arguments)
    except ValueError as error:
        raise RecordError("bad record", str(error)) from None


def _labelled(record: Record, raw: Mapping[str, Any], problems: Problems) -> Record:
    """Add labels of the text, without which a record has its spans and tags still."""
    spans = spans_name(raw)
    named = {key: raw[key] for key in LABEL_KEYS if key in raw and key != spans}
    try:
        return replace(record, cats=parse_cats(named), labels=parse_labels(named))
    except ValueError as error:
        problems.add("bad label", str(error), record.place)
        return record


def _from_text(raw: Mapping[str, Any], place: Place, problems: Problems) -> Record:
    return _annotated(Record(_text(raw), None, [], [], place), raw, problems)


def _annotated(record: Record, raw: Mapping[str, Any], problems: Problems) -> Record:
    """Add spans and relations, in words if the record has any, else in characters."""
    if record.words is None:
        length, unit = len(record.text), "characters"
    else:
        length, unit = len(record.words), "words"
    spans = parse_spans(raw, length, unit, record.place, problems)
    relations = parse_relations(raw, spans, length, unit, record.place, problems)
    return replace(record, spans=[span for span in spans if span], relations=relations)


def _from_words(raw: Mapping[str, Any], place: Place, problems: Problems) -> Record:
    words = raw["tokens"]
    for i, word in enumerate(words):
        if not isinstance(word, str) or not word:
            message = f"Expected strings that are not empty as tokens; token {i} is {word!r:.60}."
            raise RecordError("bad record", message)
    spaces = raw.get("spaces")
    if spaces is None:
        spaces = _spaces_of(words, _text(raw)) if "text" in raw else [True] * len(words)
    elif not isinstance(spaces, list) or len(spaces) != len(words):
        n_spaces = len(spaces) if isinstance(spaces, list) else "no list of"
        message = f'"tokens" has {len(words)} words, but "spaces" {n_spaces} values.'
        raise RecordError("bad record", message)
    spaces = [bool(space) for space in spaces]
    text = _sound(join_words(words, spaces))
    if "text" in raw:
        _compare(text, _text(raw))
    return _annotated(Record(text, words, spaces, [], place), raw, problems)


def _spaces_of(words: list[str], text: str) -> list[bool]:
    """Tell from the text whether a space follows each word; `_compare` checks the rest."""
    spaces, end = [], 0
    for word in words:
        end += len(word)
        spaces.append(text[end : end + 1] == " ")
        end += spaces[-1]
    return spaces


def _compare(joined: str, text: str) -> None:
    if joined == text:
        return
    pairs = zip(joined, text, strict=False)
    shorter = min(len(joined), len(text))
    at = next((i for i, (a, b) in enumerate(pairs) if a != b), shorter)
    message = (
        f'"tokens" and "spaces" do not give "text": from character {at} on they give '
        f"{joined[at : at + 20]!r}, the text has {text[at : at + 20]!r}."
    )
    raise RecordError("text mismatch", message)


def _from_tool_tokens(raw: Mapping[str, Any], place: Place, problems: Problems) -> Record:
    """Read Prodigy's form: tokens with offsets, spans in characters.

    Tokens that leave out part of the text cannot be words of a Doc: then the text is tokenized.
    """
    text = _text(raw)
    words: list[Any] = [token.get("text") for token in raw["tokens"] if isinstance(token, dict)]
    if len(words) < len(raw["tokens"]) or not all(isinstance(w, str) and w for w in words):
        raise RecordError("bad record", 'Each of "tokens" is an object with its "text".')
    record = _from_text(raw, place, problems)
    spaces = _spaces_of(words, text)
    if join_words(words, spaces) != text:
        return record
    fit = _fit_to(words, spaces)
    spans = list(_fitting(record, fit, problems))
    relations = record.relations and fit_relations(record.relations, fit, text, place, problems)
    return replace(record, words=words, spaces=spaces, spans=spans, relations=relations)


def _fit_to(words: list[str], spaces: list[bool]) -> Callable[[RecordSpan], RecordSpan | None]:
    offsets = list(word_offsets(words, spaces))
    first = {start: i for i, (start, _) in enumerate(offsets)}
    last = {end: i for i, (_, end) in enumerate(offsets)}

    def fit(span: RecordSpan) -> RecordSpan | None:
        if span.start not in first or span.end not in last:
            return None
        return replace(span, start=first[span.start], end=last[span.end] + 1)

    return fit


def _fitting(
    record: Record, fit: Callable[[RecordSpan], RecordSpan | None], problems: Problems
) -> Iterator[RecordSpan]:
    for span in record.spans:
        fitted = fit(span)
        if fitted is not None:
            yield fitted
            continue
        message = (
            f"The span {record.text[span.start : span.end]!r} ({span.label}, characters "
            f"{span.start} to {span.end}) does not fit the tokens of its own record."
        )
        problems.add("misaligned span", message, record.place)


def is_plain(key: str, value: Any) -> bool:
    """Tell what of a record goes to `doc.user_data`, and back.

    key (str): A key of the record: one without a meaning of its own, not a tool's `_private`.
    value (Any): Its value: a string, number or truth value, which holds whatever the words are.
    RETURNS (bool): Whether it is kept.
    """
    is_own = key in OWN_KEYS or key.startswith("_")
    return not is_own and isinstance(value, str | int | float | bool)
