"""Weights: safetensors, pickles read safely, shards, damage."""

import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.weights import as_float32, read_weights

Weights = dict[str, torch.Tensor]


@pytest.fixture
def expected(tiny_bert: Path) -> Weights:
    return load_file(tiny_bert / "model.safetensors")


class Bomb:
    """What a malicious pickle holds: a call."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.target),)


def assert_equal(found: Weights, expected: Weights) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_safetensors_is_read(tiny_bert: Path, expected: Weights) -> None:
    assert_equal(read_weights(tiny_bert), expected)


def test_safetensors_is_preferred_to_a_pickle(tmp_path: Path, expected: Weights) -> None:
    save_file(expected, tmp_path / "model.safetensors")
    torch.save({"other": torch.ones(1)}, tmp_path / "pytorch_model.bin")
    assert_equal(read_weights(tmp_path), expected)


@pytest.mark.parametrize("is_zip", [True, False])
def test_pickle_of_tensors_is_read(tmp_path: Path, expected: Weights, is_zip: bool) -> None:
    torch.save(expected, tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=is_zip)
    assert_equal(read_weights(tmp_path), expected)


@pytest.mark.parametrize("is_zip", [True, False])
def test_pickle_that_would_run_code_is_refused_and_does_not_run(
    tmp_path: Path, is_zip: bool
) -> None:
    target = tmp_path / "made_by_the_pickle"
    path = tmp_path / "pytorch_model.bin"
    torch.save({"weight": Bomb(target)}, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin.*other than tensors"):
        read_weights(tmp_path)
    assert not target.exists()


@pytest.mark.parametrize("content", [[torch.ones(1)], {"a": torch.ones(1), "epoch": 3}])
def test_pickle_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin does not hold"):
        read_weights(tmp_path)


@pytest.mark.parametrize("form", ["safetensors", "bin"])
def test_weights_in_several_files_are_joined(tmp_path: Path, expected: Weights, form: str) -> None:
    names = sorted(expected)
    stem = "model" if form == "safetensors" else "pytorch_model"
    parts = {
        f"{stem}-00001-of-00002.{form}": names[::2],
        f"{stem}-00002-of-00002.{form}": names[1::2],
    }
    save = save_file if form == "safetensors" else torch.save
    for part, part_names in parts.items():
        save({name: expected[name] for name in part_names}, tmp_path / part)
    weight_map = {name: part for part, part_names in parts.items() for name in part_names}
    (tmp_path / f"{stem}.{form}.index.json").write_text(json.dumps({"weight_map": weight_map}))
    assert_equal(read_weights(tmp_path), expected)


def test_missing_part_is_named(tmp_path: Path) -> None:
    index = {"weight_map": {"weight": "model-00001-of-00002.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match=r"'model-00001-of-00002\.safetensors'"):
        read_weights(tmp_path)


@pytest.mark.parametrize(
    "index", ["{", "[]", "{}", '{"weight_map": 3}', '{"weight_map": {"a": 1}}']
)
def test_damaged_index_is_named(tmp_path: Path, index: str) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(index)
    with pytest.raises(CheckpointError, match=r"model\.safetensors\.index\.json"):
        read_weights(tmp_path)


@pytest.mark.parametrize("n_bytes", [0, 4, 100, 50_000])
def test_truncated_safetensors_is_named(tiny_bert: Path, tmp_path: Path, n_bytes: int) -> None:
    whole = (tiny_bert / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[:n_bytes])
    with pytest.raises(CheckpointError, match=r"model\.safetensors: the file is damaged"):
        read_weights(tmp_path)


@pytest.mark.parametrize("n_bytes", [0, 4, 100, 50_000])
@pytest.mark.parametrize("is_zip", [True, False])
def test_truncated_pickle_is_named(
    tmp_path: Path, expected: Weights, n_bytes: int, is_zip: bool
) -> None:
    path = tmp_path / "pytorch_model.bin"
    torch.save(expected, path, _use_new_zipfile_serialization=is_zip)
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(CheckpointError, match=r"pytorch_model\.bin: the file is damaged"):
        read_weights(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_pointer_instead_of_weights_is_explained(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(CheckpointError, match="git lfs pull"):
        read_weights(tmp_path)


def test_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        CheckpointError, match=r"has no weights: expected one of model\.safetensors"
    ):
        read_weights(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_floating_point_becomes_float32_and_integers_stay(
    tmp_path: Path, dtype: torch.dtype
) -> None:
    save_file(
        {"weight": torch.tensor([0.5], dtype=dtype), "position_ids": torch.arange(3)},
        tmp_path / "model.safetensors",
    )
    found = read_weights(tmp_path)
    assert found["weight"].dtype == torch.float32
    assert found["position_ids"].dtype == torch.int64


def test_weights_outlive_their_file(tiny_bert: Path, tmp_path: Path, expected: Weights) -> None:
    path = tmp_path / "model.safetensors"
    shutil.copy(tiny_bert / "model.safetensors", path)
    found = read_weights(tmp_path)
    path.write_bytes(bytes(path.stat().st_size))
    assert_equal(found, expected)


def test_float32_without_copy_is_the_same_tensor() -> None:
    tensor = torch.ones(2)
    assert as_float32(tensor) is tensor
    assert as_float32(tensor, copy=True) is not tensor
