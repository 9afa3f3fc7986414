import spacy
from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.data.counts import CorpusCounts

NLP = spacy.blank("en")


def doc(n_words: int, sent_starts: list[bool] | None = None, labels: str = "") -> Doc:
    made = Doc(NLP.vocab, words=["w"] * n_words, sent_starts=sent_starts)
    made.spans["sc"] = [Span(made, 0, 1, label=label) for label in labels]
    return made


def test_docs_pass_unchanged_and_are_counted() -> None:
    corpus = [doc(3, [True, False, True], "ABA"), doc(2, [True, False], "A"), doc(1), doc(0)]
    counts = CorpusCounts()
    assert list(counts.watch(corpus, "sc")) == corpus
    assert counts.rows() == [
        ("documents", "4"),
        ("sentences", "4"),
        ("words", "6"),
        ("spans", "4"),
        ("  A", "3"),
        ("  B", "1"),
    ]


def test_sentences_that_are_not_marked_are_not_guessed() -> None:
    counts = CorpusCounts()
    for one in (doc(2), doc(1), doc(3)):
        counts.add(one, "sc")
    assert ("sentences", "not marked") in counts.rows()
    counts.add(doc(2, [True, True]), "sc")
    assert ("sentences", "3, not marked in 2 documents") in counts.rows()


def test_relations_are_counted_where_they_are_annotated() -> None:
    corpus = [doc(2) for _ in range(3)]
    for one in corpus[:2]:
        one._.relations = [Relation(one[0:1], one[1:2], label) for label in ("in", "in", "of")]
    counts = CorpusCounts()
    assert list(counts.watch(corpus[:2], "sc")) == corpus[:2]
    assert counts.rows()[3:] == [
        *(("spans", "0"), ("relations", "6"), ("  in", "4"), ("  of", "2")),
    ]
    counts.add(corpus[2], "sc")
    assert ("relations", "6, not annotated in 1 documents") in counts.rows()


def test_labels_of_documents_are_counted_where_there_are_any() -> None:
    counts = CorpusCounts()
    for cats in ({"x": 1.0, "y": 0.0}, {"x": 0.5, "y": 0.49}, {}):
        one = doc(2)
        one.cats = cats
        counts.add(one, "sc")
    rows = [("labels of documents", "2, not annotated in 1 documents"), ("  x", "2")]
    assert counts.rows()[4:] == rows


def test_documents_without_the_key_are_not_annotated_and_no_docs_count_nothing() -> None:
    counts = CorpusCounts()
    counts.add(doc(2, labels="A"), "other")
    assert counts.rows()[-1] == ("spans", "not annotated")
    counts.add(doc(2, labels="A"), "sc")
    assert counts.rows()[-2:] == [("spans", "1, not annotated in 1 documents"), ("  A", "1")]
    assert CorpusCounts().rows() == [
        *(("documents", "0"), ("sentences", "0"), ("words", "0"), ("spans", "0")),
    ]
