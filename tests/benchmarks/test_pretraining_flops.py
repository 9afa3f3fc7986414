"""The count of operations, against torch's own count of a real forward pass."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertForMaskedLM, BertModel

from benchmarks.pretraining_flops import (
    boundary_flops,
    encoder_flops,
    output_flops,
    product_peak,
    training_flops,
)
from spacy_spanbert.nn.objectives import SpanBoundaryHead

CONFIG = BertConfig(
    vocab_size=70,
    hidden_size=16,
    num_hidden_layers=3,
    num_attention_heads=2,
    intermediate_size=40,
    max_position_embeddings=24,
)


def counted(module: torch.nn.Module, *arguments: torch.Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        module(*arguments)
    return counter.get_total_flops()


@pytest.mark.parametrize("window", [5, 24])
def test_the_encoder_does_what_torch_counts(window: int):
    encoder = BertModel(CONFIG, add_pooling_layer=False)
    ids = torch.zeros(2, window, dtype=torch.long)
    assert counted(encoder, ids) == 2 * window * encoder_flops(CONFIG, window)


def test_the_output_layer_does_what_torch_counts():
    decoder = BertForMaskedLM(CONFIG).cls.predictions.decoder
    assert counted(decoder, torch.zeros(6, 16)) == 6 * output_flops(CONFIG)


def test_the_boundary_head_does_what_torch_counts():
    head = SpanBoundaryHead(16, 16)
    around = torch.zeros(6, 16)
    places = torch.zeros(6, dtype=torch.long)
    both = counted(head, around, around, places) + 6 * output_flops(CONFIG)
    assert both == 6 * boundary_flops(CONFIG)


def test_training_is_three_times_forward_and_asks_for_a_share():
    assert training_flops(CONFIG, 24, share=0.0) == 3 * encoder_flops(CONFIG, 24)
    extra = training_flops(CONFIG, 24) - training_flops(CONFIG, 24, share=0.0)
    assert extra == pytest.approx(3 * 0.15 * output_flops(CONFIG))


def test_the_peak_is_of_the_fastest_round():
    assert product_peak(torch.float32, 32, 3) > 1e6
