"""Fit positions given in characters to the words of a tokenized text."""

from collections.abc import Iterable
from dataclasses import replace

from spacy.tokens import Doc

from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import RecordSpan


def fit_spans(
    doc: Doc, spans: Iterable[RecordSpan], place: Place, problems: Problems
) -> list[RecordSpan]:
    """Turn spans in characters into spans in words.

    doc (Doc): The tokenized text.
    spans (Iterable[RecordSpan]): Spans in characters, not empty, inside the text.
    place (Place): Where the text stands in the corpus.
    problems (Problems): Told of each span that does not start and end with a word.
    RETURNS (list[RecordSpan]): The spans that fit, in words.
    """
    fitting = []
    for span in spans:
        fitted = fit_span(doc, span)
        if fitted is None:
            problems.add("misaligned span", _why_not(doc, span), place)
        else:
            fitting.append(fitted)
    return fitting


def fit_span(doc: Doc, span: RecordSpan) -> RecordSpan | None:
    """Turn a span in characters into one in words.

    doc (Doc): The tokenized text.
    span (RecordSpan): A span in characters, not empty, inside the text.
    RETURNS (RecordSpan | None): The span in words; None if it does not start and end with one.
    """
    found = doc.char_span(span.start, span.end)
    return None if found is None else replace(span, start=found.start, end=found.end)


def _why_not(doc: Doc, span: RecordSpan) -> str:
    text = doc.text[span.start : span.end]
    words = [
        token.text
        for token in doc.char_span(span.start, span.end, alignment_mode="expand") or ()
        if token.idx < span.start < token.idx + len(token)
        or token.idx < span.end < token.idx + len(token)
    ]
    if words:
        reason = "it cuts " + " and ".join(repr(word) for word in words)
    elif text != text.strip():
        reason = "leave out the white space at its ends"
    else:
        reason = "it starts or ends between words"
    where = f"characters {span.start} to {span.end}"
    return f"The span {text!r} ({span.label}, {where}) does not fit the words: {reason}."


def fit_sent_starts(
    doc: Doc, offsets: Iterable[int], place: Place, problems: Problems
) -> list[int]:
    """Turn sentence starts in characters into sentence starts in words.

    doc (Doc): The tokenized text.
    offsets (Iterable[int]): Where sentences start, in characters, ascending; white space
        before the first word of a sentence does not matter.
    place (Place): Where the text stands in the corpus.
    problems (Problems): Told of each start that is inside a word; it is left out.
    RETURNS (list[int]): The first word of each sentence.
    """
    starts: list[int] = []
    i = 0
    for offset in offsets:
        while i < len(doc) and doc[i].idx + len(doc[i]) <= offset:
            i += 1
        if i == len(doc):
            break
        if doc[i].idx < offset:
            message = f"A sentence starts at character {offset}, inside the word {doc[i].text!r}."
            problems.add("sentence start inside a word", message, place)
        elif not starts or starts[-1] != i:
            starts.append(i)
    return starts
