import gc
import json
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

import spacy_spanbert.data.annotating as module
from spacy_spanbert.data.annotating import AnnotationCounts, Annotator
from spacy_spanbert.data.inputs import RawRecord
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems
from tests.data.ruler_pipeline import make_pipeline
from tests.data.strategies import spans_of
from tests.data.test_streaming import Alive

NLP = make_pipeline("test_fails_on_bad")


def records_of(texts: list[str]) -> list[RawRecord]:
    return [RawRecord(text, "text", Place("a.txt", line=i)) for i, text in enumerate(texts, 1)]


def run(
    texts: list[str], nlp: Language = NLP, **options: Any
) -> tuple[list[Doc], AnnotationCounts, Problems]:
    counts, problems = AnnotationCounts(), Problems()
    annotator = Annotator(nlp, "sc", **options)
    return list(annotator.annotate(records_of(texts), counts, problems)), counts, problems


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["Lord Grenville left.", "BAD", "", "Paris"])), st.integers(1, 5))
def test_every_record_is_written_or_reported_whatever_the_batches(
    texts: list[str], batch_size: int
) -> None:
    docs, counts, problems = run(texts, batch_size=batch_size)
    sound = [text for text in texts if text != "BAD"]
    assert [doc.text for doc in docs] == sound
    assert counts.n_read == len(texts)
    assert counts.n_written == len(sound)
    assert counts.n_skipped == len(problems) == texts.count("BAD")
    assert counts.n_words == sum(len(doc) for doc in docs)
    assert counts.labels["PER"] == 2 * texts.count("Lord Grenville left.")
    for doc in docs:  # annotated as without batches, and once
        alone = NLP(doc.text)
        assert spans_of(doc) == spans_of(alone)


def test_a_record_on_which_the_pipeline_fails_is_named_with_the_reason() -> None:
    docs, _, problems = run(["Paris", "BAD", "Paris"])
    assert len(docs) == 2
    (problem,) = problems.examples["pipeline fails"]
    expected = "a.txt:2: The pipeline fails on this record: IndexError: no BAD words, please"
    assert str(problem) == expected


def test_a_bad_record_stops_the_run_if_problems_raise() -> None:
    for content in ("BAD", Problem("not UTF-8", "Expected UTF-8.", Place("a.txt", line=1))):
        records = [RawRecord(content, "text", Place("a.txt", line=1))]
        annotated = Annotator(NLP, "sc").annotate(records, AnnotationCounts(), Problems("stop"))
        with pytest.raises(CorpusError, match=r"a\.txt:1: "):
            list(annotated)


def test_a_sentence_start_that_does_not_fit_is_reported_once_and_the_record_kept() -> None:
    record = {"text": "Paris BAD Paris", "sent_starts": [0, 8]}
    problems = Problems("stop")
    content = json.dumps(record).replace("BAD", "bad")
    records = [RawRecord(content, "jsonl", Place("a.jsonl", line=1))]
    (doc,) = Annotator(NLP, "sc").annotate(records, AnnotationCounts(), problems)
    assert doc.text == "Paris bad Paris"
    assert problems.counts == {"sentence start inside a word": 1}


@pytest.mark.parametrize("n_process", [1, 2])
def test_documents_that_a_component_loses_are_reported(n_process: int) -> None:
    nlp = make_pipeline("test_loses")
    docs, counts, problems = run(["Paris", "Lord Grenville"], nlp, n_process=n_process)
    assert [doc.text for doc in docs] == ["Lord Grenville"]
    assert counts.n_skipped == 1
    assert list(problems.counts) == ["pipeline fails"]
    assert "a.txt:1" in str(problems.examples["pipeline fails"][0])


def test_documents_without_spans_under_the_key_get_none_and_are_counted() -> None:
    docs, counts, _ = run(["Paris"], make_pipeline(spans_key="other"))
    assert len(docs[0].spans["sc"]) == 0
    assert counts.n_without_key == 1


class Batches:
    """A component that notes in which batches it was called."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, doc: Doc) -> Doc:
        raise AssertionError("only pipe is called")

    def pipe(self, stream: Iterator[Doc], batch_size: int) -> Iterator[Doc]:
        docs = list(stream)
        self.sizes.append(len(docs))
        assert batch_size >= len(docs)
        yield from docs


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> tuple[Language, Batches]:
    nlp, component = spacy.blank("en"), Batches()
    Language.component("test_batches", func=lambda doc: doc)
    nlp.add_pipe("test_batches")
    nlp._components[0] = ("test_batches", component)
    return nlp, component


def test_batches_end_with_their_size_or_with_many_characters(
    monkeypatch: pytest.MonkeyPatch, batches: tuple[Language, Batches]
) -> None:
    monkeypatch.setattr(module, "BATCH_CHARACTERS", 10)
    nlp, component = batches
    run(["a", "b", "c", "d", "x" * 9, "e", "f" * 50, "g"], nlp, batch_size=3)
    assert component.sizes == [3, 2, 2, 1]


def test_several_processes_give_what_one_gives() -> None:
    texts = ["Lord Grenville went to Paris.", "BAD", "", "Paris."] * 5
    one, two = (run(texts, n_process=n, batch_size=4) for n in (1, 2))
    assert [doc.to_json() for doc in one[0]] == [doc.to_json() for doc in two[0]]
    assert one[1] == two[1]
    assert one[2].counts == two[2].counts


def test_a_doc_is_told_when_it_is_done() -> None:
    seen: list[str] = []
    run(["Paris", "BAD", "a"], on_doc=lambda doc: seen.append(doc.text))
    assert seen == ["Paris", "a"]


@pytest.mark.parametrize("texts", [["Paris"] * 60, ["Paris", "BAD"] * 30])
def test_no_more_docs_than_a_batch_are_alive(texts: list[str]) -> None:
    gc.collect()
    alive = Alive()
    annotator = Annotator(NLP, "sc", batch_size=5)
    docs = annotator.annotate(records_of(texts), AnnotationCounts(), Problems())
    n_docs = sum(1 for _ in alive.watch(docs))
    assert n_docs == texts.count("Paris")
    assert alive.most <= 5


def test_docs_are_made_when_their_batch_comes() -> None:
    """So the records of a corpus are never all tokenized at once."""
    made: list[Any] = []

    def count(make: Callable[[str], Doc]) -> Callable[[str], Doc]:
        def tokenize(text: str) -> Doc:
            doc = make(text)
            made.append(weakref.ref(doc))
            return doc

        return tokenize

    nlp = make_pipeline()
    nlp.tokenizer = count(nlp.tokenizer)
    docs = Annotator(nlp, "sc", batch_size=5).annotate(
        records_of(["Paris"] * 60), AnnotationCounts(), Problems()
    )
    for i in range(60):
        assert next(docs).text == "Paris"
        assert len(made) == 5 * (i // 5 + 1)
        assert sum(one() is not None for one in made) <= 5
    assert list(docs) == []


def test_no_records_give_no_docs() -> None:
    docs, counts, problems = run([])
    assert (docs, counts, len(problems)) == ([], AnnotationCounts(), 0)


def test_counts_are_added_up() -> None:
    counts = AnnotationCounts()
    for texts in (["Paris", "BAD"], ["Lord Grenville"]):
        counts += run(texts)[1]
    assert (counts.n_read, counts.n_written, counts.n_skipped, counts.n_words) == (3, 2, 1, 3)
    assert counts.labels == {"LOC": 1, "PER": 2}
