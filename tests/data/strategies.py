"""Random Docs with odd words and nested or crossing spans, and what to compare of them."""

import numpy
import spacy
from hypothesis import strategies as st
from spacy.tokens import Doc, Span, SpanGroup

from spacy_spanbert.annotations.pair import is_pair, segments, set_border
from spacy_spanbert.annotations.relations import Relation, has_relations
from spacy_spanbert.data.docs import sent_starts_of

NLP = spacy.blank("en")
ODD_WORDS = [
    *("word", "Ünïcödé", "слово", "字", "מילה", "👩‍👩‍👧", "e\u0301"),
    *("\n", "\n\n", "\t", " ", "\r", "\r\n", "\u2028", "\x85", "\xa0", "\x1c", "\ufeff"),
    *("a\nb", "new\tcolumn", "#", "#tag", "# newdoc", "# doc_id = 7", "-DOCSTART-", "O", "B-PER"),
    *("\\", "\\u{a}", "\\n", '"', "1", "2", "T1", "_", "x" * 200),
]
WORDS = st.sampled_from(ODD_WORDS) | st.text(min_size=1, max_size=5).filter(
    lambda word: not any(0xD800 <= ord(char) < 0xE000 for char in word)
)
LABELS = st.sampled_from(["PER", "LOC", "B-PER", "O", "cell type", "type 1", "a;b", "ä", ""])
TAGS = st.sampled_from(["NN", "$", "-LRB-", ""])
POS = st.sampled_from(["NOUN", "X", "SPACE", ""])


@st.composite
def docs(draw: st.DrawFn, with_scores: bool = True) -> Doc:
    words = draw(st.lists(WORDS, max_size=12))
    n_words = len(words)
    spaces = draw(st.lists(st.booleans(), min_size=n_words, max_size=n_words))
    sent_starts = None
    if n_words and draw(st.booleans()):
        flags = draw(st.lists(st.booleans(), min_size=n_words - 1, max_size=n_words - 1))
        sent_starts = [True, *flags]
    tags, pos = (
        draw(st.none() | st.lists(tag, min_size=n_words, max_size=n_words)) for tag in (TAGS, POS)
    )
    doc = Doc(NLP.vocab, words=words, spaces=spaces, tags=tags, pos=pos, sent_starts=sent_starts)
    doc.cats = draw(st.dictionaries(LABELS.filter(bool), st.sampled_from([0.0, 0.9, 1.0])))
    position = st.integers(0, max(0, n_words - 1))
    pairs = draw(st.lists(st.tuples(position, position, LABELS), max_size=8 if n_words else 0))
    spans = [Span(doc, min(a, b), max(a, b) + 1, label=label) for a, b, label in pairs]
    attrs = {}
    if spans and with_scores and draw(st.booleans()):
        attrs["scores"] = numpy.linspace(0.1, 1, len(spans), dtype="float32")
    doc.spans["sc"] = SpanGroup(doc, name="sc", attrs=attrs, spans=spans)
    if draw(st.booleans()):
        set_border(doc, draw(st.integers(0, n_words)))
    if draw(st.booleans()):
        doc._.relations = draw(relations(spans, with_scores))
    doc_id = draw(st.none() | st.sampled_from(["a", "a/b", "MEDLINE:1", "x y", "ä", "newdoc"]))
    if doc_id is not None:
        doc.user_data["doc_id"] = doc_id
    return doc


def relations(spans: list[Span], with_scores: bool) -> st.SearchStrategy[list[Relation]]:
    if not spans:
        return st.just([])
    argument = st.sampled_from(spans)
    label = LABELS.filter(bool)
    score = st.sampled_from([1.0, 0.9, 0.125, 0.0] if with_scores else [1.0])
    return st.lists(st.builds(Relation, argument, argument, label, score), max_size=5)


def relations_of(doc: Doc) -> list[tuple[int, int, str, int, int, str, str, float]]:
    return [
        (*_plain_span(found.head), *_plain_span(found.tail), found.label, found.score)
        for found in doc._.relations
    ]


def _plain_span(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label_


def spans_of(doc: Doc, spans_key: str = "sc") -> list[tuple[int, int, str]]:
    return [_plain_span(span) for span in doc.spans[spans_key]]


def content(doc: Doc) -> dict[str, object]:
    """All that a round trip must keep; spans in the order of the group, with their scores."""
    scores = doc.spans["sc"].attrs.get("scores")
    return {
        "words": [token.text for token in doc],
        "spaces": [token.whitespace_ for token in doc],
        "spans": spans_of(doc),
        "scores": None if scores is None else [float(score) for score in scores],
        "relations": relations_of(doc) if has_relations(doc) else None,
        "sent_starts": sent_starts_of(doc),
        "user_data": dict(doc.user_data),
    }


def labels_of(doc: Doc) -> dict[str, object]:
    """What formats of spans alone have no place for."""
    return {
        "cats": doc.cats,
        "tags": [token.tag_ for token in doc],
        "pos": [token.pos_ for token in doc],
        "pair": [len(text) for text in segments(doc)] if is_pair(doc) else None,
    }
