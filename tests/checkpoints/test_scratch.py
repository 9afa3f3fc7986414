"""Encoders from scratch: sizes, parameters counted by hand, reproducible weights."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertModel

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.load import load_checkpoint, load_tokenizer
from spacy_spanbert.checkpoints.scratch import build_checkpoint, count_parameters, size_config
from tests.tiny_encoder import write_tiny_bert

TINY = {"n_layers": 2, "width": 16, "n_heads": 2, "max_pieces": 64}


def parameters_by_hand(config: BertConfig) -> int:
    width, inner = config.hidden_size, config.intermediate_size
    norm = 2 * width
    n_rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    embeddings = n_rows * width + norm
    attention = 4 * (width * width + width) + norm  # query, key, value, output
    feed_forward = (width * inner + inner) + (inner * width + width) + norm
    pooler = width * width + width
    return embeddings + config.num_hidden_layers * (attention + feed_forward) + pooler


def test_empty_size_is_bert_base_with_30000_pieces() -> None:
    config = size_config({})
    assert config.num_hidden_layers == 12
    assert config.hidden_size == 768
    assert config.num_attention_heads == 12
    assert config.vocab_size == 30_000
    assert config.max_position_embeddings == 512
    assert config.intermediate_size == 3072
    assert config.hidden_dropout_prob == config.attention_probs_dropout_prob == 0.1


def test_parameters_of_bert_base_are_counted() -> None:
    # (30,000 + 512 + 2 + 2) * 768 + 12 * 7,087,872 + 590,592
    assert count_parameters(size_config({})) == 109_081_344
    assert parameters_by_hand(size_config({})) == 109_081_344


@settings(max_examples=10, deadline=None)
@given(
    n_layers=st.integers(1, 3),
    n_heads=st.integers(1, 4),
    head_width=st.integers(1, 8),
    n_pieces=st.integers(1, 50),
    max_pieces=st.integers(1, 50),
    intermediate_width=st.none() | st.integers(1, 50),
)
def test_parameters_equal_the_formula_and_the_built_module(
    n_layers: int, n_heads: int, head_width: int, **rest: Any
) -> None:
    size = {"n_layers": n_layers, "n_heads": n_heads, "width": n_heads * head_width, **rest}
    config = size_config(size)
    n_parameters = count_parameters(config)
    assert n_parameters == parameters_by_hand(config)
    assert n_parameters == sum(weights.numel() for weights in BertModel(config).parameters())


def test_counting_allocates_nothing() -> None:
    size = {"width": 2**20, "n_heads": 2**10, "n_layers": 1, "n_pieces": 10**9}  # petabytes
    assert count_parameters(size_config(size)) == parameters_by_hand(size_config(size))


def test_inner_width_follows_the_width() -> None:
    assert size_config({"width": 24}).intermediate_size == 96
    assert size_config({"width": 24, "intermediate_width": 7}).intermediate_size == 7


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({"layers": 3}, r"has no layers\. Expected some of n_layers, width, n_heads"),
        ({"width": 100}, r"multiple of n_heads, but 100 is none of 12: take 96 or 108"),
        ({"width": 5}, r"is none of 12: take 12\."),
        ({"n_layers": 0}, r"n_layers must be a whole number of at least 1, but got 0"),
        ({"n_layers": True}, r"n_layers must be a whole number.*got True"),
        ({"width": 768.0}, r"width must be a whole number.*got 768\.0"),
        ({"width": "768"}, r"width must be a whole number.*got '768'"),
        ({"width": None}, r"width must be a whole number.*got None"),
        ({"intermediate_width": 0}, r"intermediate_width must be a whole number"),
        ({"dropout": 1}, r"dropout must be a number from 0 to below 1, but got 1"),
        ({"dropout": "0.1"}, r"dropout must be a number"),
        ({"attention_dropout": -0.1}, r"attention_dropout must be a number.*got -0\.1"),
    ],
)
def test_wrong_size_is_taught(size: dict[str, Any], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        size_config(size)


def test_pieces_follow_the_tokenizer(tiny_bert: Path) -> None:
    checkpoint = build_checkpoint(TINY, tiny_bert)
    n_pieces = len(load_tokenizer(tiny_bert))
    assert checkpoint.module.config.vocab_size == n_pieces
    assert checkpoint.max_pieces == checkpoint.tokenizer.model_max_length == 64
    assert not checkpoint.module.training


def test_more_rows_than_pieces_are_allowed(tiny_bert: Path) -> None:
    checkpoint = build_checkpoint({**TINY, "n_pieces": 704}, tiny_bert)
    assert checkpoint.module.config.vocab_size == 704


def test_fewer_rows_than_pieces_are_refused(tiny_bert: Path) -> None:
    with pytest.raises(CheckpointError, match=r"n_pieces = 669, but .* has 670 pieces"):
        build_checkpoint({**TINY, "n_pieces": 669}, tiny_bert)


def test_folder_with_nothing_but_a_vocabulary_is_enough(tiny_bert: Path, tmp_path: Path) -> None:
    shutil.copy(tiny_bert / "vocab.txt", tmp_path)
    assert build_checkpoint(TINY, tmp_path).tokenizer.tokenize("The") == ["the"]


def test_casing_is_asked_for_here_too(tmp_path: Path) -> None:
    shutil.copy(write_tiny_bert(tmp_path / "bert", cased=True) / "vocab.txt", tmp_path)
    with pytest.raises(CheckpointError, match="pieces with capitals"):
        build_checkpoint(TINY, tmp_path)
    assert build_checkpoint(TINY, tmp_path, cased=True).tokenizer.tokenize("The") == ["The"]


def test_padding_follows_the_tokenizer(tiny_roberta: Path) -> None:
    checkpoint = build_checkpoint(TINY, tiny_roberta)
    assert checkpoint.module.config.pad_token_id == checkpoint.tokenizer.pad_token_id == 1


def test_equal_seeds_give_equal_weights_and_others_do_not(tiny_bert: Path) -> None:
    first, same, other = (
        build_checkpoint(TINY, tiny_bert, seed=seed).module.state_dict() for seed in (1, 1, 2)
    )
    assert all(torch.equal(first[name], same[name]) for name in first)
    name = "encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(first[name], other[name])


def test_random_state_is_left_as_it_was(tiny_bert: Path) -> None:
    before = torch.random.get_rng_state()
    build_checkpoint(TINY, tiny_bert, seed=5)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_weights_do_not_depend_on_the_random_state(tiny_bert: Path) -> None:
    torch.manual_seed(10)
    first = build_checkpoint(TINY, tiny_bert).module.state_dict()
    torch.manual_seed(11)
    second = build_checkpoint(TINY, tiny_bert).module.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_weights_are_drawn_as_in_bert(tiny_bert: Path) -> None:
    weights = build_checkpoint({**TINY, "width": 128}, tiny_bert).module.state_dict()
    query = weights["encoder.layer.1.attention.self.query.weight"]
    assert query.std().item() == pytest.approx(0.02, rel=0.05)
    assert weights["encoder.layer.1.attention.self.query.bias"].eq(0).all()
    assert weights["embeddings.word_embeddings.weight"][0].eq(0).all()  # the padding piece


def test_loaded_tokenizer_fits_the_checkpoint_it_came_from(tiny_bert: Path) -> None:
    built = build_checkpoint(TINY, tiny_bert)
    assert built.tokenizer.get_vocab() == load_checkpoint(tiny_bert).tokenizer.get_vocab()
