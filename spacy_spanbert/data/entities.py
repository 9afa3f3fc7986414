"""Spans of a corpus as entities, which cannot overlap, and entities as spans."""

from collections.abc import Iterable, Iterator

from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from spacy_spanbert.data.docs import place_of
from spacy_spanbert.data.problems import Problems


def with_entities(docs: Iterable[Doc], spans_key: str, problems: Problems) -> Iterator[Doc]:
    """Set `doc.ents` from spans.

    docs (Iterable[Doc]): Docs; those without `doc.spans[spans_key]` stay as they are, and so do
        those that have entities and no spans under the key.
    spans_key (str): The key of `doc.spans`.
    problems (Problems): Told of spans that overlap another: the longest becomes an entity, of
        equally long ones the first; of the others, words that are in no entity are not annotated.
        Told of spans without words too.
    YIELDS (Doc): The same Docs.
    """
    for index, doc in enumerate(docs):
        group = doc.spans.get(spans_key)
        if group is not None and (len(group) or not doc.has_annotation("ENT_IOB")):
            spans = list(dict.fromkeys(group))
            entities = filter_spans([span for span in spans if len(span)])
            kept = set(entities)
            left_out = [span for span in spans if span not in kept]
            inside = {i for span in entities for i in range(span.start, span.end)}
            unknown = {i for span in left_out for i in range(span.start, span.end)} - inside
            doc.set_ents(entities, missing=[doc[i : i + 1] for i in sorted(unknown)])
            for span in left_out:
                problems.add(*_why_no_entity(span), place_of(doc, index))
        yield doc


def _why_no_entity(span: Span) -> tuple[str, str]:
    if not len(span):
        return "empty span", f"The span {span.label_!r} at word {span.start} has no word."
    return "overlapping span", (
        f"The span {span.text!r} ({span.label_}, words {span.start} to {span.end}) "
        "overlaps another, and is no entity."
    )


class EntitiesAsSpans:
    """Makes spans of entities, for formats that hold spans only, and counts such Docs.

    spans_key (str): The key of `doc.spans` to fill, where there is none and the Doc has entities,
        or is known to have none.
    """

    def __init__(self, spans_key: str) -> None:
        self.spans_key = spans_key
        self.n_docs = 0

    def __call__(self, docs: Iterable[Doc]) -> Iterator[Doc]:
        """Fill `doc.spans`.

        docs (Iterable[Doc]): The Docs.
        YIELDS (Doc): The same Docs; `doc.ents` stays.
        """
        for doc in docs:
            if self.spans_key not in doc.spans and len(doc) and doc.has_annotation("ENT_IOB"):
                doc.spans[self.spans_key] = list(doc.ents)
                self.n_docs += 1
            yield doc
