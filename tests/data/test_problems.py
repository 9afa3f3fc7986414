import pytest

from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems
from spacy_spanbert.errors import SpanbertError


def test_a_problem_prints_as_one_line_with_its_place() -> None:
    problem = Problem("bad span", "Two\nlines.", Place("a.jsonl", line=3, doc_id="x"))
    assert str(problem) == "a.jsonl:3, document 'x': Two lines."
    assert str(Problem("k", "m", Place("a.spacy", doc_index=2))) == "a.spacy, document 2: m"
    assert str(Problem("k", "m")) == "m"


def test_skipping_counts_all_and_keeps_the_first_few_of_each_kind() -> None:
    problems = Problems(n_examples=2)
    assert not problems
    for i in range(1000):
        problems.add("often", f"number {i}")
    problems.add("once", "alone")
    assert len(problems) == 1001
    assert problems.counts == {"often": 1000, "once": 1}
    assert [problem.message for problem in problems.examples["often"]] == ["number 0", "number 1"]
    assert list(problems.summary()) == [
        "often: 1,000",
        "  number 0",
        "  number 1",
        "  ... and 998 more",
        "once: 1",
        "  alone",
    ]


def test_raising_stops_at_the_first_problem_and_names_the_place() -> None:
    problems = Problems("stop")
    with pytest.raises(CorpusError, match=r"^f:1: broken$") as caught:
        problems.add("bad JSON", "broken", Place("f", line=1))
    assert caught.value.problem.kind == "bad JSON"
    assert isinstance(caught.value, SpanbertError)


def test_a_note_never_raises_but_counts() -> None:
    problems = Problems("stop")
    problems.note("left out", "on purpose")
    assert problems.counts == {"left out": 1}


def test_every_problem_is_passed_on() -> None:
    seen: list[str] = []
    problems = Problems(n_examples=1, on_problem=lambda problem: seen.append(problem.message))
    problems.add("a", "1")
    problems.add("a", "2")
    assert seen == ["1", "2"]


def test_an_unknown_way_to_handle_errors_is_refused() -> None:
    with pytest.raises(SpanbertError, match="--on-error is skip or stop"):
        Problems("ignore")  # type: ignore[arg-type]
