"""Cut a document into pieces that can be drawn one by one: no span reaches over a border."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from spacy.tokens import Doc

from spacy_spanbert.data.docs import sent_starts_of
from spacy_spanbert.data.records import RecordSpan

# Drawing costs words times spans of a piece, so pieces are kept short.
MIN_PIECE = 30
LONG_PARAGRAPH = 120


@dataclass(frozen=True)
class Piece:
    """A stretch of a document.

    start (int): Its first word.
    end (int): The word after its last.
    spans (list[RecordSpan]): The spans in it, by start, the longer first; in words of the Doc.
    """

    start: int
    end: int
    spans: list[RecordSpan]


@dataclass(frozen=True)
class Cover:
    """Where spans are.

    is_covered (list[bool]): Whether a word is in any span; shape (n_words,).
    is_joined (list[bool]): Whether a span holds the word and the one before; shape (n_words,).
    """

    is_covered: list[bool]
    is_joined: list[bool]

    @classmethod
    def of(cls, n_words: int, spans: Sequence[RecordSpan]) -> "Cover":
        """Find out where spans are.

        n_words (int): The length of the Doc; may be 0.
        spans (Sequence[RecordSpan]): Spans in words, none empty.
        RETURNS (Cover): For each word.
        """
        covering, joining = [0] * (n_words + 1), [0] * (n_words + 1)
        for span in spans:
            covering[span.start] += 1
            joining[span.start + 1] += 1
            covering[span.end] -= 1
            joining[span.end] -= 1
        return cls(
            [n > 0 for n in list(accumulate(covering))[:n_words]],
            [n > 0 for n in list(accumulate(joining))[:n_words]],
        )


def cut_paragraphs(doc: Doc, spans: Sequence[RecordSpan], cover: Cover) -> Iterator[list[Piece]]:
    """Cut a Doc into paragraphs, and these into pieces.

    A paragraph ends with a line; one of many words also with a sentence, where sentences are
    known. A piece ends before a space. Nothing ends inside a span.

    doc (Doc): The Doc.
    spans (Sequence[RecordSpan]): Its spans in words.
    cover (Cover): Where they are.
    YIELDS (list[Piece]): The pieces of a paragraph, in order; nothing for an empty Doc.
    """
    ordered = sorted(spans, key=lambda span: (span.start, -span.end, span.label))
    next_span = 0
    paragraph: list[Piece] = []
    for start, end, ends_paragraph in _borders(doc, cover):
        first = next_span
        while next_span < len(ordered) and ordered[next_span].start < end:
            next_span += 1
        paragraph.append(Piece(start, end, ordered[first:next_span]))
        if ends_paragraph:
            yield paragraph
            paragraph = []


def _borders(doc: Doc, cover: Cover) -> Iterator[tuple[int, int, bool]]:
    """Iterate over starts and ends of pieces, and whether a paragraph ends there."""
    sent_starts = set(sent_starts_of(doc) or ())
    paragraph_start = piece_start = 0
    for i in range(1, len(doc)):
        if cover.is_joined[i]:
            continue
        before = doc[i - 1]
        is_long = i - paragraph_start >= LONG_PARAGRAPH
        if _ends_line(before.text) or (is_long and i in sent_starts and before.whitespace_):
            yield piece_start, i, True
            paragraph_start = piece_start = i
        elif before.whitespace_ and i - piece_start >= MIN_PIECE:
            yield piece_start, i, False
            piece_start = i
    if len(doc):
        yield piece_start, len(doc), True


def _ends_line(word: str) -> bool:
    return "\n" in word[len(word.rstrip(" \t\r\n")) :]
