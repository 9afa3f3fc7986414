"""Wrong input by mistake: one line that names it and says how to mend it, and no traceback."""

import json
from pathlib import Path

import pytest
import spacy
from click.testing import Result
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_spanbert.cli import app
from tests.finder_pipeline import make_finder
from tests.tiny_pipeline import make_nlp

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


@pytest.fixture(scope="module")
def pipeline(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pipeline of spans that has learned nothing."""
    folder = tmp_path_factory.mktemp("pipelines") / "nlp"
    make_nlp(tiny_bert).to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def finder(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipelines") / "finder"
    make_finder(tiny_bert).to_disk(folder)
    return folder


def write_damaged(folder: Path, kind: str) -> Path:
    path = folder / "gold.spacy"
    whole = DocBin(docs=[spacy.blank("en")("Ann left")]).to_bytes()
    path.write_bytes({"empty": b"", "garbage": b"?garbage", "cut": whole[: len(whole) // 2]}[kind])
    return path


@pytest.mark.parametrize("command", ["evaluate", "tune-threshold"])
@pytest.mark.parametrize("kind", ["empty", "garbage", "cut"])
def test_a_damaged_gold_corpus_is_named(pipeline, tmp_path, command, kind):
    path = write_damaged(tmp_path, kind)
    for corpus in (path, tmp_path):
        assert_teaches(run(command, pipeline, corpus), f"{path}: Expected a .spacy file", "damaged")


def test_a_damaged_gold_corpus_of_candidates_is_named(finder, tmp_path):
    path = write_damaged(tmp_path, "cut")
    assert_teaches(run("candidates", finder, path), f"{path}: Expected a .spacy file")


@pytest.mark.parametrize("name", ["gold.txt", "gold.json", "folder"])
def test_a_gold_corpus_of_another_kind_is_told_what_is_expected(pipeline, tmp_path, name):
    path = tmp_path / name
    path.mkdir() if name == "folder" else path.write_text("{}", "utf8")
    assert_teaches(run("evaluate", pipeline, path), f"{path} holds no gold Doc", "a .spacy file")


@pytest.mark.parametrize("name", ["code", "missing.py", "folder"])
def test_code_that_is_no_python_file_is_named(pipeline, tmp_path, name):
    (tmp_path / "code").write_text("x = 1", "utf8")
    (tmp_path / "folder").mkdir()
    result = run("evaluate", pipeline, tmp_path, "--code", tmp_path / name)
    assert_teaches(result, f"--code {tmp_path / name} is no Python file")


@pytest.mark.parametrize("bad", ["gold.spacy", "bad.jsonl"])
def test_vectors_of_a_corpus_of_problems_only_name_the_first(pipeline, tmp_path, bad):
    write_damaged(tmp_path, "garbage")
    (tmp_path / "bad.jsonl").write_text("broken\n", "utf8")
    result = run("vectors", pipeline, tmp_path / bad, tmp_path / "out.npz")
    assert_teaches(result, f"Nothing could be read, 1 problem. The first: {tmp_path / bad}")
    assert not (tmp_path / "out.npz").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--query", " "], "--query has no word in it"),
        (["--word", "Ann"], "--word 'Ann' is looked up in a --query"),
    ],
)
def test_a_query_without_a_word_or_a_word_without_a_query_is_refused(tmp_path, words, message):
    assert_teaches(run("vectors", "nlp", "a.txt", tmp_path / "out.npz", *words), message)


@pytest.mark.parametrize("command", ["convert", "annotate", "vectors"])
def test_a_file_where_a_folder_is_needed_is_named(pipeline, tmp_path, command):
    (tmp_path / "file").touch()
    (tmp_path / "a.jsonl").write_text(SPANS, "utf8")
    name = "a.npz" if command == "vectors" else "a.spacy"
    words = [*([] if command == "convert" else [pipeline]), tmp_path / "a.jsonl"]
    result = run(command, *words, tmp_path / "file" / name)
    assert_teaches(result, f"{tmp_path / 'file'} is a file, where a folder is needed")


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"spans_sc_f": "high"}, "a score is 'high', not a number"),
        ({"spans_sc_f": 1.0, "spans_sc_per_type": [1]}, "'spans_sc_per_type' of the scores is [1]"),
        ({"spans_sc_f": 1.0, "spans_sc_per_length": {"1": 3}}, "'spans_sc_per_length' of the"),
    ],
)
def test_scores_that_are_none_are_named(tmp_path, scores, message):
    (tmp_path / "scores.json").write_text(json.dumps(scores), "utf8")
    assert_teaches(run("report", tmp_path / "scores.json"), message, "spacy evaluate --output")


def test_a_report_of_a_missing_file_says_what_writes_it(tmp_path):
    assert_teaches(run("report", tmp_path / "no.json"), f"there is no file {tmp_path / 'no.json'}")


@pytest.mark.parametrize(("name", "text"), [("a.jsonl", ""), ("a.tsv", "text\tlabel\n")])
def test_labelled_texts_without_a_record_are_told_what_is_expected(tmp_path, name, text):
    (tmp_path / name).write_text(text, "utf8")
    result = run("convert", tmp_path / name, tmp_path / "a.spacy", "--texts")
    assert_teaches(result, f"No record of {tmp_path / name}", "expected a line for each text")
