"""The self-contained form: equal output, from bytes and from disk, whole or not at all."""

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load
from transformers import AutoModel, AutoTokenizer

from spacy_spanbert.checkpoints.casing import lowercases
from spacy_spanbert.checkpoints.checkpoint import Checkpoint, CheckpointError
from spacy_spanbert.checkpoints.files import (
    checkpoint_from_files,
    checkpoint_to_files,
    read_checkpoint,
    write_checkpoint,
)
from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.checkpoints.scratch import build_checkpoint
from tests.tiny_encoder import write_tiny_bert

TEXT = "The old house on the hill, and Müller's 42 cats. Привет 我是 😀"
KINDS = ["bert", "roberta", "cased", "lowercased", "no pooler", "from scratch", "cutting"]


@pytest.fixture(params=KINDS)
def checkpoint(
    request: pytest.FixtureRequest, tiny_bert: Path, tiny_roberta: Path, tmp_path: Path
) -> Checkpoint:
    """A checkpoint of each kind, loaded from a folder that is gone."""
    folder = tmp_path / "gone"
    size = {"n_layers": 1, "width": 16, "n_heads": 2, "n_pieces": 1000}
    kind: str = request.param
    if kind in ("cased", "lowercased", "no pooler"):
        write_tiny_bert(folder, cased=True, pooler=kind != "no pooler")
    else:
        shutil.copytree(tiny_roberta if kind == "roberta" else tiny_bert, folder)
    if kind == "cutting":
        path = folder / "tokenizer.json"
        truncation = {"max_length": 8, "strategy": "LongestFirst", "stride": 0}
        path.write_text(
            json.dumps({**json.loads(path.read_text()), "truncation": truncation}), "utf8"
        )
    if kind == "from scratch":
        made = build_checkpoint(size, folder, seed=3)
    else:
        made = load_checkpoint(folder, cased=False if kind == "lowercased" else None)
    shutil.rmtree(folder)
    return made


def outputs(module: torch.nn.Module, tokenizer: Any) -> torch.Tensor:
    with torch.no_grad():
        return module(**tokenizer(TEXT, return_tensors="pt")).last_hidden_state


def assert_equal(found: Checkpoint, expected: Checkpoint) -> None:
    assert found.max_pieces == expected.max_pieces
    assert type(found.module) is type(expected.module)
    assert type(found.tokenizer) is type(expected.tokenizer)
    weights, expected_weights = found.module.state_dict(), expected.module.state_dict()
    assert weights.keys() == expected_weights.keys()
    assert all(torch.equal(weights[name], expected_weights[name]) for name in weights)
    assert found.tokenizer.get_vocab() == expected.tokenizer.get_vocab()
    assert lowercases(found.tokenizer) == lowercases(expected.tokenizer)
    assert torch.equal(
        outputs(found.module, found.tokenizer), outputs(expected.module, expected.tokenizer)
    )


def test_checkpoint_returns_from_bytes(checkpoint: Checkpoint) -> None:
    found = checkpoint_from_files(checkpoint_to_files(checkpoint))
    assert_equal(found, checkpoint)
    assert not found.module.training


def test_checkpoint_returns_from_disk(checkpoint: Checkpoint, tmp_path: Path) -> None:
    write_checkpoint(checkpoint, tmp_path / "deep" / "model")
    assert_equal(read_checkpoint(tmp_path / "deep" / "model"), checkpoint)


def test_second_writing_gives_the_same_bytes(checkpoint: Checkpoint) -> None:
    files = checkpoint_to_files(checkpoint)
    assert checkpoint_to_files(checkpoint_from_files(files)) == files


def test_plain_transformers_loads_what_was_written(
    checkpoint: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_checkpoint(checkpoint, tmp_path / "model")
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)
    try:
        model = AutoModel.from_pretrained(tmp_path / "model")
        tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    finally:
        logger.removeHandler(caplog.handler)
    expected = outputs(checkpoint.module, checkpoint.tokenizer)
    assert torch.equal(outputs(model, tokenizer), expected)
    if checkpoint.module.pooler is not None:
        assert caplog.records == []
    else:  # transformers makes up a pooler; nothing else may be made up
        # a set: another test may have made transformers' logger propagate, which doubles records
        (message,) = {record.message for record in caplog.records}
        assert "newly initialized: ['pooler.dense.bias', 'pooler.dense.weight']" in message


def test_files_are_safe_float32_and_never_cut(checkpoint: Checkpoint) -> None:
    files = checkpoint_to_files(checkpoint)
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= set(
        files
    )
    assert not [name for name in files if name.endswith((".bin", ".pkl", ".pt", ".py"))]
    assert {tensor.dtype for tensor in load(files["model.safetensors"]).values()} == {torch.float32}
    tokenizer = json.loads(files["tokenizer.json"])
    assert tokenizer["truncation"] is None
    assert tokenizer["padding"] is None


def test_files_do_not_say_where_the_checkpoint_lay(checkpoint: Checkpoint) -> None:
    for name, data in checkpoint_to_files(checkpoint).items():
        assert b"/gone" not in data, name


def test_training_in_lower_precision_is_written_as_float32(tiny_bert: Path) -> None:
    checkpoint = load_checkpoint(tiny_bert)
    checkpoint.module.bfloat16().train()
    files = checkpoint_to_files(checkpoint)
    assert {tensor.dtype for tensor in load(files["model.safetensors"]).values()} == {torch.float32}
    assert json.loads(files["config.json"])["torch_dtype"] == "float32"
    assert checkpoint.module.training
    assert checkpoint.module.dtype == torch.bfloat16
    assert not checkpoint_from_files(files).module.training


def test_shared_and_sliced_weights_are_written(tiny_bert: Path) -> None:
    checkpoint = load_checkpoint(tiny_bert)
    encoder: Any = checkpoint.module.encoder
    first, second = encoder.layer
    second.attention = first.attention
    rows = torch.randn(4, 32, 32)
    first.output.dense.bias = torch.nn.Parameter(rows[1, 3])  # a slice of a larger tensor
    second.output.dense.bias = torch.nn.Parameter(rows[2].T[0])  # not contiguous
    expected = outputs(checkpoint.module, checkpoint.tokenizer)
    files = checkpoint_to_files(checkpoint)
    found = checkpoint_from_files(files)
    assert torch.equal(outputs(found.module, found.tokenizer), expected)
    weights = found.module.state_dict()
    name = "encoder.layer.{}.attention.self.query.weight"
    assert torch.equal(weights[name.format(0)], weights[name.format(1)])
    assert weights[name.format(0)].data_ptr() != weights[name.format(1)].data_ptr()


def test_rebuilt_weights_can_be_trained_and_are_independent(tiny_bert: Path) -> None:
    files = checkpoint_to_files(load_checkpoint(tiny_bert))
    first, second = checkpoint_from_files(files), checkpoint_from_files(files)
    with torch.no_grad():
        for weight in first.module.parameters():
            assert weight.requires_grad
            weight.add_(1)
    assert_equal(second, load_checkpoint(tiny_bert))
    assert checkpoint_to_files(second) == files


def test_reading_draws_no_random_numbers(tiny_bert: Path) -> None:
    files = checkpoint_to_files(load_checkpoint(tiny_bert))
    before = torch.random.get_rng_state()
    checkpoint_from_files(files)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_missing_file_is_named(tiny_bert: Path, name: str) -> None:
    files = checkpoint_to_files(load_checkpoint(tiny_bert))
    del files[name]
    with pytest.raises(CheckpointError, match=f"the model folder lacks the file {name}"):
        checkpoint_from_files(files, "the model folder")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_damaged_file_is_named(tiny_bert: Path, name: str) -> None:
    files = checkpoint_to_files(load_checkpoint(tiny_bert))
    files[name] = files[name][:-20]
    with pytest.raises(CheckpointError, match=rf"{name} .*is damaged"):
        checkpoint_from_files(files, "the model folder")


def test_foreign_file_names_are_not_written_anywhere(tiny_bert: Path, tmp_path: Path) -> None:
    files = checkpoint_to_files(load_checkpoint(tiny_bert))
    target = tmp_path / "escaped.txt"
    checkpoint_from_files({**files, str(target): b"", "../../escaped.txt": b""})
    assert not target.exists()


def test_existing_checkpoint_is_replaced(
    tiny_bert: Path, tiny_roberta: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    write_checkpoint(load_checkpoint(tiny_roberta), folder)
    checkpoint = load_checkpoint(tiny_bert)
    write_checkpoint(checkpoint, folder)
    assert_equal(read_checkpoint(folder), checkpoint)
    assert not (folder / "merges.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_checkpoint_is_written_over_the_one_it_was_loaded_from(
    tiny_bert: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "model"))
    write_checkpoint(load_checkpoint(folder), folder)
    assert_equal(read_checkpoint(folder), load_checkpoint(tiny_bert))


def test_empty_folder_is_filled(tiny_bert: Path, tmp_path: Path) -> None:
    write_checkpoint(load_checkpoint(tiny_bert), tmp_path)
    assert_equal(read_checkpoint(tmp_path), load_checkpoint(tiny_bert))


@pytest.mark.parametrize("with_config", [True, False])
def test_folder_with_other_files_is_not_replaced(
    tiny_bert: Path, tmp_path: Path, with_config: bool
) -> None:
    checkpoint = load_checkpoint(tiny_bert)
    folder = tmp_path / "work"
    if with_config:
        write_checkpoint(checkpoint, folder)
    folder.mkdir(exist_ok=True)
    (folder / "thesis.tex").write_text("years of work")
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(CheckpointError, match=r"Will not replace .*work .*holds thesis\.tex"):
        write_checkpoint(checkpoint, folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


def test_folder_with_a_lone_vocabulary_is_not_replaced(tiny_bert: Path, tmp_path: Path) -> None:
    shutil.copy(tiny_bert / "vocab.txt", tmp_path)
    with pytest.raises(CheckpointError, match=r"holds vocab\.txt, which would be lost"):
        write_checkpoint(load_checkpoint(tiny_bert), tmp_path)


def test_file_is_not_replaced(tiny_bert: Path, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("content")
    with pytest.raises(CheckpointError, match="it is a file"):
        write_checkpoint(load_checkpoint(tiny_bert), path)
    assert path.read_text() == "content"


def test_failed_writing_leaves_the_old_checkpoint_and_no_litter(
    tiny_bert: Path, tiny_roberta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    old = load_checkpoint(tiny_roberta)
    write_checkpoint(old, folder)
    new = load_checkpoint(tiny_bert)
    write_bytes = Path.write_bytes

    def disk_full(path: Path, data: bytes) -> int:
        if path.name == "tokenizer.json" and path.parent.name == "new":
            raise OSError("No space left on device")
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(new, folder)
    assert_equal(read_checkpoint(folder), old)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_failed_renaming_brings_the_old_checkpoint_back(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    checkpoint = load_checkpoint(tiny_bert)
    write_checkpoint(checkpoint, folder)
    rename = Path.rename

    def fails_for_the_new(path: Path, target: Path) -> Path:
        if path.name == "new":
            raise OSError("Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails_for_the_new)
    with pytest.raises(OSError, match="Permission denied"):
        write_checkpoint(checkpoint, folder)
    assert_equal(read_checkpoint(folder), checkpoint)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_read_checkpoint_never_asks_the_hub() -> None:
    with pytest.raises(CheckpointError, match="no folder 'bert-base-cased'"):
        read_checkpoint("bert-base-cased")
