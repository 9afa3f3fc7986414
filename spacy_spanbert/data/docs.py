"""Make Docs of corpus records."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup

from spacy_spanbert.annotations.pair import make_pair, set_border
from spacy_spanbert.data.grouping import group_records
from spacy_spanbert.data.json_pairs import count_first
from spacy_spanbert.data.offsets import fit_sent_starts, fit_span, fit_spans
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems
from spacy_spanbert.data.records import Record, RecordSpan, to_characters
from spacy_spanbert.data.relations import fit_relations, set_record_relations
from spacy_spanbert.data.text_labels import make_cats


def make_docs(
    records: Iterable[Record],
    nlp: Language,
    *,
    spans_key: str,
    problems: Problems,
    group: str | None = None,
    retokenize: bool = False,
    known_labels: Callable[[], Iterable[str]] = tuple,
) -> Iterator[Doc]:
    """Make a Doc of each record, or of each run of records that belong together.

    records (Iterable[Record]): The records.
    nlp (Language): Its tokenizer is used for records without words, and for `retokenize`.
    spans_key (str): The key of `doc.spans` to fill; it is set even if there is no span, but not
        for a record without annotation, which is to teach nothing.
    problems (Problems): Told of what does not fit the tokenization and is left out.
    group (str | None): Consecutive records with the same value of this key become one Doc,
        each of them a sentence of it. None: a record is a Doc.
    retokenize (bool): Tokenize the text even if the record has words; tags go with them.
    known_labels (Callable[[], Iterable[str]]): Tells all labels of texts of the corpus; asked
        at the first record that says which of them are there.
    YIELDS (Doc): The Docs; nothing for no records.
    """
    documents = records if group is None else group_records(records, group, problems)
    for record in documents:
        doc = make_doc(to_characters(record) if retokenize else record, nlp, spans_key, problems)
        if record.labels is not None:
            doc.cats = make_cats(record.labels, record.cats, known_labels())
        yield doc


def make_doc(record: Record, nlp: Language, spans_key: str, problems: Problems) -> Doc:
    """Make a Doc of one record.

    record (Record): The record.
    nlp (Language): Its tokenizer is used if the record has no words.
    spans_key (str): The key of `doc.spans` to fill; it is set even if there is no span.
    problems (Problems): Told of spans, relations and sentence starts that do not fit the
        tokenization.
    RETURNS (Doc): The Doc; empty for an empty text. It has the labels in `cats`; those that are
        there by `labels` need the others of the corpus: see make_docs. It has relations, or none,
        if the record says which there are.
    """
    spans, sent_starts, relations = record.spans, record.sent_starts, record.relations
    if record.words is None:
        doc = _tokenize_record(record, nlp)
        spans = fit_spans(doc, spans, record.place, problems)
        relations = relations and fit_relations(
            relations, partial(fit_span, doc), doc.text, record.place, problems
        )
        if sent_starts is not None:
            sent_starts = fit_sent_starts(doc, sent_starts, record.place, problems)
    else:
        doc = _from_words(record, nlp)
    if sent_starts is not None:
        _set_sent_starts(doc, sent_starts)
    doc.user_data.update(record.user_data)
    doc.cats = dict(record.cats or {})
    if relations is not None:
        set_record_relations(doc, relations)
    if not record.is_annotated:
        return doc
    set_spans(doc, spans_key, spans)
    if len(doc.spans[spans_key].attrs) == 0 and any(span.score is not None for span in spans):
        message = "Some spans have a score and some have none: the scores are left out."
        problems.add("missing score", message, record.place)
    return doc


def _from_words(record: Record, nlp: Language) -> Doc:
    words, spaces = record.words, record.spaces
    doc = Doc(nlp.vocab, words=words, spaces=spaces, tags=record.tags, pos=record.pos)
    if record.pair is not None:
        set_border(doc, count_first(record.pair, [token.idx for token in doc]))
    return doc


def _tokenize_record(record: Record, nlp: Language) -> Doc:
    if record.pair is None:
        return _tokenize(record.text, nlp, record.place)
    text_a, text_b = record.pair
    doc = make_pair(nlp, _tokenize(text_a, nlp, record.place), _tokenize(text_b, nlp, record.place))
    if doc.text.rstrip() != record.text.rstrip():
        message = "Its texts do not give its text any more when they are tokenized."
        raise CorpusError(Problem("unfit tokenizer", message, record.place))
    return doc


def _tokenize(text: str, nlp: Language, place: Place) -> Doc:
    doc: Doc = nlp.tokenizer(text)  # Not make_doc: its limit of length is for parsers.
    if doc.text != text:
        message = "The tokenizer changes the text, so that positions in characters are lost."
        raise CorpusError(Problem("unfit tokenizer", message, place))
    return doc


def _set_sent_starts(doc: Doc, starts: list[int]) -> None:
    """Set all at once: `token.is_sent_start = ...` looks at the whole Doc each time."""
    if len(doc):
        flags: Any = numpy.full((len(doc), 1), -1, dtype="int64")
        flags[[0, *starts]] = 1
        doc.from_array(["SENT_START"], flags.astype("uint64"))


def set_spans(doc: Doc, spans_key: str, spans: list[RecordSpan]) -> None:
    """Write spans to `doc.spans`, with their scores in the group's attrs if all have one.

    doc (Doc): The Doc.
    spans_key (str): The key; what was there is replaced.
    spans (list[RecordSpan]): Spans in words; may be empty.
    """
    made = [Span(doc, span.start, span.end, label=span.label) for span in spans]
    scores = [span.score for span in spans]
    attrs = {}
    if scores and None not in scores:
        attrs["scores"] = numpy.asarray(scores, dtype="float32")
    doc.spans[spans_key] = SpanGroup(doc, name=spans_key, attrs=attrs, spans=made)


def get_spans(doc: Doc, spans_key: str, place: Place, problems: Problems) -> list[RecordSpan]:
    """Read the spans of a Doc, with their scores.

    doc (Doc): The Doc.
    spans_key (str): The key of `doc.spans`.
    place (Place): Where the Doc stands.
    problems (Problems): Told if there is no such key, of spans without words, which no format
        can hold, and of scores that do not belong to the spans; all these are left out.
    RETURNS (list[RecordSpan]): The spans, in words.
    """
    if spans_key not in doc.spans:
        keys = ", ".join(map(repr, doc.spans)) or "none"
        message = f"Expected spans under the key {spans_key!r}; there are: {keys}."
        problems.add("no spans under the key", message, place)
        return []
    group = doc.spans[spans_key]
    scores = group.attrs.get("scores")
    if scores is None or len(scores) != len(group):
        if scores is not None:
            message = f"{len(group)} spans, but {len(scores)} scores: the scores are left out."
            problems.add("missing score", message, place)
        scores = [None] * len(group)
    spans = []
    for span, score in zip(group, scores, strict=True):
        if span.end > span.start:
            value = None if score is None else float(score)
            spans.append(RecordSpan(span.start, span.end, span.label_, value))
        else:
            message = f"The span {span.label_!r} at word {span.start} has no word."
            problems.add("empty span", message, place)
    return spans


def place_of(doc: Doc, index: int, source: str | None = None) -> Place:
    """Tell where a Doc stands.

    doc (Doc): The Doc; its own name is `doc.user_data["doc_id"]`.
    index (int): How many Docs came before it.
    source (str | None): The file.
    RETURNS (Place): The place.
    """
    return Place(source, doc_index=index + 1, doc_id=doc.user_data.get("doc_id"))


def sent_starts_of(doc: Doc) -> list[int] | None:
    """Find where the sentences of a Doc start.

    doc (Doc): The Doc.
    RETURNS (list[int] | None): The first word of each sentence; None if boundaries are not set.
        For spaCy they always are in a Doc of one word or none.
    """
    if not doc.has_annotation("SENT_START"):
        return None
    return [token.i for token in doc if token.is_sent_start]
