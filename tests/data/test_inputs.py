import gzip
import io
import sys
from itertools import islice
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc

from spacy_spanbert.data.docbin import write_docbin
from spacy_spanbert.data.inputs import RawRecord, TextUnit, list_inputs, read_raw
from spacy_spanbert.data.problems import CorpusError, Problem

NLP = spacy.blank("en")
TEXT = "\ufeffOne.\r\nTwo.\n\n \t\nThree.\n"


def read(path: Path, unit: TextUnit = "document") -> list[RawRecord]:
    return list(read_raw(list_inputs(path), unit, NLP.vocab))


def contents(records: list[RawRecord]) -> list[str]:
    return [str(record.content) for record in records]


def lines_of(records: list[RawRecord]) -> list[int | None]:
    return [record.place.line for record in records]


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_text_file_is_a_document_character_for_character(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode())
    (record,) = read(path)
    assert record.content == TEXT.removeprefix("\ufeff")
    assert (record.name, str(record.place)) == ("a", f"{path}, document 'a'")


def test_a_text_file_is_divided_into_lines_or_paragraphs(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(TEXT.encode())
    records = read(path, "line")
    assert contents(records) == ["One.", "Two.", "Three."]
    assert lines_of(records) == [1, 2, 5]
    records = read(path, "paragraph")
    assert contents(records) == ["One.\nTwo.", "Three."]
    assert lines_of(records) == [1, 5]


def test_empty_files_hold_no_lines_but_one_empty_document(tmp_path: Path) -> None:
    for name in ("a.txt", "b.jsonl"):
        (tmp_path / name).touch()
    assert contents(read(tmp_path / "a.txt")) == [""]
    assert read(tmp_path / "a.txt", "line") == read(tmp_path / "a.txt", "paragraph") == []
    assert read(tmp_path / "b.jsonl") == []


def test_json_lines_come_unparsed_with_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n\n  \nbroken\n')
    records = read(tmp_path / "a.jsonl", "paragraph")
    assert contents(records) == ['{"text": "a"}', "broken"]
    assert lines_of(records) == [1, 4]
    assert {record.name for record in records} == {None}


def test_a_folder_is_read_with_its_subfolders_in_sorted_order(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / "b" / "c" / "x.y.txt").write_text("2")
    (tmp_path / "b" / "d.txt.gz").write_bytes(gzip.compress(b"3", mtime=0))
    (tmp_path / "a.jsonl").write_text("{}")
    (tmp_path / "e.pdf").write_text("?")
    (tmp_path / ".hidden.txt").write_text("?")
    write_docbin([NLP("4")], tmp_path / "f.spacy")
    records = read(tmp_path)
    assert contents(records) == ["{}", "2", "3", "4"]
    assert [record.name for record in records] == [None, "b/c/x.y", "b/d", None]


def test_a_line_that_is_not_utf_8_comes_as_a_problem_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"One.\n\xff\nTwo.\nThree.\n\n\xe9")
    records = read(path, "line")
    assert [isinstance(record.content, Problem) for record in records] == [0, 1, 0, 0, 1]
    assert f"{path}:2: Expected UTF-8, but byte 1 of this line is 0xff" in str(records[1].content)
    records = read(path, "paragraph")
    assert contents(records)[0::2] == ["One.", "Two.\nThree."]
    assert lines_of(records) == [1, 2, 3, 6]


def test_a_document_that_is_not_utf_8_is_a_problem_and_the_next_file_is_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.txt").write_bytes(b"One.\nTw\xff.\n")
    (tmp_path / "b.txt").write_text("Two.")
    broken, sound = read(tmp_path)
    assert isinstance(broken.content, Problem)
    assert f"{tmp_path / 'a.txt'}:2: Expected UTF-8" in str(broken.content)
    assert sound.content == "Two."


def test_what_stands_before_the_damage_of_a_file_is_read(tmp_path: Path) -> None:
    lines = "".join(f"line {i} of many\n" for i in range(20_000))
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(lines.encode(), mtime=0)[:-2000])
    (tmp_path / "b.spacy").write_bytes(b"?")
    (tmp_path / "c.txt").write_text("last")
    records = read(tmp_path, "line")
    assert contents(records)[0] == "line 0 of many"
    problems = [record.content for record in records if isinstance(record.content, Problem)]
    assert [problem.kind for problem in problems] == ["damaged file", "damaged file"]
    assert records[-1].content == "last"
    assert len(records) > 1000


def test_records_come_before_the_rest_of_the_file_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"One.\nTwo.\n\xff")
    records = read_raw(list_inputs(tmp_path / "a.txt"), "line", NLP.vocab)
    assert contents(list(islice(records, 2))) == ["One.", "Two."]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("document", ["One.\r\nTwo.\n\n \t\nThree."]),
        ("paragraph", ["One.\nTwo.", "Three."]),
        ("line", ["One.", "Two.", "Three."]),
    ],
)
def test_standard_input_is_text_in_any_unit(
    monkeypatch: pytest.MonkeyPatch, unit: TextUnit, expected: list[str]
) -> None:
    feed(monkeypatch, TEXT.encode())
    records = read(Path("-"), unit)
    assert contents(records) == expected
    assert {record.name for record in records} == {None}


def test_standard_input_may_be_jsonl_and_tells_bad_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, b'{"text": "a"}\n\xff\n')
    records = list(read_raw(list_inputs(Path("-"), "jsonl"), "document", NLP.vocab))
    assert [record.format for record in records] == ["jsonl", "jsonl"]
    assert "standard input:2: Expected UTF-8, but byte 1 is 0xff" in str(records[1].content)


def test_a_document_on_standard_input_that_is_not_utf_8_is_a_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed(monkeypatch, b"a\n\xff")
    (record,) = read(Path("-"))
    assert isinstance(record.content, Problem)


def test_a_named_format_goes_before_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# One")
    (file,) = list_inputs(tmp_path / "a.md", "text")
    assert (file.format, file.name) == ("text", "a.md")


def test_the_size_of_a_record_is_told_without_making_it(tmp_path: Path) -> None:
    write_docbin([NLP("One two."), NLP("")], tmp_path / "a.spacy")
    assert [record.n_characters for record in read(tmp_path / "a.spacy")] == [8, 0]
    (tmp_path / "b.txt").write_bytes(b"abc\n\xff\n")
    assert [record.n_characters for record in read(tmp_path / "b.txt", "line")] == [3, 0]


def test_docs_say_their_number_and_name(tmp_path: Path) -> None:
    doc = Doc(NLP.vocab, words=["a"])
    doc.user_data["doc_id"] = "x"
    write_docbin([NLP("b"), doc], tmp_path / "a.spacy")
    assert str(read(tmp_path / "a.spacy")[1].place).endswith("a.spacy, document 2, document 'x'")


@pytest.mark.parametrize(
    ("name", "format_", "message"),
    [
        ("missing.txt", None, "missing.txt: there is no such file or folder"),
        ("a.pdf", None, r"a.pdf: Expected one of .txt .jsonl .spacy, or any of these with .gz"),
        ("empty", None, "empty: no file to read in this folder. Expected one of .txt"),
        ("a.pdf", "pdf", "is text, jsonl or spacy, not 'pdf'"),
        ("-", "spacy", "Standard input is read as text or jsonl"),
    ],
)
def test_inputs_that_make_no_sense_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, format_: str | None, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.pdf").touch()
    Path("empty").mkdir()
    with pytest.raises(CorpusError, match=message):
        list_inputs(Path(name), format_)  # type: ignore[arg-type]


def test_an_unknown_unit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(CorpusError, match="document, paragraph or line, not 'page'"):
        read(tmp_path / "a.txt", "page")  # type: ignore[arg-type]
