"""Relations on a Doc: what survives, and what is refused."""

import re

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spacy_spanbert.annotations.relations import (
    Relation,
    get_relations,
    has_relations,
    relation_labels,
    remove_relations,
)
from spacy_spanbert.errors import SpanbertError

NLP = spacy.blank("en")
WORDS = ["John", "Booth", "of", "New", "York", "City", "left", "."]


def _doc(spans: list[tuple[int, int, str]], triples: list[tuple[int, int, str, float]]) -> Doc:
    doc = Doc(NLP.vocab, words=WORDS)
    arguments = [Span(doc, start, end, label) for start, end, label in spans]
    doc._.relations = [Relation(arguments[h], arguments[t], *rest) for h, t, *rest in triples]
    return doc


def _plain_span(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.label_


def _plain(doc: Doc) -> list[tuple[int, int, str, int, int, str, str, float]]:
    return [(*_plain_span(r.head), *_plain_span(r.tail), r.label, r.score) for r in doc._.relations]


def _stored_and_read(doc: Doc) -> Doc:
    return next(DocBin().from_bytes(DocBin(docs=[doc]).to_bytes()).get_docs(Vocab()))


@st.composite
def _docs(draw: st.DrawFn) -> Doc:
    starts = st.integers(0, len(WORDS) - 1)
    span = starts.flatmap(
        lambda start: st.tuples(
            st.just(start), st.integers(start + 1, len(WORDS)), st.sampled_from(["PER", "LOC"])
        )
    )
    spans = draw(st.lists(span, min_size=1, max_size=6))
    index = st.integers(0, len(spans) - 1)
    triple = st.tuples(index, index, st.sampled_from(["in", "has"]), st.floats(0, 1))
    return _doc(spans, draw(st.lists(triple, max_size=12)))


@settings(deadline=None)
@given(_docs())
def test_relations_survive_docbin_bytes_and_copies(doc: Doc) -> None:
    expected = _plain(doc)
    assert has_relations(doc)
    assert _plain(_stored_and_read(doc)) == expected
    assert _plain(Doc(Vocab()).from_bytes(doc.to_bytes())) == expected
    assert _plain(doc.copy()) == expected


def test_one_span_may_be_in_many_relations_also_with_itself_and_what_is_inside_it() -> None:
    triples = [(0, 0, "is", 0.5), (0, 1, "has", 0.25), (1, 0, "in", 1.0), (0, 1, "has", 0.75)]
    doc = _doc([(3, 6, "LOC"), (3, 5, "LOC")], triples)
    assert [(r.label, r.score) for r in doc._.relations] == [t[2:] for t in triples]
    assert doc._.relations[1].tail.text == "New York"


def test_joined_docs_keep_their_relations_without_scores() -> None:
    docs = [_doc([(0, 2, "PER"), (3, 5, "LOC")], [(0, 1, label, 0.5)]) for label in ("in", "of")]
    joined = Doc.from_docs(docs)
    assert [(r.head.start, r.label, r.score) for r in joined._.relations] == [
        (0, "in", 1.0),
        (len(WORDS), "of", 1.0),
    ]


def test_no_relations_is_an_annotation_and_an_untouched_doc_has_none() -> None:
    doc = Doc(NLP.vocab, words=WORDS)
    assert not has_relations(doc)
    assert get_relations(doc) == []
    doc._.relations = []
    assert has_relations(_stored_and_read(doc))


def test_relations_are_counted_and_removed() -> None:
    doc = _doc([(0, 2, "PER"), (3, 5, "LOC")], [(0, 1, "in", 0.5), (1, 0, "has", 0.5)])
    assert relation_labels(doc) == ["in", "has"]
    doc.spans["sc"] = [doc[0:1]]
    remove_relations(doc)
    assert list(doc.spans) == ["sc"]
    assert (has_relations(doc), relation_labels(doc)) == (False, [])
    remove_relations(doc)


def test_a_span_of_another_doc_is_refused() -> None:
    doc, other = Doc(NLP.vocab, words=WORDS), Doc(NLP.vocab, words=WORDS)
    with pytest.raises(SpanbertError, match="the tail of a relation 'in', 'Booth', is a span of"):
        doc._.relations = [Relation(doc[0:1], other[1:2], "in")]


def test_a_relation_without_label_or_words_is_refused() -> None:
    doc = Doc(NLP.vocab, words=WORDS)
    with pytest.raises(SpanbertError, match="label is a text of one letter"):
        doc._.relations = [Relation(doc[0:1], doc[1:2], "")]
    with pytest.raises(SpanbertError, match="the head of a relation 'in' has no words"):
        doc._.relations = [Relation(doc[0:0], doc[1:2], "in")]


DOC = Doc(NLP.vocab, words=WORDS)
HEAD, TAIL = DOC[0:1], DOC[1:2]


@pytest.mark.parametrize(
    ("relations", "message"),
    [
        ([Relation(HEAD, TAIL, 5)], "label is a text of one letter or more, not 5 (int)"),
        ([Relation(DOC[0], TAIL, "in")], "head of a relation 'in' is a Span, not John (Token)"),
        ([Relation(HEAD, None, "in")], "tail of a relation 'in' is a Span, not None (NoneType)"),
        ([Relation(HEAD, TAIL, "in", float("nan"))], "'in' is a probability, 0 to 1, not nan"),
        ([Relation(HEAD, TAIL, "in", 1.5)], "'in' is a probability, 0 to 1, not 1.5 (float)"),
        ([Relation(HEAD, TAIL, "in", "0.5")], "'in' is a probability, 0 to 1, not '0.5' (str)"),
        ([(HEAD, TAIL, "in")], "expected a Relation, not (John, Booth, 'in') (tuple)"),
        (None, "relations are a list, not None (NoneType)"),
        (Relation(HEAD, TAIL, "in"), "relations are a list, not Relation("),
    ],
)
def test_what_is_no_relation_is_refused_with_an_example_of_one(relations, message) -> None:
    with pytest.raises(SpanbertError, match=re.escape(message)) as error:
        DOC._.relations = relations
    assert str(error.value).endswith('`doc._.relations = [Relation(doc[0:1], doc[2:3], "label")]`')
    assert not has_relations(DOC)


def test_groups_that_do_not_go_together_are_reported() -> None:
    doc = _doc([(0, 2, "PER"), (3, 5, "LOC")], [(0, 1, "in", 0.5)])
    doc.spans["relations.tails"].append(doc[0:1])
    with pytest.raises(SpanbertError, match=r"are damaged: .* has 1 spans and 1 scores"):
        get_relations(doc)


def test_types_that_spacys_json_lost_are_not_taken_for_types() -> None:
    doc = _doc([(0, 2, "PER"), (3, 5, "LOC")], [(0, 1, "in", 0.5)])
    again = Doc(doc.vocab).from_json(doc.to_json())
    with pytest.raises(SpanbertError, match=r"have lost their types.* Keep Docs as DocBin"):
        get_relations(again)
