"""Whole checkpoints, from folders of every kind."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertForPreTraining,
    BertTokenizerFast,
)

from spacy_spanbert.checkpoints.checkpoint import Checkpoint, CheckpointError
from spacy_spanbert.checkpoints.load import find_folder, join_checkpoint, load_checkpoint
from tests.tiny_encoder import tiny_wordpieces, write_tiny_roberta

TEXT = "The old house on the hill, and Müller's 42 cats."


@pytest.fixture
def folder(tiny_bert: Path, tmp_path: Path) -> Path:
    """A copy of the tiny BERT, to be changed at will."""
    return Path(shutil.copytree(tiny_bert, tmp_path / "copy"))


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def hidden(model: torch.nn.Module, tokenizer: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(**tokenizer(TEXT, return_tensors="pt")).last_hidden_state


def assert_equals_transformers(checkpoint: Checkpoint, folder: Path) -> None:
    expected = hidden(AutoModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder))
    assert torch.equal(hidden(checkpoint.module, checkpoint.tokenizer), expected)


@pytest.mark.parametrize("name", ["tiny_bert", "tiny_roberta"])
def test_checkpoint_equals_what_transformers_loads(
    name: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(name)
    checkpoint = load_checkpoint(folder)
    assert_equals_transformers(checkpoint, folder)
    assert checkpoint.max_pieces == checkpoint.tokenizer.model_max_length == 512
    assert not checkpoint.module.training
    assert {weight.dtype for weight in checkpoint.module.parameters()} == {torch.float32}
    assert all(weight.requires_grad for weight in checkpoint.module.parameters())


def test_checkpoint_in_half_precision_loads_as_float32(folder: Path) -> None:
    AutoModel.from_pretrained(folder).half().save_pretrained(folder)
    module = load_checkpoint(folder).module
    assert {weight.dtype for weight in module.parameters()} == {torch.float32}
    assert module.config.torch_dtype == torch.float32


def test_first_generation_of_checkpoints_loads(tmp_path: Path) -> None:
    """As SpanBERT and SciBERT were published: no model_type, a pickle, prefixes, old names."""
    pieces = tiny_wordpieces(cased=True)
    (tmp_path / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf8")
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    values = config.to_dict()
    for key in ("model_type", "architectures", "transformers_version"):
        del values[key]
    (tmp_path / "config.json").write_text(json.dumps(values))
    whole = BertForPreTraining(config).eval()
    weights = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in whole.state_dict().items()
    }
    torch.save(weights, tmp_path / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="pieces with capitals"):
        load_checkpoint(tmp_path)
    checkpoint = load_checkpoint(tmp_path, cased=True)
    assert checkpoint.tokenizer.tokenize("The") == ["The"]
    found = hidden(checkpoint.module, checkpoint.tokenizer)
    assert torch.equal(found, hidden(whole.bert, checkpoint.tokenizer))
    assert checkpoint.module.pooler is not None


def test_tokenizer_may_come_from_elsewhere(folder: Path, tiny_bert: Path) -> None:
    for name in ("vocab.txt", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    assert_equals_transformers(load_checkpoint(folder, tokenizer=tiny_bert), tiny_bert)


def test_tokenizer_with_more_pieces_than_vectors_is_refused(
    tiny_bert: Path, tmp_path: Path
) -> None:
    tokenizer = BertTokenizerFast.from_pretrained(tiny_bert)
    tokenizer.add_tokens(["gene", "enzyme"])
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(
        CheckpointError, match="vectors for 670 pieces, but its tokenizer numbers 672"
    ):
        load_checkpoint(tiny_bert, tokenizer=tmp_path)


def test_special_pieces_added_behind_the_vocabulary_are_refused(tiny_bert: Path) -> None:
    checkpoint = load_checkpoint(tiny_bert)
    checkpoint.tokenizer.add_special_tokens({"additional_special_tokens": ["[NEW]"]})
    with pytest.raises(CheckpointError, match="670 pieces, but its tokenizer numbers 671"):
        join_checkpoint(checkpoint.module, checkpoint.tokenizer, "here")


@pytest.mark.parametrize("length", [int(1e30), 128, 7])
def test_model_max_length_of_the_tokenizer_does_not_count(folder: Path, length: int) -> None:
    edit_json(folder / "tokenizer_config.json", model_max_length=length)
    checkpoint = load_checkpoint(folder)
    assert checkpoint.max_pieces == checkpoint.tokenizer.model_max_length == 512


def test_two_rows_of_robertas_table_are_not_positions(tmp_path: Path) -> None:
    folder = write_tiny_roberta(tmp_path, max_pieces=64)
    checkpoint = load_checkpoint(folder)
    assert checkpoint.module.config.max_position_embeddings == 66
    assert checkpoint.max_pieces == 64


@pytest.mark.parametrize(
    "damage",
    [b'{"model_type": "bert"', b"", b"\xff", b"[]", b'{"model_type": "bert", "hidden'],
)
def test_damaged_config_is_named(folder: Path, damage: bytes) -> None:
    (folder / "config.json").write_bytes(damage)
    with pytest.raises(CheckpointError, match=r"copy/config\.json is damaged"):
        load_checkpoint(folder)


def test_folder_without_config_is_named_with_what_it_holds(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"copy is not a checkpoint.*model\.safetensors"):
        load_checkpoint(folder)


def test_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is not a checkpoint.*holds nothing"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("model_type", ["no-such-model", None, 3])
def test_unknown_model_type_is_named(folder: Path, model_type: object) -> None:
    edit_json(folder / "config.json", model_type=model_type)
    with pytest.raises(CheckpointError, match=rf"config\.json has the model_type '{model_type}'"):
        load_checkpoint(folder)


@pytest.mark.parametrize("change", [{"hidden_size": "wide"}, {"num_attention_heads": 0}])
def test_config_with_impossible_values_is_explained(folder: Path, change: dict[str, Any]) -> None:
    edit_json(folder / "config.json", **change)
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load_checkpoint(folder)


def test_truncated_weights_are_named(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match=r"copy/model\.safetensors"):
        load_checkpoint(folder)


def test_folder_without_weights_is_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="copy has no weights"):
        load_checkpoint(folder)


def test_code_in_the_folder_is_never_run(folder: Path) -> None:
    (folder / "code.py").write_text("raise SystemError('the code of the checkpoint was run')")
    edit_json(folder / "config.json", auto_map={"AutoModel": "code.Mine", "AutoConfig": "code.My"})
    module = load_checkpoint(folder).module
    assert hasattr(module, "encoder")
    assert "auto_map" not in module.config.to_json_string()
    edit_json(folder / "config.json", model_type="mine")
    with pytest.raises(CheckpointError, match="bring their own code are not loaded"):
        load_checkpoint(folder)


def test_missing_folder_is_named() -> None:
    with pytest.raises(CheckpointError, match=r"no folder '\./missing'"):
        load_checkpoint("./missing")


def test_found_folder_is_the_source_itself(tiny_bert: Path) -> None:
    assert find_folder(str(tiny_bert)) == tiny_bert


def test_checkpoint_does_not_remember_where_it_lay(folder: Path) -> None:
    edit_json(folder / "config.json", _name_or_path="/home/somebody/model")
    assert "somebody" not in str(load_checkpoint(folder).module.config.to_dict())
