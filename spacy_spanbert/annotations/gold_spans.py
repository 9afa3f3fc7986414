"""Gold spans, placed on the words the pipeline sees."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.positions import Boundaries, word_positions


class GoldSpan(NamedTuple):
    """A gold span.

    start (int): First of the predicted words; -1 if it does not begin and end with them.
    end (int): Predicted word after the last; -1 if it does not begin and end with them.
    length (int): In predicted words; in gold words if it does not fit the predicted ones.
    label (str): Its label.
    """

    start: int
    end: int
    length: int
    label: str

    @property
    def is_aligned(self) -> bool:
        """Whether the predicted words can express the span."""
        return self.start >= 0


def place_gold_spans(predicted: Doc, reference: Doc, spans_key: str) -> list[GoldSpan]:
    """Place the gold spans of a reference on predicted words, by their characters.

    predicted (Doc): The Doc as the pipeline tokenizes it; may be the reference itself.
    reference (Doc): The Doc with the gold spans.
    spans_key (str): Their key in `doc.spans`, which must be there.
    RETURNS (list[GoldSpan]): Without repetitions, by start, the longer first, then label;
        empty if there are none.
    RAISES (SpanbertError): If the two texts differ in more than white space and case.
    """
    distinct = {(span.start, span.end, span.label_) for span in reference.spans[spans_key]}
    ordered = sorted(distinct, key=lambda span: (span[0], -span[1], span[2]))
    place = span_placer(predicted, reference)
    placed = []
    for gold_start, gold_end, label in ordered:
        start, end = place(gold_start, gold_end) or (-1, -1)
        length = gold_end - gold_start if start < 0 else end - start
        placed.append(GoldSpan(start, end, length, label))
    return placed


def span_placer(predicted: Doc, reference: Doc) -> Callable[[int, int], Boundaries | None]:
    """Make what places spans of a reference on predicted words, by their characters.

    predicted (Doc): The Doc as the pipeline tokenizes it; may be the reference itself.
    reference (Doc): The Doc with the gold spans.
    RETURNS (Callable[[int, int], Boundaries | None]): Takes the first word of a span, and the one
        after the last; gives the same in predicted words, None if it does not begin and end with
        them.
    RAISES (SpanbertError): If the two texts differ in more than white space and case.
    """
    if predicted is reference:
        return lambda start, end: (start, end)
    words, gold_words = word_positions(predicted, reference)
    start_at = {position: word for word, position in enumerate(words.starts)}
    # backwards, so that a white-space word is left out where it has no width
    end_at = {words.ends[word]: word + 1 for word in reversed(range(len(words.ends)))}

    def place(gold_start: int, gold_end: int) -> Boundaries | None:
        first, last = gold_words.place(gold_start, gold_end)
        start, end = start_at.get(first, -1), end_at.get(last, -1)
        return (start, end) if 0 <= start < end else None

    return place


def place_boundaries(
    predicted: Doc, reference: Doc, spans: Sequence[Boundaries]
) -> list[Boundaries]:
    """Place spans of a reference on predicted words, as span_placer does.

    predicted (Doc): The Doc as the pipeline tokenizes it; may be the reference itself.
    reference (Doc): The Doc with the gold words.
    spans (Sequence[tuple[int, int]]): Start and end (exclusive) in its words.
    RETURNS (list[tuple[int, int]]): The same in predicted words; (-1, -1) where a span does not
        begin and end with them.
    RAISES (SpanbertError): If the two texts differ in more than white space and case.
    """
    place = span_placer(predicted, reference)
    return [place(start, end) or (-1, -1) for start, end in spans]


def gold_spans_on(predicted: Doc, reference: Doc, spans_key: str) -> list[Span]:
    """Make the gold spans of a reference on predicted words; what these cannot express is left out.

    predicted (Doc): The Doc as the pipeline tokenizes it; nothing is stored on it.
    reference (Doc): The Doc with the gold spans.
    spans_key (str): Their key in `doc.spans`, which must be there.
    RETURNS (list[Span]): Spans of the predicted Doc, as distinct_spans gives them.
    RAISES (SpanbertError): If the two texts differ in more than white space and case.
    """
    return spans_on(predicted, reference, reference.spans[spans_key])


def spans_on(predicted: Doc, reference: Doc, spans: Iterable[Span]) -> list[Span]:
    """Make spans of a reference on predicted words; what these cannot express is left out.

    predicted (Doc): The Doc as the pipeline tokenizes it; nothing is stored on it.
    reference (Doc): The Doc that the spans are of.
    spans (Iterable[Span]): Any, repeated and empty ones too.
    RETURNS (list[Span]): Spans of the predicted Doc, as distinct_spans gives them.
    RAISES (SpanbertError): If the two texts differ in more than white space and case.
    """
    place = span_placer(predicted, reference)
    placed = [(place(s.start, s.end), s.label) for s in spans if len(s)]
    return distinct_spans(Span(predicted, *at, label) for at, label in placed if at is not None)


def distinct_spans(spans: Iterable[Span]) -> list[Span]:
    """RETURNS (list[Span]): Spans by start, the longer first, then label; each once, none empty."""
    distinct = {(span.start, -span.end, span.label_): span for span in spans if len(span)}
    return [distinct[key] for key in sorted(distinct)]


def sentence_numbers(doc: Doc) -> list[int] | None:
    """Number the sentence of each word.

    doc (Doc): Any Doc.
    RETURNS (Optional[list[int]]): Rising numbers; length n_words. None where the Doc has no
        sentence boundaries.
    """
    if not doc.has_annotation("SENT_START"):
        return None
    return (doc.to_array("SENT_START") == 1).cumsum().tolist()
