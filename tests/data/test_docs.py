from dataclasses import replace

import numpy
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span, SpanGroup

from spacy_spanbert.data.docs import get_spans, make_doc, make_docs, sent_starts_of, set_spans
from spacy_spanbert.data.problems import CorpusError, Place, Problems
from spacy_spanbert.data.records import Record, RecordSpan, join_words
from tests.data.strategies import spans_of

NLP = spacy.blank("en")


def record(words: str, *spans: tuple[int, int, str], doc_id: str | None = None) -> Record:
    split = words.split()
    spaces = [True] * (len(split) - 1) + [False] * bool(split)
    return Record(
        text=join_words(split, spaces),
        words=split,
        spaces=spaces,
        spans=[RecordSpan(*span) for span in spans],
        place=Place("f", line=1),
        user_data={} if doc_id is None else {"doc_id": doc_id},
    )


def test_a_record_becomes_a_doc_with_its_own_words() -> None:
    one = record("PHA -activated cells", (0, 3, "cell"), (0, 1, "protein"), doc_id="x")
    doc = make_doc(one, NLP, "other", Problems("stop"))
    assert [token.text for token in doc] == ["PHA", "-activated", "cells"]
    assert spans_of(doc, "other") == [(0, 3, "cell"), (0, 1, "protein")]
    assert doc.user_data == {"doc_id": "x"}
    assert not doc.has_annotation("SENT_START")


@pytest.mark.parametrize("words", ["", "no spans here"])
def test_the_key_is_set_without_spans_too(words: str) -> None:
    doc = make_doc(record(words), NLP, "sc", Problems("stop"))
    assert doc.text == words
    assert "sc" in doc.spans
    assert len(doc.spans["sc"]) == 0


def test_a_record_without_annotation_leaves_the_key_out_and_its_document_does_not() -> None:
    unknown = replace(record("A b", doc_id="1"), is_annotated=False)
    doc = make_doc(unknown, NLP, "sc", Problems("stop"))
    assert (doc.text, dict(doc.spans)) == ("A b", {})
    known = record("C d", (0, 1, "X"), doc_id="1")
    (both,) = make_docs(
        [unknown, known], NLP, spans_key="sc", problems=Problems("stop"), group="doc_id"
    )
    assert spans_of(both) == [(2, 3, "X")]


def test_groups_are_runs_of_records_with_the_same_value() -> None:
    records = [
        record("A b .", (0, 1, "X"), doc_id="1"),
        record("C .", (0, 2, "Y"), doc_id="1"),
        record("D .", doc_id="2"),
        record("E .", doc_id="1"),
    ]
    problems = Problems()
    found = list(make_docs(records, NLP, spans_key="sc", problems=problems, group="doc_id"))
    assert problems.counts == {"document in several places": 1}
    (line,) = map(str, problems.examples["document in several places"])
    assert line.startswith("f:1: doc_id is '1' again, after records of another document: ")
    with pytest.raises(CorpusError, match="Sort the records by doc_id"):
        list(make_docs(records, NLP, spans_key="sc", problems=Problems("stop"), group="doc_id"))
    assert [doc.text for doc in found] == ["A b . C .", "D .", "E ."]
    assert [sent_starts_of(doc) for doc in found] == [[0, 3], [0], [0]]
    assert [doc.user_data["doc_id"] for doc in found] == ["1", "2", "1"]
    assert spans_of(found[0]) == [(0, 1, "X"), (3, 5, "Y")]
    assert all(doc.has_annotation("SENT_START", require_complete=True) for doc in found)


def test_records_without_the_key_stay_alone_and_are_reported() -> None:
    problems = Problems()
    found = list(
        make_docs(
            [record("A"), record("B"), record("C", doc_id="1")],
            NLP,
            spans_key="sc",
            problems=problems,
            group="doc_id",
        )
    )
    assert [doc.text for doc in found] == ["A", "B", "C"]
    assert problems.counts == {"missing key": 2}


def test_retokenizing_maps_spans_by_offset_and_reports_misfits() -> None:
    one = record("PHA activated cells", (0, 3, "cell"), (0, 1, "protein"))
    one = replace(one, words=["PHA", "-activated", "cells"], spaces=[False, True, False])
    one = replace(one, text="PHA-activated cells")
    tokenizer = spacy.blank("en")
    tokenizer.tokenizer.infix_finditer = None  # so that a hyphen does not part words
    problems = Problems()
    (doc,) = make_docs([one], tokenizer, spans_key="sc", problems=problems, retokenize=True)
    assert [token.text for token in doc] == ["PHA-activated", "cells"]
    assert spans_of(doc) == [(0, 2, "cell")]
    assert problems.counts == {"misaligned span": 1}
    message = "f:1: The span 'PHA' (protein, characters 0 to 3) does not fit the words: "
    assert str(problems.examples["misaligned span"][0]) == message + "it cuts 'PHA-activated'."


def test_retokenizing_composes_with_grouping() -> None:
    records = [
        record("NF-kappaB binds .", (0, 1, "protein"), doc_id="1"),
        record("So does NF-AT .", (2, 3, "protein"), doc_id="1"),
    ]
    (doc,) = make_docs(
        records,
        NLP,
        spans_key="sc",
        problems=Problems("stop"),
        group="doc_id",
        retokenize=True,
    )
    assert doc.text == "NF-kappaB binds . So does NF-AT ."
    assert [token.text for token in doc] == [token.text for token in NLP(doc.text)]
    assert [span.text for span in doc.spans["sc"]] == ["NF-kappaB", "NF-AT"]
    assert [sent.text for sent in doc.sents] == ["NF-kappaB binds .", "So does NF-AT ."]


@given(
    st.lists(st.sampled_from(["Mr.", "don't", "U.K.", "well-known", "(a", "b)", "."]), max_size=9)
)
def test_retokenizing_what_the_tokenizer_made_changes_nothing(words: list[str]) -> None:
    before = NLP(" ".join(words))
    before.spans["sc"] = [Span(before, i, i + 1, label="W") for i in range(len(before))]
    one = Record(
        text=before.text,
        words=[token.text for token in before],
        spaces=[bool(token.whitespace_) for token in before],
        spans=get_spans(before, "sc", Place(), Problems("stop")),
    )
    (after,) = make_docs([one], NLP, spans_key="sc", problems=Problems("stop"), retokenize=True)
    assert [token.text for token in after] == [token.text for token in before]
    assert spans_of(after) == spans_of(before)


def test_a_tokenizer_that_changes_the_text_is_refused() -> None:
    def lowering(text: str) -> Doc:
        return Doc(NLP.vocab, words=text.lower().split())

    nlp = spacy.blank("en")
    nlp.tokenizer = lowering  # type: ignore[assignment]
    one = Record(text="A b", words=None, spaces=[], spans=[], place=Place("f", line=1))
    with pytest.raises(CorpusError, match="f:1: The tokenizer changes the text"):
        make_doc(one, nlp, "sc", Problems())


def test_texts_beyond_the_limit_for_parsers_are_read() -> None:
    nlp = spacy.blank("en")
    nlp.max_length = 10
    one = Record(text="more than ten characters", words=None, spaces=[], spans=[])
    assert len(make_doc(one, nlp, "sc", Problems("stop"))) == 4


def test_scores_are_set_if_all_spans_have_one() -> None:
    doc = Doc(NLP.vocab, words=["a", "b"])
    set_spans(doc, "sc", [RecordSpan(0, 1, "A", 0.25), RecordSpan(0, 2, "B", 0.5)])
    assert doc.spans["sc"].attrs["scores"].tolist() == [0.25, 0.5]
    assert doc.spans["sc"].attrs["scores"].dtype == numpy.float32


def test_scores_of_some_spans_only_are_left_out_and_reported() -> None:
    one = record("a b")
    one = replace(one, spans=[RecordSpan(0, 1, "A", 0.25), RecordSpan(0, 2, "B")])
    problems = Problems()
    doc = make_doc(one, NLP, "sc", problems)
    assert doc.spans["sc"].attrs == {}
    assert len(doc.spans["sc"]) == 2
    assert problems.counts == {"missing score": 1}


def test_spans_without_words_and_wrong_numbers_of_scores_are_reported() -> None:
    doc = Doc(NLP.vocab, words=["a", "b"])
    spans = [Span(doc, 1, 1, label="E"), Span(doc, 0, 1, label="A")]
    doc.spans["sc"] = SpanGroup(doc, name="sc", spans=spans, attrs={"scores": [0.1]})
    problems = Problems()
    assert get_spans(doc, "sc", Place(), problems) == [RecordSpan(0, 1, "A")]
    assert problems.counts == {"empty span": 1, "missing score": 1}


def test_sentence_starts_are_unknown_until_set() -> None:
    assert sent_starts_of(Doc(NLP.vocab, words=["a", "b"])) is None
    assert sent_starts_of(Doc(NLP.vocab, words=["a", "b"], sent_starts=[True, False])) == [0]
    assert sent_starts_of(Doc(NLP.vocab, words=["a"])) == [0]
    assert sent_starts_of(Doc(NLP.vocab)) == []


@pytest.mark.parametrize("what", ["spans", "relations"])
def test_a_grouped_document_that_is_annotated_in_part_is_reported(what: str) -> None:
    known, unknown = (
        replace(record("a b", doc_id="x"), relations=[], is_annotated=True) for _ in range(2)
    )
    unknown = replace(
        unknown, **({"relations": None} if what == "relations" else {"is_annotated": False})
    )
    problems = Problems()
    list(make_docs([known, unknown], NLP, spans_key="sc", problems=problems, group="doc_id"))
    assert problems.counts == {f"document annotated in part ({what})": 1}
