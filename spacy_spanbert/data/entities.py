"""Spans of a corpus as entities, which cannot overlap."""

from collections.abc import Iterable, Iterator

from spacy.tokens import Doc
from spacy.util import filter_spans

from spacy_spanbert.data.docs import place_of
from spacy_spanbert.data.problems import Problems


def with_entities(docs: Iterable[Doc], spans_key: str, problems: Problems) -> Iterator[Doc]:
    """Set `doc.ents` from spans.

    docs (Iterable[Doc]): Docs; those without `doc.spans[spans_key]` stay as they are, and so do
        those that have entities and no spans under the key.
    spans_key (str): The key of `doc.spans`.
    problems (Problems): Told of spans that overlap another: the longest becomes an entity, of
        equally long ones the first.
    YIELDS (Doc): The same Docs.
    """
    for index, doc in enumerate(docs):
        group = doc.spans.get(spans_key)
        if group is not None and (len(group) or not doc.has_annotation("ENT_IOB")):
            spans = list(dict.fromkeys(group))
            entities = filter_spans(spans)
            doc.ents = entities
            for span in spans:
                if span not in entities:
                    message = (
                        f"The span {span.text!r} ({span.label_}, words {span.start} to {span.end}) "
                        "overlaps another, and is no entity."
                    )
                    problems.add("overlapping span", message, place_of(doc, index))
        yield doc
