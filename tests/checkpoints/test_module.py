"""Modules: whatever the names of the weights, the same encoder; and never a random layer."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModel,
    BertForPreTraining,
    DistilBertConfig,
    DistilBertModel,
    GPT2Config,
    PretrainedConfig,
    RobertaForMaskedLM,
    T5Config,
)

from spacy_spanbert.checkpoints.checkpoint import CheckpointError, longest_input
from spacy_spanbert.checkpoints.config import read_config
from spacy_spanbert.checkpoints.module import build_module
from spacy_spanbert.checkpoints.weights import Weights, read_weights
from tests.tiny_encoder import write_tiny_bert, write_tiny_roberta

PIECES = torch.tensor([[2, 40, 41, 42, 3]])


@pytest.fixture
def config(tiny_bert: Path) -> PretrainedConfig:
    return read_config(tiny_bert)


@pytest.fixture
def weights(tiny_bert: Path) -> Weights:
    return read_weights(tiny_bert)


@pytest.fixture
def expected(tiny_bert: Path) -> torch.Tensor:
    with torch.no_grad():
        return AutoModel.from_pretrained(tiny_bert)(PIECES).last_hidden_state


def hidden(module: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return module(PIECES).last_hidden_state


def with_prefix(prefix: str) -> Callable[[Weights], Weights]:
    return lambda weights: {f"{prefix}{name}": tensor for name, tensor in weights.items()}


def with_old_names(weights: Weights) -> Weights:
    return {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): tensor
        for name, tensor in weights.items()
    }


def with_heads(weights: Weights) -> Weights:
    heads = {
        "cls.predictions.bias": torch.ones(7),
        "cls.seq_relationship.weight": torch.ones(2, 32),
        "embeddings.position_ids": torch.arange(512)[None],
    }
    return {**weights, **heads}


CHANGES: dict[str, Callable[[Weights], Weights]] = {
    "as saved": lambda weights: weights,
    "bert.": with_prefix("bert."),
    "module.bert.": with_prefix("module.bert."),
    "0.auto_model.": with_prefix("0.auto_model."),
    "old names": with_old_names,
    "bert. and old names": lambda weights: with_prefix("bert.")(with_old_names(weights)),
    "heads": with_heads,
    "bert. and heads": lambda weights: with_heads(with_prefix("bert.")(weights)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_names_of_weights_do_not_matter(
    change: Callable[[Weights], Weights],
    config: PretrainedConfig,
    weights: Weights,
    expected: torch.Tensor,
) -> None:
    module = build_module(config, change(weights), "here")
    assert torch.equal(hidden(module), expected)
    assert module.pooler is not None
    assert not module.training


@pytest.mark.parametrize("model_class", [BertForPreTraining, RobertaForMaskedLM])
def test_checkpoint_with_heads_loads_as_transformers_does(
    model_class: type, tmp_path: Path
) -> None:
    write = write_tiny_bert if model_class is BertForPreTraining else write_tiny_roberta
    config = read_config(write(tmp_path / "body"))
    whole = model_class(config).eval()
    whole.save_pretrained(tmp_path / "whole")
    module = build_module(config, read_weights(tmp_path / "whole"), "here")
    assert torch.equal(hidden(module), hidden(whole.base_model))
    assert (module.pooler is None) == (whole.base_model.pooler is None)


def test_pooler_is_absent_where_the_weights_have_none(
    config: PretrainedConfig, weights: Weights, expected: torch.Tensor
) -> None:
    body = {name: tensor for name, tensor in weights.items() if not name.startswith("pooler.")}
    module = build_module(config, body, "here")
    assert module.pooler is None
    assert torch.equal(hidden(module), expected)


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_each_missing_weight_is_named(
    config: PretrainedConfig, weights: Weights, prefix: str
) -> None:
    for name in weights:
        rest = {f"{prefix}{n}": tensor for n, tensor in weights.items() if n != name}
        with pytest.raises(CheckpointError, match=f"here lack {name}, which"):
            build_module(config, rest, "here")


def test_missing_layer_is_named(config: PretrainedConfig, weights: Weights) -> None:
    config.num_hidden_layers = 3
    with pytest.raises(CheckpointError, match=r"lack encoder\.layer\.2\..* and 11 more"):
        build_module(config, weights, "here")


def test_layer_that_the_config_leaves_out_is_named(
    config: PretrainedConfig, weights: Weights
) -> None:
    config.num_hidden_layers = 1
    with pytest.raises(CheckpointError, match=r"more layers than.*encoder\.layer\.1\."):
        build_module(config, weights, "here")


def test_wrong_shape_is_named(config: PretrainedConfig, weights: Weights) -> None:
    config.vocab_size += 1
    with pytest.raises(CheckpointError, match=r"word_embeddings\.weight has the shape \(670, 32\)"):
        build_module(config, weights, "here")


def test_foreign_weights_are_refused(config: PretrainedConfig) -> None:
    with pytest.raises(CheckpointError, match=r"hold nothing that its config\.json calls for"):
        build_module(config, {"linear.weight": torch.ones(1)}, "here")


def test_two_encoders_in_one_file_are_refused(config: PretrainedConfig, weights: Weights) -> None:
    two = {**with_prefix("query.")(weights), **with_prefix("passage.")(weights)}
    with pytest.raises(CheckpointError, match=r"more than one encoder, under 'query\.' and"):
        build_module(config, two, "here")


@pytest.mark.parametrize("other", [GPT2Config(), T5Config()])
def test_anything_but_a_bidirectional_encoder_is_refused(other: PretrainedConfig) -> None:
    other.is_decoder = True
    with pytest.raises(CheckpointError, match="not a bidirectional encoder"):
        build_module(other, {}, "here")


def test_config_that_makes_no_encoder_is_explained(
    config: PretrainedConfig, weights: Weights
) -> None:
    config.num_attention_heads = 5
    with pytest.raises(CheckpointError, match=r"does not describe an encoder.*attention heads"):
        build_module(config, weights, "here")


def test_module_without_optional_pooler_is_built() -> None:
    config = DistilBertConfig(vocab_size=50, dim=8, n_layers=1, n_heads=2, hidden_dim=16)
    source = DistilBertModel(config).eval()
    module = build_module(config, dict(source.state_dict()), "here")
    assert torch.equal(hidden(module), hidden(source))
    assert longest_input(module) == 512


def test_building_is_silent_and_draws_no_random_numbers(
    config: PretrainedConfig,
    weights: Weights,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)
    before = torch.random.get_rng_state()
    try:
        build_module(config, with_heads(weights), "here")
    finally:
        logger.removeHandler(caplog.handler)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("n_pieces", [128, 512])
def test_table_of_positions_decides_the_longest_input(tmp_path: Path, n_pieces: int) -> None:
    bert = AutoModel.from_pretrained(write_tiny_bert(tmp_path / "b", max_pieces=n_pieces))
    roberta = AutoModel.from_pretrained(write_tiny_roberta(tmp_path / "r", max_pieces=n_pieces))
    for module in (bert, roberta):
        longest = longest_input(module)
        assert longest == n_pieces
        pieces = torch.full((1, longest), 7)
        module(pieces)  # the longest input fits
        with pytest.raises((IndexError, RuntimeError)):
            module(torch.cat([pieces, pieces[:, :1]], dim=1))  # one more does not


def test_longest_input_without_a_table_comes_from_the_config(config: PretrainedConfig) -> None:
    class Bare(torch.nn.Module):
        def __init__(self, config: PretrainedConfig) -> None:
            super().__init__()
            self.config = config

    bare = Bare(config)
    assert longest_input(bare) == 512  # type: ignore[arg-type]
    config.max_position_embeddings = -1
    with pytest.raises(CheckpointError, match="Cannot tell how many pieces"):
        longest_input(bare)  # type: ignore[arg-type]
