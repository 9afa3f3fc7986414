import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_spanbert.data.docbin import read_docbin, write_docbin
from spacy_spanbert.data.parts_output import annotated_format, write_parts
from spacy_spanbert.data.problems import CorpusError, Problems

NLP = spacy.blank("en")


def make_doc(text: str) -> Doc:
    doc = NLP(text)
    doc.spans["sc"] = [Span(doc, 0, 1, label="PER")]
    doc.user_data["doc_id"] = text[:3]
    return doc


def write(output: Path, format_: str | None = None) -> None:
    parts = [output.with_name(f"part-{i}.spacy") for i in range(2)]
    write_docbin([make_doc("Ann left."), make_doc("Bob ran.")], parts[0])
    write_docbin([make_doc("Eve.")], parts[1])
    kind, is_folder = annotated_format(output, format_)
    write_parts(
        parts,
        output,
        NLP,
        format=kind,
        is_folder=is_folder,
        spans_key="sc",
        title="A title",
        labels=["LOC"],
        problems=Problems("stop"),
    )


def read(path: Path) -> list[str]:
    return [doc.text for doc in read_docbin(path, NLP.vocab)]


def test_parts_are_written_in_every_format(tmp_path: Path) -> None:
    write(tmp_path / "a.spacy")
    assert read(tmp_path / "a.spacy") == ["Ann left.", "Bob ran.", "Eve."]
    write(tmp_path / "b", "spacy")
    assert [read(path) for path in sorted((tmp_path / "b").iterdir())] == [
        ["Ann left.", "Bob ran."],
        ["Eve."],
    ]
    write(tmp_path / "c.jsonl")
    records = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert [record["text"] for record in records] == ["Ann left.", "Bob ran.", "Eve."]
    write(tmp_path / "d", "brat")
    assert (tmp_path / "d" / "Eve.ann").read_text() == "T1\tPER 0 3\tEve\n"
    assert len(list((tmp_path / "d").iterdir())) == 6
    write(tmp_path / "e.html")
    assert "<title>A title</title>" in (tmp_path / "e.html").read_text()
    write(tmp_path / "f.conll")
    assert "B-PER" in (tmp_path / "f.conll").read_text()


def test_writing_again_replaces_what_is_there(tmp_path: Path) -> None:
    for _ in range(2):
        write(tmp_path / "d", "brat")
        write(tmp_path / "b", "spacy")
    assert len(list((tmp_path / "d").iterdir())) == 6
    assert len(list((tmp_path / "b").iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "format_", "expected"),
    [
        ("a.spacy", None, ("spacy", False)),
        ("a.jsonl.gz", None, ("jsonl", False)),
        ("a.HTML", None, ("html", False)),
        ("a.htm", None, ("html", False)),
        ("a", "spacy", ("spacy", True)),
        ("a.b", "brat", ("brat", True)),
        ("a.txt", "jsonl", ("jsonl", False)),
        ("folder", "brat", ("brat", True)),
    ],
)
def test_suffix_and_format_tell_what_is_written(
    tmp_path: Path, name: str, format_: str | None, expected: tuple[str, bool]
) -> None:
    (tmp_path / "folder").mkdir()
    assert annotated_format(tmp_path / name, format_) == expected


@pytest.mark.parametrize(
    ("name", "format_", "message"),
    [
        ("a", None, "the name does not tell the format. Name one of spacy, .* html with --to"),
        ("a.xml", None, "does not tell the format"),
        ("a.ann", None, "does not tell the format"),
        ("a.html", "xml", "one of spacy, jsonl, conll, brat, html, not 'xml'"),
        ("a.html", "jsonl", "a.html has the suffix of html, but the format is jsonl"),
        ("folder", "jsonl", "folder is a folder: name a file"),
        ("file", "brat", "file is a file: name a folder"),
        ("file", "spacy", "file is a file: name a folder"),
    ],
)
def test_outputs_that_make_no_sense_are_refused(
    tmp_path: Path, name: str, format_: str | None, message: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(CorpusError, match=message):
        annotated_format(tmp_path / name, format_)
