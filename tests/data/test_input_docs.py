import json
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.tokens import Doc, SpanGroup

from spacy_spanbert.annotations.relations import Relation, has_relations
from spacy_spanbert.data.docbin import read_docbin, write_docbin
from spacy_spanbert.data.input_docs import make_input_doc, write_annotated_jsonl
from spacy_spanbert.data.inputs import RawRecord
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems

NLP = spacy.blank("en")
PLACE = Place("a.jsonl", line=3)


def make(record: Any, problems: Problems | None = None) -> Doc:
    content = record if isinstance(record, str) else json.dumps(record)
    return make_input_doc(
        RawRecord(content, "jsonl", PLACE), NLP, "sc", Problems() if problems is None else problems
    )


def test_a_text_becomes_a_doc_that_says_where_it_comes_from() -> None:
    raw = RawRecord("Don't go.", "text", Place("b/a.txt", line=4), "b/a")
    doc = make_input_doc(raw, NLP, "sc", Problems())
    assert [token.text for token in doc] == ["Do", "n't", "go", "."]
    assert doc.user_data == {"doc_id": "b/a", "line": 4}
    assert "sc" not in doc.spans


def test_a_text_longer_than_spacys_limit_becomes_a_doc() -> None:
    text = "word " * (NLP.max_length // 5 + 1)
    doc = make_input_doc(RawRecord(text, "text", Place()), NLP, "sc", Problems())
    assert doc.text == text
    assert doc.user_data == {}


def test_json_with_tokens_keeps_them_and_json_with_text_is_tokenized() -> None:
    doc = make({"tokens": ["Don't", "go"], "spaces": [True, False], "sent_starts": [0, 1]})
    assert [token.text for token in doc] == ["Don't", "go"]
    assert [token.is_sent_start for token in doc] == [True, True]
    assert [token.text for token in make({"text": "Don't go"})] == ["Do", "n't", "go"]


def test_spans_that_a_record_has_are_not_taken_for_those_of_the_pipeline() -> None:
    spans = [{"start": 0, "end": 1, "label": "X"}]
    for key in ("spans", "entities", "labels"):
        doc = make({"text": "Ann left", key: spans, "answer": "reject", "scores": [1.0]})
        assert "sc" not in doc.spans
        assert doc.user_data == {}


def test_spans_are_kept_for_a_pipeline_that_is_given_them() -> None:
    problems = Problems()
    spans = [{"start": 0, "end": 3, "label": "X"}, {"start": 1, "end": 6, "label": "Y"}]
    relations = [{"head": 0, "tail": 0, "label": "is"}]
    line = json.dumps(
        {"text": "Ann left", "spans": spans, "scores": [0.5, 1], "relations": relations}
    )
    raw = RawRecord(line, "jsonl", PLACE)
    doc = make_input_doc(raw, NLP, "sc", problems, given_spans=True)
    assert [(span.text, span.label_) for span in doc.spans["sc"]] == [("Ann", "X")]
    assert doc.spans["sc"].attrs["scores"].tolist() == [0.5]
    assert problems.counts == {"misaligned span": 1}
    assert not has_relations(doc)
    assert doc.user_data == {}
    again = make_input_doc(RawRecord(doc, "spacy", Place()), NLP, "sc", problems, given_spans=True)
    assert [span.text for span in again.spans["sc"]] == ["Ann"]
    for raw in (RawRecord('{"text": "a"}', "jsonl", PLACE), RawRecord("a", "text", PLACE)):
        assert "sc" not in make_input_doc(raw, NLP, "sc", problems, given_spans=True).spans


def test_relations_that_a_record_has_are_not_taken_for_those_of_the_pipeline() -> None:
    words = {"tokens": ["Ann", "left"], "spans": [{"start": 0, "end": 1, "label": "X"}]}
    doc = make({**words, "relations": [{"head": 0, "tail": 0, "label": "is"}]})
    assert not has_relations(doc)
    doc._.relations = [Relation(doc[0:1], doc[1:2], "left")]
    problems = Problems("stop")
    again = make_input_doc(RawRecord(doc, "spacy", Place()), NLP, "sc", problems)
    assert not has_relations(again)
    assert problems.counts == {"relations left out": 1}
    assert has_relations(doc)


def test_bad_annotation_of_somebody_else_is_no_reason_to_skip_a_record() -> None:
    problems = Problems("stop")
    doc = make({"text": "Ann", "spans": [{"start": 9, "end": 1}], "relations": [3]}, problems)
    assert doc.text == "Ann"
    assert not problems


def test_other_keys_are_carried_over_whatever_their_values_are() -> None:
    extra = {"doc_id": "x", "meta": {"a": [1, None, {"b": 2.5}]}, "n": None, "list": ["ä"]}
    assert make({"text": "a", **extra, "_hash": 3}).user_data == extra


def test_values_that_no_file_can_hold_are_reported_and_left_out() -> None:
    problems = Problems("stop")
    doc = make('{"text": "a", "big": 1' + "0" * 30 + ', "half": "\\ud800", "fine": 1}', problems)
    assert doc.user_data == {"fine": 1}
    assert problems.counts == {"value left out": 2}
    assert "a.jsonl:3: The value of 'big'" in str(problems.examples["value left out"][0])


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("{", "a.jsonl:3: Expected one JSON object a line: Expecting property name"),
        ("[" * 100_000, "a.jsonl:3: Expected one JSON object a line"),
        ([1], r"a.jsonl:3: Expected an object \{...\}, not \[1\]"),
        ({"doc_id": "x"}, """a.jsonl:3, document 'x': Expected "text" .* its keys: 'doc_id'"""),
        ({"text": 7}, 'Expected "text"'),
        ({"text": "a b", "tokens": ["a"]}, '"tokens" and "spaces" do not give "text"'),
        ({"doc_id": {}, "text": None}, "a.jsonl:3: Expected"),
        ('{"text": "\\ud800"}', "surrogate"),
    ],
)
def test_records_that_are_none_say_where_and_why(record: Any, message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        make(record)


def test_a_problem_instead_of_a_record_is_raised_as_it_is() -> None:
    problem = Problem("not UTF-8", "Expected UTF-8.", PLACE)
    with pytest.raises(CorpusError, match="Expected UTF-8") as caught:
        make_input_doc(RawRecord(problem, "text", PLACE), NLP, "sc", Problems())
    assert caught.value.problem is problem


def test_a_doc_is_copied_without_the_spans_that_the_pipeline_is_to_write() -> None:
    doc = NLP("Ann left")
    doc.spans["sc"] = [doc[0:1]]
    attrs = {"scores": numpy.ones(1, dtype="float32")}
    doc.spans["other"] = SpanGroup(doc, name="other", spans=[doc[0:2]], attrs=attrs)
    doc.user_data["doc_id"] = "x"
    raw = RawRecord(doc, "spacy", Place("a.spacy", doc_index=1))
    one, two = (make_input_doc(raw, NLP, "sc", Problems()) for _ in range(2))
    one.spans["sc"] = [one[1:2]]
    one.user_data["doc_id"] = "y"
    assert list(two.spans) == ["other"]
    assert two.spans["other"].attrs["scores"].tolist() == [1.0]
    assert two.user_data == {"doc_id": "x"}
    assert [span.start for span in doc.spans["sc"]] == [0]


def test_jsonl_holds_all_that_the_record_said_also_after_a_spacy_file(tmp_path: Path) -> None:
    record = {"doc_id": 7, "meta": {"a": [1, None]}, "text": "Ann left", "n": None, "b": [[1]]}
    doc = make(record)
    doc.spans["sc"] = SpanGroup(doc, name="sc", spans=[doc[0:1]], attrs={"scores": [0.5]})
    doc.user_data["_private"] = doc.user_data["answer"] = 1
    doc.user_data["code"] = doc.user_data["not json"] = b"bytes"
    doc.user_data[("._.", "extension", None, None)] = 1
    write_docbin([doc], tmp_path / "a.spacy")
    docs = read_docbin(tmp_path / "a.spacy", spacy.blank("en").vocab)
    write_annotated_jsonl(docs, tmp_path / "b.jsonl", "sc", Problems("stop"))
    (line,) = (tmp_path / "b.jsonl").read_text().splitlines()
    span = {"start": 0, "end": 1, "char_start": 0, "char_end": 3, "label": "", "score": 0.5}
    words = {"tokens": ["Ann", "left"], "spaces": [True, False], "spans": [span]}
    assert json.loads(line) == {**record, **words}
