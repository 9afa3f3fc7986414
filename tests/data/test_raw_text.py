import gzip
import json
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import DocBin

from spacy_spanbert.data import raw_text
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.raw_text import (
    cut_at_space,
    list_raw_files,
    read_raw_parts,
    read_raw_texts,
)

TEXT = "One.\nStill one.\n\n  \n\nTwo: ёлка 👍🏽.\n\nThree.\n"
DOCUMENTS = ["One.\nStill one.", "Two: ёлка 👍🏽.", "Three."]


def read(path: Path, *args) -> list[str]:
    return list(read_raw_texts([path], *args))


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT])
@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_blank_lines_separate_the_documents_of_a_text_file(tmp_path: Path, text: str, name: str):
    data = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert read(tmp_path / name) == DOCUMENTS


def test_a_line_of_jsonl_is_a_document(tmp_path: Path):
    records = [json.dumps({"text": text, "meta": 1}) for text in [*DOCUMENTS, " ", "a\n\nb"]]
    (tmp_path / "a.jsonl").write_text("\n".join(records) + "\n\n")
    assert read(tmp_path / "a.jsonl") == [*DOCUMENTS, "a\n\nb"]


def test_a_doc_of_a_docbin_is_a_document(tmp_path: Path):
    nlp = spacy.blank("en")
    DocBin(docs=[nlp(text) for text in DOCUMENTS]).to_disk(tmp_path / "a.spacy")
    assert read(tmp_path / "a.spacy") == DOCUMENTS


def test_folders_are_read_in_sorted_order_and_no_file_twice(tmp_path: Path):
    (tmp_path / "b.txt").write_text("b")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "z.jsonl").write_text('{"text": "z"}')
    (tmp_path / "notes.md").write_text("no")
    paths = [tmp_path / "b.txt", tmp_path, tmp_path / "a" / ".." / "b.txt"]
    assert list(read_raw_texts(paths)) == ["b", "z"]
    assert len(list_raw_files(paths)) == 2


@pytest.mark.parametrize("content", ["", "\n\n \n", " "])
def test_files_without_text_give_nothing(tmp_path: Path, content: str):
    for name in ("a.txt", "a.jsonl"):
        (tmp_path / name).write_text(content)
        assert read(tmp_path / name) == []


def test_a_file_of_one_line_without_an_end_is_a_document(tmp_path: Path):
    (tmp_path / "a.txt").write_text("only")
    assert read(tmp_path / "a.txt") == ["only"]


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_bytes_that_are_not_utf8_are_named_by_file_and_byte(tmp_path: Path, start: bytes):
    path = tmp_path / "a.txt"
    path.write_bytes(start + "ё\n".encode() + b"caf\xe9 x\n")
    byte = len(start) + 3 + 4
    with pytest.raises(CorpusError) as error:
        read(path)
    assert f"{path}:2: Expected UTF-8, but byte {byte} of the file is 0xe9" in str(error.value)
    assert "give --errors replace (in the config: [pretraining.corpus] errors" in str(error.value)


def test_bytes_that_are_not_utf8_are_replaced_and_counted_on_demand(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"caf\xe9 x\n\nb\n")
    problems = Problems()
    assert read(tmp_path / "a.txt", "replace", problems) == ["caf\ufffd x", "b"]
    assert problems.counts == {"not UTF-8": 1}


def test_half_surrogate_pairs_in_json_are_errors_or_replaced(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text('{"text": "x\\ud800y"}')
    with pytest.raises(CorpusError, match=r"a.jsonl:1: Half of a surrogate pair.*character 1 "):
        read(tmp_path / "a.jsonl")
    assert read(tmp_path / "a.jsonl", "replace") == ["x?y"]


@pytest.mark.parametrize(
    ("line", "message"),
    [("{", "one JSON object"), ("[1]", '"text"'), ('{"t": 1}', '"text"'), ('{"text": 1}', "text")],
)
def test_lines_without_a_text_are_named(tmp_path: Path, line: str, message: str):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n' + line)
    with pytest.raises(CorpusError, match=rf"a.jsonl:2: Expected.*{message}"):
        read(tmp_path / "a.jsonl")


def test_no_paths_standard_input_and_wrong_options_are_errors(tmp_path: Path):
    with pytest.raises(CorpusError, match="files or folders"):
        list(read_raw_texts([]))
    with pytest.raises(CorpusError, match="more than once"):
        read(Path("-"))
    with pytest.raises(CorpusError, match="no such file"):
        read(tmp_path / "gone.txt")
    with pytest.raises(CorpusError, match="raise or replace, not 'ignore'"):
        read(tmp_path, "ignore")


@pytest.mark.parametrize("separator", [" ", "\n"])
def test_long_documents_are_cut_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str
):
    monkeypatch.setattr(raw_text, "MOST_CHARACTERS", 100)
    words = [f"word{i}" for i in range(300)]
    (tmp_path / "a.txt").write_text(separator.join(words) + "\n\nshort one\n")
    problems = Problems()
    documents = read(tmp_path / "a.txt", "raise", problems)
    assert all(len(document) <= 100 for document in documents)
    assert all(len(document) > 85 for document in documents[:-2])
    assert " ".join(documents).split() == [*words, "short", "one"]
    assert problems.counts == {"long documents cut": 1}
    (tmp_path / "b.txt").write_text(separator.join(words))
    origins = [origin for origin, _ in read_raw_parts([tmp_path])]
    assert origins == [0] * (len(documents) - 1) + [1] + [2] * (len(documents) - 1)


def test_a_very_long_line_is_read_in_time(tmp_path: Path):
    """Work that grew with the square of its length would take minutes."""
    text = "word of text " * 4_000_000  # 50 MB
    (tmp_path / "a.txt").write_text(text)
    documents = read(tmp_path / "a.txt")
    assert len(documents) == 520
    is_same = " ".join(documents).strip() == text.strip()
    assert is_same  # pytest would compare 50 MB letter by letter


@given(st.text(st.sampled_from("ab \n\u3000ё"), max_size=60), st.integers(1, 12))
def test_parts_are_short_and_lose_nothing_but_white_space(text: str, most: int):
    parts = list(cut_at_space(text, most))
    assert all(1 <= len(part) <= most for part in parts) or not text
    assert "".join("".join(parts).split()) == "".join(text.split())
    if max(map(len, text.split()), default=0) < most:
        assert " ".join(parts).split() == text.split()


def test_words_longer_than_a_part_are_cut_anywhere():
    assert list(cut_at_space("abcdefgh ij", 3)) == ["abc", "def", "gh", "ij"]
    assert list(cut_at_space("", 3)) == []
