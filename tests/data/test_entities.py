import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_spanbert.data.entities import EntitiesAsSpans, with_entities
from spacy_spanbert.data.problems import CorpusError, Problems

NLP = spacy.blank("en")
MISSING, INSIDE, OUTSIDE, BEGIN = "", "I", "O", "B"


def make_doc(spans: list[tuple[int, int, str]], n_words: int = 6) -> Doc:
    doc = Doc(NLP.vocab, words=[f"w{i}" for i in range(n_words)], user_data={"doc_id": "d"})
    doc.spans["sc"] = [Span(doc, *span) for span in spans]
    return doc


def entities_of(doc: Doc) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label_) for span in doc.ents]


def test_words_of_a_span_that_crosses_an_entity_are_not_annotated() -> None:
    problems = Problems()
    (doc,) = with_entities([make_doc([(0, 3, "A"), (2, 5, "B")])], "sc", problems)
    assert entities_of(doc) == [(0, 3, "A")]
    expected = [BEGIN, INSIDE, INSIDE, MISSING, MISSING, OUTSIDE]
    assert [word.ent_iob_ for word in doc] == expected
    (line,) = problems.examples["overlapping span"]
    assert str(line) == (
        "document 1, document 'd': The span 'w2 w3 w4' (B, words 2 to 5) overlaps another, "
        "and is no entity."
    )


def test_words_of_a_nested_span_stay_in_the_entity_around_it() -> None:
    problems = Problems()
    (doc,) = with_entities([make_doc([(1, 2, "B"), (0, 3, "A"), (1, 2, "B")])], "sc", problems)
    assert [word.ent_iob_ for word in doc] == [BEGIN, INSIDE, INSIDE, *[OUTSIDE] * 3]
    assert problems.counts == {"overlapping span": 1}


def test_a_span_without_words_is_reported() -> None:
    problems = Problems()
    (doc,) = with_entities([make_doc([(2, 2, "A"), (0, 1, "A")])], "sc", problems)
    assert entities_of(doc) == [(0, 1, "A")]
    assert str(problems.examples["empty span"][0]).endswith("'A' at word 2 has no word.")
    with pytest.raises(CorpusError, match="has no word"):
        list(with_entities([make_doc([(2, 2, "A")])], "sc", Problems("stop")))


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 3), st.sampled_from("AB")).map(
            lambda x: (x[0], min(6, x[0] + x[1]), x[2])
        ),
        max_size=6,
    )
)
def test_each_span_is_an_entity_or_reported_and_no_word_of_it_is_outside(spans: list) -> None:
    problems = Problems(n_examples=100)
    (doc,) = with_entities([make_doc(spans)], "sc", problems)
    assert len(doc.ents) + len(problems) == len(set(spans))
    assert set(entities_of(doc)) <= set(spans)
    in_spans = {i for start, end, _ in spans for i in range(start, end)}
    assert {word.i for word in doc if word.ent_iob_ == OUTSIDE} == set(range(6)) - in_spans


def test_entities_become_spans_where_there_are_none_under_the_key() -> None:
    with_ents, known_empty, spanned, unknown = (make_doc([]) for _ in range(4))
    for doc in (with_ents, known_empty, unknown):
        del doc.spans["sc"]
    with_ents.ents = spanned.ents = [Span(with_ents, 1, 3, "A")]
    known_empty.ents = []
    known_empty.set_ents([], default="outside")
    make = EntitiesAsSpans("sc")
    docs = list(make([with_ents, known_empty, spanned, unknown, Doc(NLP.vocab)]))
    found = [
        [(span.start, span.end, span.label_) for span in doc.spans["sc"]]
        if "sc" in doc.spans
        else None
        for doc in docs
    ]
    assert found == [[(1, 3, "A")], [], [], None, None]
    assert make.n_docs == 2
