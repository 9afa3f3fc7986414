import gc
import gzip
import json
import os
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

import spacy_spanbert.cli.annotate_run as module
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.data.docbin import read_docbin, write_docbin
from tests.cli.annotate_command import annotate, records_of, text_of
from tests.data.drawn_page import DrawnPage

ASSETS = Path(__file__).parents[2] / "assets"
NLP = spacy.blank("en")


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


def test_an_empty_input_gives_an_empty_output(model: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    for name in ("a.jsonl", "a.spacy", "a.html"):
        result = annotate(model, tmp_path / "in.jsonl", tmp_path / name)
        assert result.exit_code == 0, result.output
    assert records_of(tmp_path / "a.jsonl") == []
    assert list(read_docbin(tmp_path / "a.spacy", NLP.vocab)) == []


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
