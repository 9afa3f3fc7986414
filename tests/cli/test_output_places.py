"""Outputs that cannot be written are told before the work, which the missing inputs stand for."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from spacy_spanbert.cli import app
from tests.cli.annotate_command import text_of

# commands with an output that is a file, and with one that is a folder
FILES = {
    "convert": ["convert", "missing.jsonl", "OUT", "--to", "jsonl"],
    "convert texts": ["convert", "missing.jsonl", "OUT.spacy", "--texts"],
    "annotate": ["annotate", "missing", "missing.txt", "OUT", "--to", "jsonl"],
    "coverage": ["coverage", "missing.jsonl", "--json", "OUT"],
    "vectors": ["vectors", "missing", "missing.txt", "OUT.npz"],
    "fit": ["vectors", "missing", "missing.txt", "OUT.safetensors", "--fit", "centre"],
    "query": ["vectors", "missing", "missing.txt", "OUT.npz", "--query", "bank"],
    "evaluate": ["evaluate", "missing", "missing.spacy", "--output", "OUT"],
}
FOLDERS = {
    "brat": ["convert", "missing.jsonl", "OUT", "--to", "brat"],
    "docbins": ["convert", "missing.jsonl", "OUT", "--docs-per-file", "2"],
    "annotate brat": ["annotate", "missing", "missing.txt", "OUT", "--to", "brat"],
    "candidates": ["candidates", "missing", "missing.spacy", "--output", "OUT"],
    "tune-threshold": ["tune-threshold", "missing", "missing.spacy", "--output", "OUT"],
}


def at(words: list[str], place: Path) -> tuple[list[str], Path]:
    """The words of a command with its output at a place, and the whole path of that."""
    (name,) = (word for word in words if word.startswith("OUT"))
    output = Path(name.replace("OUT", str(place)))
    return [str(output) if word == name else word for word in words], output


def assert_told(message: str, words: list[str]) -> None:
    result = CliRunner().invoke(app, words)
    assert message in text_of(result)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("words", FILES.values(), ids=FILES)
def test_a_folder_where_a_file_is_to_be_written(tmp_path, words):
    words, output = at(words, tmp_path / "out")
    output.mkdir()
    assert_told(f"{output} is a folder: name a file to write", words)


@pytest.mark.parametrize("words", FOLDERS.values(), ids=FOLDERS)
def test_a_file_where_a_folder_is_to_be_written(tmp_path, words):
    words, output = at(words, tmp_path / "out")
    output.touch()
    assert_told(f"{output} is a file: name a folder to write", words)


@pytest.mark.parametrize("name", sorted(FOLDERS.keys() - {"annotate brat"}))
def test_a_folder_that_is_not_to_be_lost(tmp_path, name):
    words, output = at(FOLDERS[name], tmp_path / "out")
    (output / "inside").mkdir(parents=True)
    assert_told(f"The folder {output} is not empty", words)
    assert_told("missing", [*words, "--overwrite"])


ALL = FILES | FOLDERS


@pytest.mark.parametrize("words", ALL.values(), ids=ALL)
def test_a_file_above_the_output(tmp_path, words):
    (tmp_path / "file").touch()
    words, _ = at(words, tmp_path / "file" / "new" / "out")
    assert_told(f"{tmp_path / 'file'} is a file, where a folder is needed", words)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that even root cannot write to")
@pytest.mark.parametrize("words", ALL.values(), ids=ALL)
def test_a_folder_that_takes_no_files(words):
    words, output = at(words, Path("/proc/new/out"))
    assert_told(f"{output} cannot be written: there can be no file in /proc (", words)


@pytest.mark.parametrize("words", ALL.values(), ids=ALL)
def test_of_a_place_that_is_good_nothing_is_said_and_no_file_is_left(tmp_path, words):
    words, _ = at(words, tmp_path / "new" / "out")
    assert_told("missing", words)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
