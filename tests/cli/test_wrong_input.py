"""Wrong input by mistake: one line that names it and says how to mend it, and no traceback."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from spacy_spanbert.cli import app

TEXT = json.dumps({"text": "Ann left.", "label": "people"})
SPANS = json.dumps({"text": "Ann left.", "spans": [{"start": 0, "end": 3, "label": "PER"}]})


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, words)))


def text_of(result: Result) -> str:
    return " ".join(result.output.split())


def assert_teaches(result: Result, *parts: str) -> None:
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    for part in parts:
        assert part in text_of(result)


@pytest.mark.parametrize("labelled", ["--texts", "--pairs"])
@pytest.mark.parametrize(
    "option",
    [
        ["--to", "jsonl"],
        ["--from", "spacy"],
        ["--spans-key", "sc"],
        ["--group", "doc_id"],
        ["--docs-per-file", "1"],
        ["--retokenize"],
        ["--overwrite"],
    ],
)
def test_options_of_spans_are_refused_for_labelled_texts(tmp_path, labelled, option):
    (tmp_path / "a.jsonl").write_text(TEXT, "utf8")
    result = run("convert", tmp_path / "a.jsonl", tmp_path / "a.spacy", labelled, *option)
    assert_teaches(result, f"{labelled} does not go with {option[0]}, ", "leave it out")
    assert not (tmp_path / "a.spacy").exists()


def test_all_options_that_would_be_ignored_are_named(tmp_path):
    words = ["--texts", "--to", "jsonl", "--overwrite"]
    result = run("convert", tmp_path / "a.jsonl", tmp_path / "a.spacy", *words)
    assert_teaches(result, "does not go with --to, --overwrite", "leave them out")


@pytest.mark.parametrize("options", [[], ["--texts"], ["--on-error", "stop"]])
def test_the_problems_are_listed_when_the_command_fails_because_of_them(tmp_path, options):
    (tmp_path / "a.jsonl").write_text("broken\n", "utf8")
    listing = tmp_path / "problems.txt"
    words = [*options, "--problems-file", listing]
    result = run("convert", tmp_path / "a.jsonl", tmp_path / "a.spacy", *words)
    assert_teaches(result, "a.jsonl:1: Expected one JSON object a line")
    (line,) = listing.read_text("utf8").splitlines()
    assert line.startswith(f"{tmp_path}/a.jsonl:1: Expected one JSON object a line")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "problems.txt"]


def test_a_list_of_problems_stays_when_another_command_fails_before_it_reads(tmp_path):
    listing = tmp_path / "problems.txt"
    listing.write_text("of before\n", "utf8")
    words = ["--problems-file", listing]
    assert_teaches(run("convert", tmp_path / "no.jsonl", tmp_path / "a.spacy", *words), "no.jsonl")
    assert listing.read_text("utf8") == "of before\n"


@pytest.mark.parametrize(("n_bad", "expected"), [(1, "1 problem:"), (2, "2 problems:")])
def test_one_problem_is_not_many(tmp_path, n_bad, expected):
    (tmp_path / "a.jsonl").write_text(f"{SPANS}\n" + "broken\n" * n_bad, "utf8")
    result = run("convert", tmp_path / "a.jsonl", tmp_path / "a.spacy")
    assert result.exit_code == 0
    assert expected in text_of(result)
