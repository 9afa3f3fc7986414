from typing import Any

import pytest

from spacy_spanbert.data.json_spans import check_characters, parse_spans
from spacy_spanbert.data.problems import CorpusError, Place, Problems
from spacy_spanbert.data.records import RecordSpan


def parse(raw: dict[str, Any], length: int = 5) -> list[RecordSpan | None]:
    return parse_spans(raw, length, "words", Place("f", line=1), Problems("stop"))


@pytest.mark.parametrize(
    "raw",
    [
        {"spans": [{"start": 0, "end": 5, "label": "A", "other": [1]}]},
        {"spans": [[0, 5, "A"]]},
        {"entities": [[0, 5, "A"]], "label": "not a list"},
        {"entities": [{"id": 1, "start_offset": 0, "end_offset": 5, "label": "A"}]},
        {"label": [[0, 5, "A"]]},
        {"labels": [[0, 5, "A"]]},
    ],
)
def test_the_spellings_of_the_tools_are_read(raw: dict[str, Any]) -> None:
    assert parse(raw) == [RecordSpan(0, 5, "A")]


@pytest.mark.parametrize("raw", [{}, {"spans": []}, {"spans": None}, {"label": "positive"}])
def test_a_record_may_have_no_spans(raw: dict[str, Any]) -> None:
    assert parse(raw) == []


def test_scores_stand_in_the_spans_or_beside_them() -> None:
    span = {"start": 0, "end": 1, "label": "A"}
    assert parse({"spans": [{**span, "score": 0.5}, span]}) == [
        RecordSpan(0, 1, "A", 0.5),
        RecordSpan(0, 1, "A"),
    ]
    assert parse({"spans": [span], "scores": [1]}) == [RecordSpan(0, 1, "A", 1.0)]


@pytest.mark.parametrize(
    ("span", "message"),
    [
        ({"start": 0, "end": 6, "label": "A"}, "out of range: the record has 5 words"),
        ({"start": -1, "end": 2, "label": "A"}, "out of range"),
        ({"start": 3, "end": 3, "label": "A"}, r"end \(3, exclusive\) is not behind its start"),
        ({"start": 3, "end": 1, "label": "A"}, "not behind its start"),
        ({"start": "0", "end": 1, "label": "A"}, "whole number of words as start, not '0'"),
        ({"start": 0, "end": 1.0, "label": "A"}, "as end, not 1.0"),
        ({"start": 0, "end": True, "label": "A"}, "as end, not True"),
        ({"start": 0, "label": "A"}, "as end, not None"),
        ({"start": 0, "end": 1}, "string as label, not None"),
        ({"start": 0, "end": 1, "label": 7}, "string as label, not 7"),
        ({"start": 0, "end": 1, "label": "\ud800"}, "surrogate"),
        ({"start": 0, "end": 1, "label": "A", "score": "high"}, "number as score, not 'high'"),
        ({"start": 0, "end": 1, "label": "A", "score": float("nan")}, "number as score"),
        ([0, 1], r"Expected an object or a list \[start, end, label\]"),
        ("0-1", "Expected an object"),
    ],
)
def test_a_bad_span_is_reported_and_only_it_is_left_out(span: Any, message: str) -> None:
    with pytest.raises(CorpusError, match=rf"^f:1: .*{message}.* The span is "):
        parse({"spans": [span]})
    problems = Problems()
    raw = {"spans": [[0, 1, "A"], span, [1, 2, "B"]]}
    found = parse_spans(raw, 5, "words", Place(), problems)
    assert found == [RecordSpan(0, 1, "A"), None, RecordSpan(1, 2, "B")]
    assert problems.counts == {"bad span": 1}


def test_spans_that_are_no_list_are_reported() -> None:
    with pytest.raises(CorpusError, match='"spans" is a list, not'):
        parse({"spans": {"start": 0}})


def test_half_a_surrogate_pair_is_no_text() -> None:
    check_characters("👩")
    with pytest.raises(ValueError, match="surrogate"):
        check_characters("\ud83d")
