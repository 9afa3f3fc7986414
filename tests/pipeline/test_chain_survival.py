"""A finder, and relations between its candidates: any text at all is annotated and learned from."""

from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_spanbert import Relation
from tests.finder_pipeline import ANNOTATING, add_finder, scored
from tests.relation_pipeline import add_relations, found_relations, relation_examples
from tests.survival import STRANGE, assert_annotated, assert_learned
from tests.text.samples import texts
from tests.tiny_pipeline import add_encoder, initialize

FINDER, RELATIONS = "spanbert_span_finder", "spanbert_relations"


@pytest.fixture(scope="module", params=["bert", "roberta"])
def nlp(request: pytest.FixtureRequest, tiny_bert: Path, tiny_roberta: Path) -> Language:
    """Both write something of nearly every text, in small windows."""
    nlp = spacy.blank("en")
    add_encoder(nlp, model={"window": 24, "batch_pieces": 256})
    add_finder(nlp, threshold=0.3, top_k=2)
    add_relations(
        nlp,
        spans_key="candidates",
        threshold=0.2,
        multilabel=True,
        candidates={"label_pairs": "any", "max_distance": 3},
    )
    checkpoint = tiny_bert if request.param == "bert" else tiny_roberta
    examples = relation_examples(nlp, spans_key="candidates")
    for example in examples:
        example.reference.spans["sc"] = list(example.reference.spans["candidates"])
    initialize(nlp, checkpoint, examples)
    nlp.max_length = 10_000_000
    return nlp


def assert_sound(doc: Doc, text: str) -> None:
    assert doc.text == text
    scores = scored(doc)
    assert all(0 <= start < end <= len(doc) for start, end in scores)
    assert all(0.3 <= score <= 1 for score in scores.values())
    for relation in doc._.relations:
        arguments = [(span.start, span.end) for span in (relation.head, relation.tail)]
        assert arguments[0] != arguments[1]
        assert set(arguments) <= set(scores)
        assert 0.2 <= relation.score <= 1


@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_strange_texts_in_one_stream_are_annotated_as_each_by_itself(nlp, batch_size):
    expected = [nlp(text) for text in STRANGE.values()]
    assert sum(len(doc._.relations) for doc in expected) > 10
    docs = assert_annotated(nlp, STRANGE.values(), assert_sound, batch_size)
    for doc, same in zip(docs, expected, strict=True):
        assert list(scored(doc)) == list(scored(same))
        assert found_relations(doc) == found_relations(same)


@settings(max_examples=40, deadline=None)
@given(some=st.lists(texts, max_size=5))
def test_any_texts_are_annotated(nlp, some):
    assert_annotated(nlp, some, assert_sound)


@settings(max_examples=25, deadline=None)
@given(some=st.lists(texts, min_size=1, max_size=4), data=st.data())
def test_any_texts_are_learned_from(nlp, some, data):
    """With a relation, spans alone, none, or no annotation."""
    examples = []
    for text in some:
        gold = nlp.make_doc(text)
        if data.draw(st.booleans()):
            spans = []
            if len(gold) > 1 and data.draw(st.booleans()):
                middle = data.draw(st.integers(1, len(gold) - 1))
                spans = [Span(gold, 0, middle, "PER"), Span(gold, middle, len(gold), "GPE")]
            gold.spans["sc"] = gold.spans["candidates"] = spans
            gold._.relations = [Relation(*spans, "lives_in")] if spans else []
        examples.append(Example(nlp.make_doc(text), gold))
    assert {FINDER, RELATIONS} <= set(assert_learned(nlp, examples, ANNOTATING))
