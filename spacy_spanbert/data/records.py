"""A corpus record, whatever its format was, and what can be done with it before it is a Doc."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from spacy_spanbert.data.problems import Place


@dataclass(frozen=True)
class RecordSpan:
    """A labelled stretch of a record.

    start (int): Where it starts, in words; in characters if the record has no words.
    end (int): Where it ends, exclusive, in the same unit.
    label (str): The label, "" for none.
    score (float | None): What a model gave it, if anything.
    """

    start: int
    end: int
    label: str
    score: float | None = None

    def moved(self, offset: int) -> "RecordSpan":
        """Make the same span further on by `offset`."""
        return replace(self, start=self.start + offset, end=self.end + offset)


@dataclass(frozen=True)
class RecordRelation:
    """An ordered pair of spans of a record, and how they relate.

    head (RecordSpan): The first argument. It is held itself and not by its position among the
        record's spans: so it stays right whatever of these is left out or moved.
    tail (RecordSpan): The second, likewise.
    label (str): The relation's type, not "".
    score (float | None): What a model gave it, if anything.
    """

    head: RecordSpan
    tail: RecordSpan
    label: str
    score: float | None = None

    def moved(self, offset: int) -> "RecordRelation":
        """Make the same relation further on by `offset`."""
        return replace(self, head=self.head.moved(offset), tail=self.tail.moved(offset))


@dataclass(frozen=True)
class Record:
    """One record of a corpus.

    text (str): The text.
    words (list[str] | None): Its words; None: still to be tokenized, so that all positions
        are in characters.
    spaces (list[bool]): Whether a space follows the word, for each word.
    spans (list[RecordSpan]): The annotated spans, in the order of the corpus.
    place (Place): Where the record stands.
    sent_starts (list[int] | None): Where each sentence starts; None: not known.
    tags (list[str] | None): One for each word.
    user_data (dict[str, Any]): What goes to `doc.user_data`, such as `doc_id`.
    is_annotated (bool): Whether it is known which spans there are; without, none in `spans` does
        not mean that there is none.
    relations (list[RecordRelation] | None): The annotated relations, in the order of the corpus;
        None: not known.
    pos (list[str] | None): A part of speech for each word.
    cats (dict[str, float] | None): A value from 0 to 1 for each label of the text that is known.
    labels (list[str] | None): The labels of the text that are there: all others of the corpus are
        not; None: it is not known which.
    pair (tuple[str, str] | None): The two texts that `text` is made of, if it is a pair.
    """

    text: str
    words: list[str] | None
    spaces: list[bool]
    spans: list[RecordSpan]
    place: Place = field(default_factory=Place)
    sent_starts: list[int] | None = None
    tags: list[str] | None = None
    user_data: dict[str, Any] = field(default_factory=dict)
    is_annotated: bool = True
    relations: list[RecordRelation] | None = None
    pos: list[str] | None = None
    cats: dict[str, float] | None = None
    labels: list[str] | None = None
    pair: tuple[str, str] | None = None


def join_words(words: Sequence[str], spaces: Sequence[bool]) -> str:
    """Join words to a text, with a space behind each where `spaces` says so."""
    return "".join(word + " " if space else word for word, space in zip(words, spaces, strict=True))


def word_offsets(words: Sequence[str], spaces: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Iterate over the start and end, exclusive, of each word in characters."""
    start = 0
    for word, space in zip(words, spaces, strict=True):
        end = start + len(word)
        yield start, end
        start = end + space


def to_characters(record: Record) -> Record:
    """Forget the words of a record: positions become characters. Tags and parts of
    speech go with the words.

    record (Record): The record; without words it comes back as it is.
    RETURNS (Record): The record, to be tokenized.
    """
    if record.words is None:
        return record
    offsets = list(word_offsets(record.words, record.spaces))

    def in_characters(span: RecordSpan) -> RecordSpan:
        return replace(span, start=offsets[span.start][0], end=offsets[span.end - 1][1])

    relations = record.relations and [
        replace(relation, head=in_characters(relation.head), tail=in_characters(relation.tail))
        for relation in record.relations
    ]
    return replace(
        record,
        words=None,
        spaces=[],
        spans=[in_characters(span) for span in record.spans],
        sent_starts=record.sent_starts and [offsets[i][0] for i in record.sent_starts],
        tags=None,
        pos=None,
        relations=relations,
    )


def join_records(records: Sequence[Record]) -> Record:
    """Put the sentences of a document together; each starts a sentence of it.

    If no sentence but the last ends in white space, the corpus keeps none between sentences,
    and a space is put there; otherwise the texts are joined as they are. If some of the records
    have no words, the words of the others are given up too.

    records (Sequence[Record]): The records, at least one.
    RETURNS (Record): The document. Of `user_data` it keeps what is the same in all records, and the
        labels of the text likewise. Of several pairs it is none.
    """
    if any(record.words is None for record in records):
        records = [to_characters(record) for record in records]
    if not any(record.text[-1:].isspace() for record in records[:-1]):
        records = [_with_space(record) for record in records[:-1]] + [records[-1]]
    in_words = records[0].words is not None
    lengths = [len(record.spaces) if in_words else len(record.text) for record in records]
    offsets = list(accumulate(lengths, initial=0))
    moved = list(zip(records, offsets, lengths, strict=False))
    first = records[0]
    return Record(
        text="".join(record.text for record in records),
        words=[word for record in records for word in record.words or []] if in_words else None,
        spaces=[space for record in records for space in record.spaces],
        spans=[span.moved(offset) for record, offset, _ in moved for span in record.spans],
        place=first.place,
        sent_starts=[
            offset + start
            for record, offset, length in moved
            for start in sorted({0, *(record.sent_starts or [])} if length else ())
        ],
        tags=_join_tags([record.tags for record in records], lengths),
        pos=_join_tags([record.pos for record in records], lengths),
        cats=_same([record.cats for record in records]),
        labels=_same([record.labels for record in records]),
        user_data={
            key: value
            for key, value in first.user_data.items()
            if all(key in other.user_data and other.user_data[key] == value for other in records)
        },
        is_annotated=any(record.is_annotated for record in records),
        relations=_join_relations(records, offsets),
        pair=first.pair if len(records) == 1 else None,
    )


def _join_relations(
    records: Sequence[Record], offsets: Sequence[int]
) -> list[RecordRelation] | None:
    if all(record.relations is None for record in records):
        return None
    return [
        relation.moved(offset)
        for record, offset in zip(records, offsets, strict=False)
        for relation in record.relations or []
    ]


def _with_space(record: Record) -> Record:
    if not record.text:
        return record
    spaces = [*record.spaces[:-1], True] if record.spaces else []
    return replace(record, text=record.text + " ", spaces=spaces)


def _join_tags(tags: Sequence[list[str] | None], lengths: Sequence[int]) -> list[str] | None:
    if all(found is None for found in tags):
        return None
    columns = zip(tags, lengths, strict=True)
    return [tag for found, n_words in columns for tag in found or [""] * n_words]


def _same(values: Sequence[Any]) -> Any:
    return values[0] if all(value == values[0] for value in values) else None
