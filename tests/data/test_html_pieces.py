import random

from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

from spacy_spanbert.data.html_pieces import LONG_PARAGRAPH, MIN_PIECE, Cover, Piece, cut_paragraphs
from spacy_spanbert.data.records import RecordSpan
from tests.data.strategies import NLP


@st.composite
def docs_with_spans(draw: st.DrawFn) -> tuple[Doc, list[RecordSpan]]:
    n_words = draw(st.integers(0, 300))
    seed = random.Random(draw(st.integers(0, 10_000)))  # much faster than to draw each word
    words = [seed.choice(["a", "b", "\n", ".", " "]) for _ in range(n_words)]
    spaces = [seed.random() < 0.7 for _ in words]
    starts = [i == 0 or seed.random() < 0.1 for i in range(n_words)]
    doc = Doc(NLP.vocab, words=words, spaces=spaces, sent_starts=starts)
    spans = []
    for _ in range(draw(st.integers(0, 20)) if n_words else 0):
        start = seed.randrange(n_words)
        spans.append(RecordSpan(start, min(n_words, start + seed.randrange(1, 40)), "X"))
    return doc, spans


def cut(doc: Doc, spans: list[RecordSpan]) -> list[list[Piece]]:
    return list(cut_paragraphs(doc, spans, Cover.of(len(doc), spans)))


@settings(deadline=None)
@given(docs_with_spans())
def test_pieces_hold_each_word_once_and_each_span_whole(
    drawn: tuple[Doc, list[RecordSpan]],
) -> None:
    doc, spans = drawn
    pieces = [piece for paragraph in cut(doc, spans) for piece in paragraph]
    words = [i for piece in pieces for i in range(piece.start, piece.end)]
    assert words == list(range(len(doc)))
    assert all(piece.end > piece.start for piece in pieces)
    for piece in pieces:
        assert all(piece.start <= span.start < span.end <= piece.end for span in piece.spans)
    held = [span for piece in pieces for span in piece.spans]
    assert held == sorted(spans, key=lambda span: (span.start, -span.end))


@settings(deadline=None)
@given(docs_with_spans())
def test_cover_tells_what_looking_at_every_span_tells(
    drawn: tuple[Doc, list[RecordSpan]],
) -> None:
    doc, spans = drawn
    cover = Cover.of(len(doc), spans)
    assert cover.is_covered == [
        any(span.start <= i < span.end for span in spans) for i in range(len(doc))
    ]
    assert cover.is_joined == [
        any(span.start < i < span.end for span in spans) for i in range(len(doc))
    ]


def test_an_empty_document_has_no_paragraph() -> None:
    assert cut(Doc(NLP.vocab), []) == []


def test_paragraphs_end_with_lines_unless_a_span_goes_on() -> None:
    doc = Doc(NLP.vocab, words=["a", "\n", "b", "\n\n", "c"])
    ends = [paragraph[-1].end for paragraph in cut(doc, [])]
    assert ends == [2, 4, 5]
    ends = [paragraph[-1].end for paragraph in cut(doc, [RecordSpan(0, 3, "X")])]
    assert ends == [4, 5]


def test_a_long_paragraph_ends_with_a_sentence_and_a_short_one_does_not() -> None:
    n_words = 3 * LONG_PARAGRAPH
    starts = [i % 50 == 0 for i in range(n_words)]
    doc = Doc(NLP.vocab, words=["a"] * n_words, sent_starts=starts)
    ends = [paragraph[-1].end for paragraph in cut(doc, [])]
    assert ends == [150, 300, 360]


def test_without_sentences_a_long_line_stays_one_paragraph_in_short_pieces() -> None:
    n_words = 10 * LONG_PARAGRAPH
    (paragraph,) = cut(Doc(NLP.vocab, words=["a"] * n_words), [])
    assert {piece.end - piece.start for piece in paragraph} == {MIN_PIECE}
