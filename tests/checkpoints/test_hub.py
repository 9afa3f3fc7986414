"""Hub names, offline: what lies in the hub's cache is found, the rest is a clear error."""

import shutil
from pathlib import Path

import pytest
import torch

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.load import load_checkpoint

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cached(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkpoint as the hub's own cache keeps it."""
    repository = tmp_path / "models--somebody--tiny-bert"
    snapshot = repository / "snapshots" / COMMIT
    shutil.copytree(tiny_bert, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return snapshot


def test_hub_name_loads_from_the_cache(cached: Path) -> None:
    checkpoint = load_checkpoint("somebody/tiny-bert")
    assert checkpoint.max_pieces == 512


def test_hub_model_with_a_pickle_of_weights_loads(cached: Path) -> None:
    expected = load_checkpoint(cached).module.state_dict()
    torch.save(expected, cached / "pytorch_model.bin")
    (cached / "model.safetensors").unlink()
    found = load_checkpoint("somebody/tiny-bert").module.state_dict()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_unknown_hub_name_is_taught(cached: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no folder 'somebody/else' here.*Hugging Face hub"):
        load_checkpoint("somebody/else")


def test_hub_name_of_impossible_form_is_taught(cached: Path) -> None:
    with pytest.raises(CheckpointError, match="misspelt, or the machine offline"):
        load_checkpoint("some--body/else")
