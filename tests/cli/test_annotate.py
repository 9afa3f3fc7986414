import gc
import gzip
import json
import os
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
import spacy
from click.testing import Result
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

import spacy_spanbert.cli.annotate_run as module
from spacy_spanbert.cli import app
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.data.docbin import read_docbin, write_docbin
from tests.data.drawn_page import DrawnPage
from tests.data.ruler_pipeline import make_pipeline

ASSETS = Path(__file__).parents[2] / "assets"
NLP = spacy.blank("en")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pipelines") / "model"
    make_pipeline("test_fails_on_bad").to_disk(path)
    return path


def annotate(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["annotate", *map(str, arguments)], input=stdin)


def text_of(result: Result) -> str:
    return " ".join(result.output.split())


def records_of(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.splitlines()]


def test_a_chapter_becomes_a_page_of_nested_spans(model: Path, tmp_path: Path) -> None:
    result = annotate(model, ASSETS / "chapter.txt", tmp_path / "a.html", "--title", "Chapter X")
    assert result.exit_code == 0, result.output
    page = DrawnPage((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert page.texts["h1"] == ["Chapter X"]
    assert page.texts["h2"] == ["chapter"]
    lord = next(word for word in page.words if word.text.startswith("Grenville"))
    assert len(lord.bars) == 2
    assert "records read 1 records written 1 records skipped 0 words 6,217 spans" in text_of(result)
    assert "words per second" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_the_title_of_a_page_is_the_name_of_the_input(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "in" / name).write_text("Paris")
    for source, title in (("in", "in"), ("in/a.txt", "a")):
        annotate(model, tmp_path / source, tmp_path / "a.html")
        page = DrawnPage((tmp_path / "a.html").read_text(encoding="utf-8"))
        assert page.texts["title"] == [title]


def test_jsonl_goes_in_and_comes_out_with_its_own_keys_and_words(
    model: Path, tmp_path: Path
) -> None:
    lines = [
        {"id": 7, "meta": {"a": [1]}, "text": "Lord Grenville left.", "spans": [[0, 4, "OLD"]]},
        {"doc_id": "x", "tokens": ["Lord", "Grenville", "'s box"], "spaces": [True, False, False]},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)))
    result = annotate(model, tmp_path / "in.jsonl", tmp_path / "out.jsonl.gz")
    assert result.exit_code == 0, result.output
    first, second = records_of(tmp_path / "out.jsonl.gz")
    assert (first["id"], first["meta"], first["text"]) == (7, {"a": [1]}, "Lord Grenville left.")
    assert first["spans"] == [
        {"start": 0, "end": 2, "char_start": 0, "char_end": 14, "label": "PER"},
        {"start": 1, "end": 2, "char_start": 5, "char_end": 14, "label": "PER"},
    ]
    assert second["tokens"] == ["Lord", "Grenville", "'s box"]
    assert second["text"] == "Lord Grenville's box"
    assert [span["end"] for span in second["spans"]] == [2, 2]


def test_all_kinds_of_files_in_a_folder_become_one_corpus(model: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "sub").mkdir(parents=True)
    (source / "a.txt").write_text("Paris one\n\nParis two\n")
    (source / "sub" / "b.txt.gz").write_bytes(gzip.compress(b"Paris three"))
    (source / "c.jsonl").write_text('{"text": "Paris four"}')
    write_docbin([NLP("Paris five")], source / "d.spacy")
    result = annotate(model, source, tmp_path / "out.spacy", "--unit", "paragraph")
    assert result.exit_code == 0, result.output
    docs = list(DocBin().from_disk(tmp_path / "out.spacy").get_docs(NLP.vocab))
    words = ["one", "two", "four", "five", "three"]
    assert [doc.text for doc in docs] == [f"Paris {word}" for word in words]
    assert all([span.label_ for span in doc.spans["sc"]] == ["LOC"] for doc in docs)
    assert docs[1].user_data == {"doc_id": "a", "line": 3}


@pytest.mark.parametrize(
    ("stdin", "options", "texts"),
    [
        ("Paris.\nLyon.\n", ["--unit", "line"], ["Paris.", "Lyon."]),
        ("Paris.\nLyon.", [], ["Paris.\nLyon."]),
        ('{"text": "Paris."}', ["--from", "jsonl"], ["Paris."]),
    ],
)
def test_standard_input_is_read(
    model: Path, tmp_path: Path, stdin: str, options: list[str], texts: list[str]
) -> None:
    result = annotate(model, "-", tmp_path / "out.jsonl", *options, stdin=stdin)
    assert result.exit_code == 0, result.output
    records = records_of(tmp_path / "out.jsonl")
    assert [record["text"] for record in records] == texts
    assert len(records[0]["spans"]) == 1


def test_brat_and_folders_of_spacy_files_are_written(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Paris\nLyon\nParis\n")
    options = ["--unit", "line", "--records-per-part", "2"]
    for name, format_ in (("brat", "brat"), ("docs", "spacy")):
        result = annotate(model, tmp_path / "in.txt", tmp_path / name, "--to", format_, *options)
        assert result.exit_code == 0, result.output
    assert (tmp_path / "brat" / "in.ann").read_text() == "T1\tLOC 0 5\tParis\n"
    assert len(list((tmp_path / "brat").iterdir())) == 6
    files = sorted((tmp_path / "docs").iterdir())
    assert [len(list(read_docbin(path, NLP.vocab))) for path in files] == [2, 1]


def test_bad_records_are_skipped_and_reported_with_file_and_line(
    model: Path, tmp_path: Path
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(
        b'{"text": "Paris"}\nbroken\n\xff\n{"txt": 1}\n{"text": "BAD"}\n{"text": ""}\n'
    )
    listing = tmp_path / "problems.txt"
    result = annotate(model, source, tmp_path / "out.jsonl", "--problems-file", listing)
    assert result.exit_code == 0, result.output
    assert "records read 6 records written 2 records skipped 4 words 1" in text_of(result)
    for line, message in (
        (2, "Expected one JSON object a line"),
        (3, "Expected UTF-8"),
        (4, 'Expected "text"'),
        (5, "The pipeline fails on this record: IndexError: no BAD words, please"),
    ):
        assert f"{source}:{line}: {message}" in result.output
    assert [line.split(":")[1] for line in listing.read_text().splitlines()] == list("2345")
    assert [record["text"] for record in records_of(tmp_path / "out.jsonl")] == ["Paris", ""]


def test_stopping_at_a_bad_record_keeps_what_is_finished(model: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_text("Paris\nLyon\nBAD\nParis\n")
    options = ["--unit", "line", "--records-per-part", "2"]
    result = annotate(model, source, output, "--on-error", "stop", *options)
    assert result.exit_code == 1
    assert "in.txt:3, document 'in'" not in result.output  # a line has no name of its own
    assert "in.txt:3: The pipeline fails on this record" in text_of(result)
    assert "Go on with them: --resume" in result.output
    assert not output.exists()
    result = annotate(model, source, output, *options)
    assert result.exit_code == 1
    assert "--resume" in text_of(result) and "--overwrite" in text_of(result)
    result = annotate(model, source, output, "--resume", *options)
    assert result.exit_code == 0, result.output
    assert "of an interrupted run 2" in text_of(result)
    assert [record["text"] for record in records_of(output)] == ["Paris", "Lyon", "Paris"]


def test_with_changed_options_or_input_nothing_is_resumed(model: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_text("Paris\nBAD\n")
    options = [model, source, output, "--unit", "line", "--records-per-part", "1"]
    annotate(*options, "--on-error", "stop")
    result = annotate(*options, "--resume", "--batch-size", "3")
    assert result.exit_code == 1
    assert "--batch-size was 256, now 3" in text_of(result)
    source.write_text("Paris\ngood\n")
    result = annotate(*options, "--resume")
    assert result.exit_code == 1
    assert "the input is not the same" in text_of(result)
    result = annotate(*options, "--overwrite")
    assert result.exit_code == 0
    assert len(records_of(output)) == 2


def test_where_nothing_could_be_annotated_nothing_is_written(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("broken\nbroken\n")
    result = annotate(model, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert result.exit_code == 1
    assert "Nothing could be annotated, 2 problems. The first:" in text_of(result)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_an_empty_input_gives_an_empty_output(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    for name in ("a.jsonl", "a.spacy", "a.html"):
        result = annotate(model, tmp_path / "in.jsonl", tmp_path / name)
        assert result.exit_code == 0, result.output
    assert records_of(tmp_path / "a.jsonl") == []
    assert list(read_docbin(tmp_path / "a.spacy", NLP.vocab)) == []


def test_spans_of_the_input_are_not_given_out_for_the_pipelines(
    tmp_path: Path, model: Path
) -> None:
    doc = NLP("Lyon Paris")
    doc.spans["sc"] = [doc[0:2]]
    write_docbin([doc], tmp_path / "in.spacy")
    result = annotate(model, tmp_path / "in.spacy", tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.output
    (record,) = records_of(tmp_path / "out.jsonl")
    assert [(span["start"], span["label"]) for span in record["spans"]] == [(1, "LOC")]


def test_a_pipeline_that_sets_no_spans_is_warned_of(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "model")
    (tmp_path / "in.txt").write_text("Paris")
    result = annotate(tmp_path / "model", tmp_path / "in.txt", tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.output
    assert "On 1 documents the pipeline set no spans under the key 'sc'" in text_of(result)
    assert records_of(tmp_path / "out.jsonl")[0]["spans"] == []


@pytest.mark.parametrize("options", [["--batch-size", "1"], ["--n-process", "2"], []])
def test_the_output_is_the_same_whatever_the_batches_and_parts(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    source = ASSETS / "chapter.txt"
    annotate(model, source, tmp_path / "a.spacy", "--unit", "line")
    monkeypatch.setattr(module, "PART_CHARACTERS", 3000)
    arguments = [model, source, tmp_path / "b.spacy", "--unit", "line", *options]
    result = annotate(*arguments, "--records-per-part", "50")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "a.spacy").read_bytes() == (tmp_path / "b.spacy").read_bytes()


def test_a_folder_that_holds_the_output_is_annotated_without_it(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "Paris"}\nbroken\n{"text": "Lyon"}\n')
    output = tmp_path / "out.jsonl"
    options = ["--records-per-part", "1"]
    assert annotate(model, tmp_path, output, "--on-error", "stop", *options).exit_code == 1
    result = annotate(model, tmp_path, output, "--resume", *options)
    assert result.exit_code == 0, result.output
    assert len(records_of(output)) == 2
    assert annotate(model, tmp_path, output, *options).exit_code == 0
    assert len(records_of(output)) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "in.txt", "a.jsonl"], "nowhere is no folder of a pipeline"),
        (["empty", "in.txt", "a.jsonl"], "empty is no saved pipeline: it has no config.cfg"),
        (["MODEL", "missing", "a.jsonl"], "missing: there is no such file or folder"),
        (["MODEL", "empty", "a.jsonl"], "empty: no file to read in this folder"),
        (["MODEL", "in.txt", "a.xml"], "a.xml: the name does not tell the format"),
        (["MODEL", "in.txt", "a.html", "--to", "jsonl"], "has the suffix of html"),
        (["MODEL", "in.txt", "empty/../in.txt", "--to", "jsonl"], "in.txt is the input"),
        (["MODEL", "in.txt", "full", "--to", "brat"], "is not empty. Replace it: --overwrite"),
        (["MODEL", "in.txt", "full/a.txt/b.jsonl"], "full/a.txt/b.jsonl.parts: Not a directory"),
        (["MODEL", "in.txt", "a.jsonl", "--unit", "page"], "--unit is document, paragraph or line"),
        (["MODEL", "in.txt", "a.jsonl", "--from", "xml"], "is text, jsonl or spacy, not 'xml'"),
        (["MODEL", "in.txt", "a.jsonl", "--on-error", "raise"], "--on-error is skip or stop"),
        (["MODEL", "in.txt", "a.jsonl", "--batch-size", "0"], "--batch-size is at least 1"),
        (["MODEL", "in.txt", "a.jsonl", "--records-per-part", "0"], "--records-per-part is at"),
        (["MODEL", "in.txt", "a.jsonl", "--n-process", "0"], "--n-process is at least 1, or -1"),
        (["MODEL", "in.txt", "a.jsonl", "--spans-key", "x"], "no spans under 'x', but under 'sc'"),
        (["MODEL", "-", "a.jsonl", "--resume"], "Standard input cannot be read again"),
    ],
)
def test_wrong_arguments_are_one_clear_line_and_leave_nothing(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("Paris")
    Path("empty").mkdir()
    Path("full").mkdir()
    Path("full", "a.txt").touch()
    result = annotate(*[str(model) if one == "MODEL" else one for one in arguments], stdin="")
    assert message in text_of(result)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "full", "in.txt"]


def test_ctrl_c_ends_it_without_a_traceback_and_says_how_to_go_on(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "in.txt").write_text("Paris\nLyon\n")
    arguments = [model, tmp_path / "in.txt", tmp_path / "a.jsonl", "--unit", "line"]
    with monkeypatch.context() as patch:
        patch.setattr(module, "write_parts", interrupted)
        result = annotate(*arguments)
    assert result.exit_code == 130
    assert "Go on with them: --resume" in result.output
    assert annotate(*arguments, "--resume").exit_code == 0
    assert len(records_of(tmp_path / "a.jsonl")) == 2


def test_it_is_a_command_of_spacy_with_a_bar_on_demand(model: Path, tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "model")
    command = [sys.executable, "-m", "spacy", "spanbert", "annotate", "model", "-", "a.jsonl"]
    done = subprocess.run(
        [*command, "--progress", "--unit", "line"],
        input="Paris\nLyon\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "WASABI_LOG_FRIENDLY": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "words/s" in done.stderr
    assert "words/s" not in done.stdout
    assert [record["line"] for record in records_of(tmp_path / "a.jsonl")] == [1, 2]


@pytest.mark.parametrize("name", ["a.jsonl", "a.spacy", "a.html"])
def test_no_more_docs_than_a_batch_are_alive_however_long_the_corpus(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    alive: list[weakref.ref[Doc]] = []
    most = 0

    def watch(self: Progress, doc: Doc) -> None:
        nonlocal most
        alive.append(weakref.ref(doc))
        most = max(most, sum(one() is not None for one in alive))

    monkeypatch.setattr(Progress, "add", watch)
    (tmp_path / "in.txt").write_text("Lord Grenville left.\n" * 300)
    options = ["--unit", "line", "--batch-size", "8", "--records-per-part", "100"]
    gc.collect()
    result = annotate(model, tmp_path / "in.txt", tmp_path / name, *options)
    assert result.exit_code == 0, result.output
    assert len(alive) == 300
    assert most <= 8
