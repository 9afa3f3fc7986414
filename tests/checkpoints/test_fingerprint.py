"""A checkpoint is known by what its files hold."""

import shutil
from pathlib import Path

import pytest
import torch

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.files import read_checkpoint, write_checkpoint
from spacy_spanbert.checkpoints.fingerprint import checkpoint_fingerprint


@pytest.fixture
def copied(tiny_bert: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_bert, tmp_path / "copied")


def test_it_is_the_same_wherever_the_files_lie(tiny_bert: Path, copied: Path) -> None:
    assert checkpoint_fingerprint(copied) == checkpoint_fingerprint(str(tiny_bert))


def test_one_changed_weight_is_seen(tiny_bert: Path, copied: Path) -> None:
    checkpoint = read_checkpoint(copied)
    with torch.no_grad():
        next(checkpoint.module.parameters())[3, 5] += 1
    write_checkpoint(checkpoint, copied)
    changed = checkpoint_fingerprint(copied)
    assert changed != checkpoint_fingerprint(tiny_bert)
    write_checkpoint(checkpoint, copied)
    assert checkpoint_fingerprint(copied) == changed


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "tokenizer.json"])
def test_tokenizer_and_config_count(tiny_bert: Path, copied: Path, name: str) -> None:
    with (copied / name).open("a") as file:
        file.write("\n")
    assert checkpoint_fingerprint(copied) != checkpoint_fingerprint(tiny_bert)


def test_what_moves_from_file_to_file_counts(tiny_bert: Path, copied: Path) -> None:
    (copied / "vocab.txt").rename(copied / "added_tokens.json")
    assert checkpoint_fingerprint(copied) != checkpoint_fingerprint(tiny_bert)


def test_files_that_are_never_loaded_do_not_count(tiny_bert: Path, copied: Path) -> None:
    (copied / "pretraining.json").write_text("{}")
    (copied / "README.md").write_text("Read me.")
    assert checkpoint_fingerprint(copied) == checkpoint_fingerprint(tiny_bert)


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is not a checkpoint: expected config.json"):
        checkpoint_fingerprint(tmp_path)
