from pathlib import Path

import pytest
import spacy

import spacy_spanbert.cli.annotate_run as module
from spacy_spanbert.data.docbin import write_docbin
from tests.cli.annotate_command import annotate, records_of, text_of

ASSETS = Path(__file__).parents[2] / "assets"
NLP = spacy.blank("en")


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
        (["nowhere", "in.txt", "a.jsonl", "--title", "T"], "--title is of a page, and a.jsonl is"),
        (["MODEL", "in.txt", "full", "--to", "brat"], "is not empty. Replace it: --overwrite"),
        (
            ["MODEL", "in.txt", "full/a.txt/b.jsonl"],
            "full/a.txt is a file, where a folder is needed",
        ),
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
