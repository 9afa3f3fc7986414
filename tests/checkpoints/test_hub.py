"""Hub names, offline: what lies in the hub's cache is found, the rest is a clear error."""

import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub.utils import filter_repo_objects

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.hub import FIRST, PICKLES
from spacy_spanbert.checkpoints.load import load_checkpoint

FILES = {  # what repositories of encoders hold: file -> is it fetched, and with what
    "config.json": FIRST,
    "tokenizer.json": FIRST,
    "tokenizer_config.json": FIRST,
    "special_tokens_map.json": FIRST,
    "vocab.txt": FIRST,
    "vocab.json": FIRST,
    "merges.txt": FIRST,
    "model.safetensors": FIRST,
    "model-00001-of-00002.safetensors": FIRST,
    "model.safetensors.index.json": FIRST,
    "pytorch_model.bin": PICKLES,
    "pytorch_model-00001-of-00002.bin": PICKLES,
    "pytorch_model.bin.index.json": PICKLES,
    "README.md": (),
    "modeling_own.py": (),
    "tf_model.h5": (),
    "flax_model.msgpack": (),
    "model.onnx": (),
    "onnx/model.safetensors": (),
    "model.fp16.safetensors": (),
    "optimizer.bin": (),
}
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


@pytest.mark.parametrize("patterns", [FIRST, PICKLES], ids=["first", "pickles"])
def test_only_data_that_is_read_is_fetched(patterns: tuple[str, ...]) -> None:
    fetched = set(filter_repo_objects(FILES, allow_patterns=list(patterns)))
    assert fetched == {name for name, wanted in FILES.items() if wanted == patterns}


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
