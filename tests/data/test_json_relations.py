"""Relations of JSONL records: the spellings that are read, and what is said of the others."""

import json
from pathlib import Path
from typing import Any

import pytest

from spacy_spanbert.data.json_relations import short_score
from spacy_spanbert.data.jsonl import read_jsonl
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.records import Record, RecordRelation, RecordSpan

TEXT = "Ann works for Acme."
ANN, ACME = RecordSpan(0, 1, "PER"), RecordSpan(3, 4, "ORG")
IN_WORDS = {
    "doc_id": "d",
    "tokens": ["Ann", "works", "for", "Acme", "."],
    "spaces": [True, True, True, False, False],
    "spans": [{"start": 0, "end": 1, "label": "PER"}, {"start": 3, "end": 4, "label": "ORG"}],
}
IN_CHARACTERS = {
    "text": TEXT,
    "entities": [
        {"id": 70, "start_offset": 0, "end_offset": 3, "label": "PER"},
        {"id": 71, "start_offset": 14, "end_offset": 18, "label": "ORG"},
    ],
}


def read(path: Path, record: Any, problems: Problems | None = None) -> Record:
    path.write_text(json.dumps(record))
    (found,) = read_jsonl(path, Problems("stop") if problems is None else problems)
    return found


def words_of(text: str) -> list[dict[str, Any]]:
    """Prodigy's tokens of a text of words and a full stop."""
    return [{"text": word} for word in text.replace(".", " .").split()]


def test_arguments_are_positions_in_the_spans(tmp_path: Path) -> None:
    relations = [
        {"head": 0, "tail": 1, "label": "Work_For"},
        {"head": 1, "tail": 0, "label": "has", "score": 0.5},
        {"head": 1, "tail": 1, "label": "is"},
    ]
    record = read(tmp_path / "a.jsonl", {**IN_WORDS, "relations": relations})
    assert record.relations == [
        RecordRelation(ANN, ACME, "Work_For"),
        RecordRelation(ACME, ANN, "has", 0.5),
        RecordRelation(ACME, ACME, "is"),
    ]


def test_no_list_is_no_annotation_and_an_empty_one_says_that_there_are_none(
    tmp_path: Path,
) -> None:
    assert read(tmp_path / "a.jsonl", IN_WORDS).relations is None
    assert read(tmp_path / "a.jsonl", {**IN_WORDS, "relations": None}).relations is None
    assert read(tmp_path / "a.jsonl", {**IN_WORDS, "relations": []}).relations == []


def test_doccanos_relations_name_entities_by_their_ids(tmp_path: Path) -> None:
    relations = [{"id": 0, "from_id": 71, "to_id": 70, "type": "employs"}]
    record = read(tmp_path / "a.jsonl", {**IN_CHARACTERS, "relations": relations})
    head, tail = RecordSpan(14, 18, "ORG"), RecordSpan(0, 3, "PER")
    assert record.words is None
    assert record.relations == [RecordRelation(head, tail, "employs")]


def test_an_id_that_stands_twice_names_neither(tmp_path: Path) -> None:
    problems = Problems()
    entities = [{**entity, "id": 70} for entity in IN_CHARACTERS["entities"]]
    relations = [{"from_id": 70, "to_id": 70, "type": "employs"}]
    raw = {**IN_CHARACTERS, "entities": entities, "relations": relations}
    record = read(tmp_path / "a.jsonl", raw, problems)
    assert record.relations == []
    assert problems.counts == {"relation without argument": 1}


PRODIGY = {
    "text": TEXT,
    "tokens": words_of(TEXT),
    "spans": [],
    "relations": [
        {
            **{"head": 0, "child": 3, "label": "Work_For", "color": "#96e8ce"},
            "head_span": {"start": 0, "end": 3, "token_start": 0, "token_end": 0, "label": "PER"},
            "child_span": {"start": 14, "end": 18, "token_start": 3, "token_end": 3, "label": None},
        }
    ],
}


def test_prodigys_relations_bring_their_arguments_with_them(tmp_path: Path) -> None:
    record = read(tmp_path / "a.jsonl", PRODIGY)
    assert record.words == ["Ann", "works", "for", "Acme", "."]
    assert record.spans == []
    assert record.relations == [RecordRelation(ANN, RecordSpan(3, 4, ""), "Work_For")]
    untokenized = {key: value for key, value in PRODIGY.items() if key != "tokens"}
    record = read(tmp_path / "a.jsonl", untokenized)
    assert record.relations == [
        RecordRelation(RecordSpan(0, 3, "PER"), RecordSpan(14, 18, ""), "Work_For")
    ]


def test_prodigys_arguments_that_do_not_fit_its_tokens_are_reported(tmp_path: Path) -> None:
    (relation,) = PRODIGY["relations"]  # type: ignore[misc]
    bad = {**relation, "child_span": {"start": 14, "end": 17, "label": "ORG"}}  # type: ignore
    problems = Problems()
    record = read(tmp_path / "a.jsonl", {**PRODIGY, "relations": [bad]}, problems)
    assert record.relations == []
    assert [str(problem) for problem in problems.examples["relation without argument"]] == [
        f"{tmp_path / 'a.jsonl'}:1: The relation 'Work_For' from 'Ann' to 'Acm' is left out: "
        "its tail does not fit the words."
    ]


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ({"head": 0, "tail": 2, "label": "X"}, "tail is span 2, but the record has 2, from 0"),
        ({"head": -1, "tail": 1, "label": "X"}, "head is span -1, but the record has 2"),
        ({"head": "0", "tail": 1, "label": "X"}, "position in the list of spans as head, not '0'"),
        ({"head": 0, "tail": True, "label": "X"}, "position in the list of spans as tail, not Tru"),
        ({"head": 0, "label": "X"}, "as tail, not None"),
        ({"head": 0, "child": 1, "label": "X"}, 'Expected "head_span" and "child_span" beside'),
        ({"head_span": {"start": 0, "end": 1}, "label": "X"}, "a span as child_span, not None"),
        ({"from_id": 3, "to_id": 4, "type": "X"}, "id of one of the record's spans as from_id, no"),
        ({"from_id": [], "to_id": 4, "type": "X"}, r"as from_id, not \[\]"),
        ({"head": 0, "tail": 1}, "a string that is not empty as label, not None"),
        ({"head": 0, "tail": 1, "label": ""}, "a string that is not empty as label, not ''"),
        ({"head": 0, "tail": 1, "label": 7}, "as label, not 7"),
        ({"head": 0, "tail": 1, "label": "\ud800"}, "surrogate"),
        ({"head": 0, "tail": 1, "label": "X", "score": "no"}, "Expected a number as score"),
        ({"head": 0, "tail": 1, "label": "X", "score": 5.2}, "Expected a probability, 0 to 1, as"),
        ([0, 1, "X"], "Expected an object with head, tail and label"),
    ],
)
def test_a_bad_relation_is_named_by_file_line_and_document_and_only_it_is_left_out(
    tmp_path: Path, relation: Any, message: str
) -> None:
    good = {"head": 0, "tail": 1, "label": "good"}
    record = {**IN_WORDS, "relations": [good, relation, good]}
    with pytest.raises(CorpusError, match=rf"a\.jsonl:1, document 'd': .*{message}.* The relation"):
        read(tmp_path / "a.jsonl", record)
    problems = Problems()
    assert len(read(tmp_path / "a.jsonl", record, problems).relations or []) == 2
    assert problems.counts == {"bad relation": 1}


def test_relations_that_are_no_list_are_reported_and_not_known(tmp_path: Path) -> None:
    problems = Problems()
    assert read(tmp_path / "a.jsonl", {**IN_WORDS, "relations": {}}, problems).relations is None
    assert problems.counts == {"bad relation": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"relations": [{"head": 0, "tail": 1, "label": "X"}]}, "Its tail, span 1, cannot be used"),
        (
            {"relations": [{"from_id": "b", "to_id": "a", "type": "X"}]},
            "Its from_id, the span with the id 'b', cannot be used",
        ),
        (
            {
                "relations": [
                    {
                        "head_span": {"start": 9, "end": 10, "label": "X"},
                        "child_span": {"start": 0, "end": 1, "label": "X"},
                        "label": "X",
                    }
                ]
            },
            "Its head_span cannot be used: It is out of range: the record has 5 words",
        ),
    ],
)
def test_a_relation_with_a_bad_span_is_reported_and_the_positions_of_others_hold(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    spans = [
        {"id": "a", "start": 0, "end": 1, "label": "PER"},
        {"id": "b", "start": 2, "end": 9, "label": "bad"},
        {"id": "c", "start": 3, "end": 4, "label": "ORG"},
    ]
    good = {"head": 0, "tail": 2, "label": "good"}
    record = {**IN_WORDS, "spans": spans, "relations": [good, *change["relations"]]}
    problems = Problems()
    found = read(tmp_path / "a.jsonl", record, problems)
    assert found.spans == [ANN, ACME]
    assert found.relations == [RecordRelation(ANN, ACME, "good")]
    assert problems.counts == {"bad span": 1, "relation without argument": 1}
    assert message in str(problems.examples["relation without argument"][0])


def test_scores_are_written_with_the_digits_of_float32() -> None:
    assert short_score(0.8999999761581421) == 0.9
    assert short_score(1 / 3) == 0.33333334
