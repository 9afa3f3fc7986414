"""Reading: `json_records.py` is tested through the lines of a file."""

import json
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.tokens import Doc, Span, SpanGroup

from spacy_spanbert.annotations.pair import make_pair, segments
from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.data.docs import make_docs
from spacy_spanbert.data.jsonl import doc_to_json, read_jsonl, write_jsonl
from spacy_spanbert.data.labelled import read_labelled
from spacy_spanbert.data.problems import CorpusError, Place, Problems
from spacy_spanbert.data.read import read_docs
from spacy_spanbert.data.records import Record, RecordSpan

NLP = spacy.blank("en")
RECORD = {
    "doc_id": "d",
    "sent_id": 3,
    "text": "Don't go.",
    "tokens": ["Do", "n't", "go", "."],
    "spaces": [False, True, False, False],
    "spans": [{"start": 0, "end": 2, "label": "AUX"}],
}


def read(path: Path, *lines: Any, problems: Problems | None = None) -> list[Record]:
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    )
    return list(read_jsonl(path, Problems("stop") if problems is None else problems))


def test_a_record_is_read_with_its_words_and_spans(tmp_path: Path) -> None:
    (record,) = read(tmp_path / "a.jsonl", RECORD)
    assert record == Record(
        text="Don't go.",
        words=["Do", "n't", "go", "."],
        spaces=[False, True, False, False],
        spans=[RecordSpan(0, 2, "AUX")],
        place=Place(str(tmp_path / "a.jsonl"), line=1, doc_id="d"),
        user_data={"doc_id": "d", "sent_id": 3},
    )


def test_an_empty_file_and_blank_lines_give_no_records(tmp_path: Path) -> None:
    assert read(tmp_path / "a.jsonl") == []
    assert read(tmp_path / "a.jsonl", "", " \t\r", "") == []
    assert len(read(tmp_path / "a.jsonl", "", RECORD, "", RECORD, "")) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text": "Dont go."}, r"do not give \"text\": from character 3 on they give .*'t go"),
        ({"text": "Don't go. "}, r"from character 9 on they give '', the text has ' '"),
        ({"text": 7}, 'Expected "text" .* It has 7 as text'),
        ({"spaces": [True]}, r'"tokens" has 4 words, but "spaces" 1 values'),
        ({"spaces": "no"}, r'"spaces" no list of values'),
        ({"tokens": "Do n't"}, '"tokens" is a list'),
        ({"tokens": ["Do", "", "go", "."]}, "token 1 is ''"),
        ({"tokens": ["Do", 7, "go", "."]}, "token 1 is 7"),
        ({"sent_starts": [0, 4]}, r"positions below 4, not \[0, 4\]"),
        ({"sent_starts": True}, "sent_starts"),
        ({"tags": ["X"]}, "one string for each of the 4 words"),
        ({"tags": [1, 2, 3, 4]}, "one string for each"),
        ({"pos": ["X"]}, '"pos" has one string for each of the 4 words'),
        ({"pos": ["AUX", "PART", "VBZ", "PUNCT"]}, "Universal Dependencies.* word 2 is 'VBZ'"),
        ({"text_a": "Don't"}, 'A pair has "text_a" and "text_b", but of "text_b" it is missing'),
        ({"text_a": "Don't", "text_b": 7}, 'of "text_b" it is 7'),
        ({"text_a": "Don't", "text_b": "now."}, "do not give the text .* are \"Don't\" and 'now.'"),
        ({"text_a": "Don't g", "text_b": "o."}, "do not give the text of the record"),
        ({"tokens": None, "text_a": "Don't", "text_b": "go", "spans": []}, "do not give the text"),
        ({"tokens": None, "text": None}, "no text; its keys: 'doc_id', 'sent_id'"),
        ({"tokens": None, "text": "half \ud800"}, "surrogate"),
        ({"tokens": [{"id": 0}]}, 'an object with its "text"'),
        ({"tokens": [{"text": "Do"}, "n't"]}, 'an object with its "text"'),
    ],
)
def test_a_bad_record_is_named_by_file_line_and_document(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    bad = {**RECORD, **change}
    with pytest.raises(CorpusError, match=rf"a\.jsonl:2, document 'd': .*{message}"):
        read(tmp_path / "a.jsonl", RECORD, bad)
    problems = Problems()
    assert len(read(tmp_path / "a.jsonl", RECORD, bad, RECORD, problems=problems)) == 2
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a", }', "Expected one JSON object a line: .* at character 15, before '}'"),
        ('{"text": "a"', "Expected one JSON object a line"),
        ('{"text": "a"} {"text": "b"}', "Extra data at character 15"),
        ('["a", "b"]', "Expected an object"),
        ("7", "Expected an object"),
        ("1" * 5000, "Expected one JSON object a line"),
        ("[" * 100_000, "Expected one JSON object a line"),
    ],
)
def test_a_bad_line_is_named_by_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(CorpusError, match=rf"a\.jsonl:2: .*{message}"):
        read(tmp_path / "a.jsonl", RECORD, line)
    problems = Problems()
    assert len(read(tmp_path / "a.jsonl", RECORD, line, RECORD, problems=problems)) == 2
    assert len(problems) == 1


def test_spaces_are_told_from_the_text_or_taken_for_single_ones(tmp_path: Path) -> None:
    record = {"tokens": ["a", "-", "b"], "text": "a- b"}
    (with_text,) = read(tmp_path / "a.jsonl", record)
    assert with_text.spaces == [False, True, False]
    (without,) = read(tmp_path / "a.jsonl", {"tokens": ["a", "b"]})
    assert without.text == "a b "
    with pytest.raises(CorpusError, match="do not give"):
        read(tmp_path / "a.jsonl", {**record, "text": "a  - b"})


def test_a_record_of_a_tool_has_spans_in_characters(tmp_path: Path) -> None:
    (record,) = read(tmp_path / "a.jsonl", {"text": "a bc", "label": [[2, 4, "X"]]})
    assert record.words is None
    assert record.spans == [RecordSpan(2, 4, "X")]
    with pytest.raises(CorpusError, match="has 4 characters"):
        read(tmp_path / "a.jsonl", {"text": "a bc", "label": [[2, 5, "X"]]})


PRODIGY = {
    "text": "a  bc.",
    "tokens": [
        {"text": "a", "start": 0, "end": 1, "id": 0, "ws": True},
        {"text": " ", "start": 2, "end": 3, "id": 1, "ws": False},
        {"text": "bc", "start": 3, "end": 5, "id": 2, "ws": False},
        {"text": ".", "start": 5, "end": 6, "id": 3, "ws": False},
    ],
    "spans": [{"start": 3, "end": 6, "token_start": 2, "token_end": 3, "label": "X"}],
    "answer": "accept",
    "_input_hash": 7,
}


def test_prodigys_spans_are_put_on_its_tokens(tmp_path: Path) -> None:
    (record,) = read(tmp_path / "a.jsonl", PRODIGY)
    assert record.words == ["a", " ", "bc", "."]
    assert record.text == "a  bc."
    assert record.spans == [RecordSpan(2, 4, "X")]
    assert record.user_data == {}


def test_prodigys_spans_that_do_not_fit_its_tokens_are_reported(tmp_path: Path) -> None:
    bad = {**PRODIGY, "spans": [{"start": 4, "end": 6, "label": "X"}]}
    with pytest.raises(CorpusError, match=r"'c\.' \(X, characters 4 to 6\) does not fit"):
        read(tmp_path / "a.jsonl", bad)


def test_prodigys_tokens_that_leave_out_text_are_not_used(tmp_path: Path) -> None:
    tokens = [token for token in PRODIGY["tokens"] if token["text"] != " "]  # type: ignore
    (record,) = read(tmp_path / "a.jsonl", {**PRODIGY, "tokens": tokens})
    assert record.words is None
    assert record.spans == [RecordSpan(3, 6, "X")]


@pytest.mark.parametrize("answer", ["reject", "ignore"])
def test_answers_that_were_not_accepted_are_left_out_and_noted(tmp_path: Path, answer: str) -> None:
    problems = Problems("stop")
    lines = [{**PRODIGY, "answer": answer}, PRODIGY]
    assert len(read(tmp_path / "a.jsonl", *lines, problems=problems)) == 1
    assert problems.counts == {"answer not accepted": 1}


def test_plain_values_are_kept_and_positions_and_private_keys_are_not(tmp_path: Path) -> None:
    extra = {"source": "web", "year": 1900, "draft": False, "paragraph_starts": [0], "_hash": 1}
    (record,) = read(tmp_path / "a.jsonl", {**RECORD, **extra})
    assert record.user_data == {
        **{"doc_id": "d", "sent_id": 3},
        **{"source": "web", "year": 1900, "draft": False},
    }


def test_tags_and_sentence_starts_are_read(tmp_path: Path) -> None:
    (record,) = read(
        tmp_path / "a.jsonl", {**RECORD, "tags": ["A", "B", "C", "D"], "sent_starts": [2, 0]}
    )
    (doc,) = make_docs([record], NLP, spans_key="sc", problems=Problems("stop"))
    assert [token.tag_ for token in doc] == ["A", "B", "C", "D"]
    assert [token.is_sent_start for token in doc] == [True, False, True, False]


def scored_doc() -> Doc:
    doc = Doc(NLP.vocab, words=["Ann", "Lee", "."], spaces=[True, False, False])
    spans = [Span(doc, 0, 2, label="PER"), Span(doc, 1, 2, label="PER")]
    scores = numpy.array([0.9, 1 / 3], dtype="float32")
    doc.spans["sc"] = SpanGroup(doc, name="sc", spans=spans, attrs={"scores": scores})
    return doc


def test_spans_are_written_in_words_and_characters_with_short_scores(tmp_path: Path) -> None:
    write_jsonl([scored_doc()], tmp_path / "a.jsonl", "sc", Problems("stop"))
    (line,) = (tmp_path / "a.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "text": "Ann Lee.",
        "tokens": ["Ann", "Lee", "."],
        "spaces": [True, False, False],
        "spans": [
            {"start": 0, "end": 2, "char_start": 0, "char_end": 7, "label": "PER", "score": 0.9},
            {
                **{"start": 1, "end": 2, "char_start": 4, "char_end": 7},
                **{"label": "PER", "score": 0.33333334},
            },
        ],
    }


def test_sentences_tags_and_plain_user_data_are_written() -> None:
    doc = Doc(NLP.vocab, words=["a", "b"], tags=["X", "Y"], sent_starts=[True, True])
    doc.spans["other"] = []
    doc.user_data.update({"doc_id": 7, "list": [1], ("._.", "x", None, None): 1, "text": "no"})
    record = doc_to_json(doc, "other", Place(), Problems("stop"))
    assert record == {
        **{"doc_id": 7, "text": "a b ", "tokens": ["a", "b"], "spaces": [True, True]},
        **{"sent_starts": [0, 1], "tags": ["X", "Y"], "spans": []},
    }


def test_a_pair_is_written_with_both_texts_and_labels_and_read_by_all_readers(
    tmp_path: Path,
) -> None:
    nlp = spacy.blank("en")
    docs = [make_pair(nlp, "Ann left. ", "It rained."), make_pair(nlp, "", "b")]
    docs[0].cats = {"yes": float(numpy.float32(0.9)), "no": 0.1}
    problems = Problems("stop")
    write_jsonl(docs, tmp_path / "a.jsonl", "sc", problems)
    assert not problems
    first, _ = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert first == {
        **{"text": "Ann left. It rained.", "text_a": "Ann left.", "text_b": "It rained."},
        **{"tokens": ["Ann", "left", ".", "It", "rained", "."], "cats": {"yes": 0.9, "no": 0.1}},
        **{"spaces": [True, False, True, True, False, False], "sent_starts": [0, 3]},
    }
    labelled = list(read_labelled(tmp_path / "a.jsonl", problems, pairs=True))
    assert [found.texts for found in labelled] == [("Ann left.", "It rained."), ("", "b")]
    assert [found.cats for found in labelled] == [{"yes": 0.9, "no": 0.1}, None]
    for retokenize in (False, True):
        back = list(read_docs(tmp_path / "a.jsonl", nlp, retokenize=retokenize, problems=problems))
        texts = [tuple(span.text for span in segments(doc)) for doc in back]
        assert texts == [("Ann left.", "It rained."), ("", "b")]
        assert [doc.cats for doc in back] == [{"yes": 0.9, "no": 0.1}, {}]


def test_a_pair_needs_nothing_but_its_texts_and_has_positions_in_both(tmp_path: Path) -> None:
    record = {"text_a": "Ann left.", "text_b": "Bob, too", "spans": [[10, 13, "PER"]]}
    (found,) = read(tmp_path / "a.jsonl", record)
    assert (found.text, found.words) == ("Ann left. Bob, too", None)
    (doc,) = make_docs([found], NLP, spans_key="sc", problems=Problems("stop"))
    assert [span.text for span in segments(doc)] == ["Ann left.", "Bob, too"]
    assert [span.text for span in doc.spans["sc"]] == ["Bob"]
    assert found.user_data == doc.user_data == {}


def test_a_doc_of_another_task_is_not_expected_to_have_spans() -> None:
    doc, problems = Doc(NLP.vocab, words=["a"], pos=["X"]), Problems()
    assert doc_to_json(doc, "sc", Place(), problems)["pos"] == ["X"]
    assert not problems
    doc.ents = [Span(doc, 0, 1, "PER")]
    doc_to_json(doc, "sc", Place(), problems)
    assert problems.counts == {"no spans under the key": 1}


def test_pairs_and_labels_that_cannot_be_written_are_reported() -> None:
    doc, problems = make_pair(NLP, "a b", "c"), Problems()
    doc.cats = {"x": float("nan"), "y": 1.0}
    doc.spans["pair"] = [doc[0:1]]
    record = doc_to_json(doc, "sc", Place(), problems)
    assert (record["cats"], "text_a" in record) == ({"y": 1.0}, False)
    assert problems.counts == {"bad label": 1, "damaged pair": 1}


def test_relations_are_written_as_positions_in_the_spans() -> None:
    doc = scored_doc()
    lee, ann_lee = Span(doc, 1, 2, label="PER"), Span(doc, 0, 2, label="PER")
    doc._.relations = []
    assert doc_to_json(doc, "sc", Place(), Problems("stop"))["relations"] == []
    doc._.relations = [Relation(lee, ann_lee, "in")]
    record = doc_to_json(doc, "sc", Place(), Problems("stop"))
    assert record["relations"] == [{"head": 1, "tail": 0, "label": "in"}]
    doc._.relations = [Relation(lee, Span(doc, 2, 3, label="X"), "in", 0.9)]
    record = doc_to_json(doc, "sc", Place(), problems := Problems("stop"))
    assert record["relations"] == [{"head": 1, "tail": 2, "label": "in", "score": 0.9}]
    added = {"start": 2, "end": 3, "char_start": 7, "char_end": 8, "label": "X"}
    assert record["spans"][2:] == [added]
    assert problems.counts == {"argument added to the spans": 1}


def test_a_wrong_spans_key_is_reported_with_the_keys_there_are(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"document 1: .*'other'; there are: 'sc'"):
        write_jsonl([scored_doc()], tmp_path / "a.jsonl", "other", Problems("stop"))
    assert not (tmp_path / "a.jsonl").exists()
    problems = Problems()
    write_jsonl([scored_doc()], tmp_path / "a.jsonl", "other", problems)
    assert problems.counts == {"no spans under the key": 1}
