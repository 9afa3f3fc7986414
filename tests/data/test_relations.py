"""Relations between records and Docs."""

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.relations import TAILS_KEY, Relation, has_relations
from spacy_spanbert.data.docs import make_docs
from spacy_spanbert.data.problems import CorpusError, Place, Problems
from spacy_spanbert.data.records import Record, RecordRelation, RecordSpan
from spacy_spanbert.data.relations import (
    get_record_relations,
    number_arguments,
    set_record_relations,
)
from tests.data.strategies import relations_of

NLP = spacy.blank("en")
WORDS = ["Ann", "works", "for", "Acme", "."]
ANN, ACME = RecordSpan(0, 1, "PER"), RecordSpan(3, 4, "ORG")
WORKS = RecordRelation(ANN, ACME, "Work_For")


def make(*records: Record, **options: object) -> list[Doc]:
    problems = options.pop("problems", Problems("stop"))
    return list(make_docs(records, NLP, spans_key="sc", problems=problems, **options))  # type: ignore


def in_words(relations: list[RecordRelation] | None, doc_id: str = "a") -> Record:
    spaces = [True, True, True, False, False]
    return Record(
        text="Ann works for Acme.",
        words=WORDS,
        spaces=spaces,
        spans=[ANN, ACME],
        user_data={"doc_id": doc_id},
        relations=relations,
    )


def in_characters(text: str, *relations: tuple[int, int, int, int]) -> Record:
    made = [
        RecordRelation(RecordSpan(a, b, "A"), RecordSpan(c, d, "B"), "X")
        for a, b, c, d in relations
    ]
    spans = [span for relation in made for span in (relation.head, relation.tail)]
    place = Place("f.jsonl", line=3, doc_id="d")
    return Record(text, None, [], spans, place, relations=made)


def test_what_is_known_of_relations_is_on_the_doc() -> None:
    known, none, unknown = make(in_words([WORKS]), in_words([]), in_words(None))
    assert relations_of(known) == [(0, 1, "PER", 3, 4, "ORG", "Work_For", 1.0)]
    assert has_relations(none)
    assert none._.relations == []
    assert not has_relations(unknown)


def test_relations_are_set_even_if_the_spans_are_not_annotated() -> None:
    record = Record("Ann works for Acme.", WORDS, [True] * 5, [], is_annotated=False)
    (doc,) = make(Record(**{**vars(record), "relations": [WORKS]}))
    assert list(doc.spans) == ["relations.heads", "relations.tails"]


def test_grouped_records_keep_their_relations_at_their_own_sentences() -> None:
    second = RecordRelation(ACME, ANN, "employs", 0.5)
    (doc,) = make(in_words([WORKS]), in_words(None), in_words([second]), group="doc_id")
    assert [len(sent) for sent in doc.sents] == [5, 5, 5]
    assert relations_of(doc) == [
        (0, 1, "PER", 3, 4, "ORG", "Work_For", 1.0),
        (13, 14, "ORG", 10, 11, "PER", "employs", 0.5),
    ]
    (unknown,) = make(in_words(None), in_words(None), group="doc_id")
    assert not has_relations(unknown)


def test_records_in_words_and_in_characters_can_be_grouped() -> None:
    untokenized = in_characters("Bob left Acme.", (0, 3, 9, 13))
    (doc,) = make(
        Record(**{**vars(untokenized), "user_data": {"doc_id": "a"}}),
        in_words([WORKS]),
        group="doc_id",
    )
    assert [(r.head.text, r.label, r.tail.text) for r in doc._.relations] == [
        ("Bob", "X", "Acme"),
        ("Ann", "Work_For", "Acme"),
    ]


def test_relations_hold_when_the_text_is_tokenized_again() -> None:
    record = Record("can't stop", ["can't", "stop"], [True, False], [], relations=[])
    inner = RecordRelation(RecordSpan(0, 1, "A"), RecordSpan(0, 2, "B"), "in")
    (doc,) = make(Record(**{**vars(record), "relations": [inner]}), retokenize=True)
    assert [token.text for token in doc] == ["ca", "n't", "stop"]
    assert relations_of(doc) == [(0, 2, "A", 0, 3, "B", "in", 1.0)]


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ((0, 3, 10, 14), "'X' from 'Ann' to 'ork ' is left out: its tail does not fit"),
        ((1, 3, 9, 13), "'X' from 'nn' to 'York' is left out: its head does not fit"),
        ((0, 2, 9, 11), "from 'An' to 'Yo' is left out: its head and its tail do not fit"),
    ],
)
def test_a_relation_whose_argument_fits_no_words_is_reported_with_place_and_text(
    relation: tuple[int, int, int, int], message: str
) -> None:
    problems = Problems()
    (doc,) = make(in_characters("Ann left York too.", (0, 3, 9, 13), relation), problems=problems)
    assert len(doc._.relations) == 1
    (problem,) = problems.examples["relation without argument"]
    assert str(problem).startswith("f.jsonl:3, document 'd': ")
    assert message in problem.message
    with pytest.raises(CorpusError, match="does not fit the words: it cuts"):
        make(in_characters("Ann left York too.", relation))


def make_doc(*relations: tuple[int, int, str, int, int, str, str, float]) -> Doc:
    doc = Doc(NLP.vocab, words=WORDS)
    doc._.relations = [
        Relation(Span(doc, a, b, x), Span(doc, c, d, y), label, score)
        for a, b, x, c, d, y, label, score in relations
    ]
    return doc


def test_scores_are_read_unless_all_are_a_persons() -> None:
    gold = make_doc((0, 1, "PER", 3, 4, "ORG", "Work_For", 1.0))
    assert get_record_relations(gold, Place(), Problems("stop")) == [WORKS]
    found = make_doc((0, 1, "P", 3, 4, "O", "X", 1.0), (3, 4, "O", 0, 1, "P", "X", 0.25))
    scored = get_record_relations(found, Place(), Problems("stop"))
    assert [relation.score for relation in scored or []] == [1.0, 0.25]
    assert get_record_relations(Doc(NLP.vocab), Place(), Problems("stop")) is None


def test_relations_set_and_read_are_the_same() -> None:
    doc = Doc(NLP.vocab, words=WORDS)
    relations = [WORKS, RecordRelation(RecordSpan(0, 5, ""), ANN, "has")]
    set_record_relations(doc, relations)
    assert get_record_relations(doc, Place(), Problems("stop")) == relations


def test_damaged_groups_and_arguments_without_words_are_reported() -> None:
    doc = make_doc((0, 1, "PER", 3, 4, "ORG", "X", 1.0))
    doc.spans[TAILS_KEY] = []
    problems = Problems()
    assert get_record_relations(doc, Place(doc_index=7), problems) is None
    assert "document 7: the relations of the Doc" in str(problems.examples["damaged relations"][0])
    doc = make_doc((0, 1, "PER", 3, 4, "ORG", "X", 1.0))
    doc.spans[TAILS_KEY] = [Span(doc, 2, 2, "ORG", span_id="X")]
    assert get_record_relations(doc, Place(), problems) == []
    assert problems.counts["relation without argument"] == 1


def number(
    spans: list[RecordSpan], *relations: RecordRelation
) -> tuple[list[RecordSpan], list[tuple[int, int]], Problems]:
    problems = Problems("stop")
    doc = Doc(NLP.vocab, words=WORDS)
    return *number_arguments(doc, spans, relations, Place(), problems), problems


def test_an_argument_is_the_first_span_with_its_boundaries_and_label() -> None:
    spans = [RecordSpan(0, 1, "X"), ANN, ACME, ANN]
    found, pairs, problems = number(spans, WORKS, RecordRelation(ACME, spans[0], "y"))
    assert (found, pairs) == (spans, [(1, 2), (2, 0)])
    assert not problems


def test_an_argument_without_label_is_the_first_span_with_its_boundaries() -> None:
    unlabelled = RecordRelation(RecordSpan(0, 1, ""), RecordSpan(3, 4, ""), "y")
    _, pairs, _ = number([RecordSpan(3, 4, "X"), ANN, ACME, RecordSpan(3, 4, "")], unlabelled)
    assert pairs == [(1, 3)]


def test_arguments_that_are_no_spans_are_added_once_and_noted() -> None:
    other = RecordRelation(RecordSpan(3, 4, "LOC"), RecordSpan(3, 4, "LOC", 0.5), "is")
    found, pairs, problems = number([ANN], WORKS, other, WORKS)
    assert found == [ANN, ACME, RecordSpan(3, 4, "LOC")]
    assert pairs == [(0, 1), (2, 2), (0, 1)]
    assert problems.counts == {"argument added to the spans": 2}
    assert "'Acme' (ORG, words 3 to 4) is in a relation but not among the spans" in str(
        problems.examples["argument added to the spans"][0]
    )
