"""Damaged pipelines: an error that names the file, and no half-loaded pipeline."""

import shutil
from pathlib import Path

import pytest
import spacy
import srsly

from tests.tiny_encoder import write_tiny_bert

ENCODER = Path("spanbert") / "checkpoint"
HEAD = Path("spanbert_spancat")


@pytest.fixture
def damaged(trained_folder: Path, tmp_path: Path) -> Path:
    """A copy of a saved pipeline, to be damaged."""
    return Path(shutil.copytree(trained_folder, tmp_path / "damaged"))


def cut_short(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garble(path: Path) -> None:
    path.write_bytes(b"\x00garbled" * 20)


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("damage", [cut_short, empty, garble, remove])
@pytest.mark.parametrize(
    "file",
    [
        ENCODER / "model.safetensors",
        ENCODER / "config.json",
        ENCODER / "tokenizer.json",
        HEAD / "model",
        HEAD / "cfg",
    ],
    ids=str,
)
def test_a_damaged_file_is_named(damaged, file, damage):
    remove(damaged / ENCODER / "vocab.txt")  # it could stand in for tokenizer.json
    damage(damaged / file)
    with pytest.raises(ValueError, match=file.stem) as caught:
        spacy.load(damaged)
    assert str(damaged) in str(caught.value)


@pytest.mark.parametrize("folder", [ENCODER, HEAD], ids=str)
def test_a_missing_folder_is_named(damaged, folder):
    remove(damaged / folder)
    with pytest.raises(ValueError, match=str(folder)):
        spacy.load(damaged)


def test_a_head_of_other_sizes_is_refused(damaged):
    """Files of two pipelines mixed up."""
    cfg = srsly.read_json(damaged / HEAD / "cfg")
    srsly.write_json(damaged / HEAD / "cfg", {**cfg, "labels": cfg["labels"][:1]})
    with pytest.raises(ValueError, match=r"model has 4 outputs, but .* cfg ask for 2"):
        spacy.load(damaged)


def test_an_encoder_of_another_width_is_refused(damaged):
    remove(damaged / ENCODER)
    write_tiny_bert(damaged / ENCODER, width=16)
    with pytest.raises(ValueError, match="width"):
        spacy.load(damaged)("Anna")
