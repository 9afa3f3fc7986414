"""Floating-point operations of pretraining, counted, and how fast a machine does them, measured."""

from time import perf_counter

import torch
from transformers import PretrainedConfig

from spacy_spanbert.nn.objectives import POSITION_WIDTH

# Of BERT: the share of pieces that are asked for.
SHARE = 0.15
# Backward takes twice as much as forward: once for the inputs, once for the weights.
PASSES = 3


def encoder_flops(config: PretrainedConfig, window: int) -> int:
    """Count what the encoder does forward for one piece: matrix products, two for each weight.

    Norms, activations and the embeddings' look-up are left out, as is usual.

    config (PretrainedConfig): Of a BERT or RoBERTa.
    window (int): Pieces that each piece attends to.
    RETURNS (int): Floating-point operations.
    """
    width, inner = config.hidden_size, config.intermediate_size
    weights = 4 * width * width + 2 * width * inner
    # attention: the piece's query with each key, and its weights with each value
    products = 2 * window * width
    return int(2 * config.num_hidden_layers * (weights + products))


def output_flops(config: PretrainedConfig) -> int:
    """Count what the output layer does forward for one piece that is asked for.

    config (PretrainedConfig): Of a BERT or RoBERTa.
    RETURNS (int): Floating-point operations.
    """
    return int(2 * config.hidden_size * config.vocab_size)


def boundary_flops(config: PretrainedConfig) -> int:
    """Count what the span boundary objective does forward for one piece that it asks for.

    config (PretrainedConfig): Of a BERT or RoBERTa.
    RETURNS (int): Floating-point operations: two layers, then the output layer.
    """
    width = config.hidden_size
    layers = (2 * width + POSITION_WIDTH) * width + width * width
    return int(2 * layers + output_flops(config))


def training_flops(config: PretrainedConfig, window: int, share: float = SHARE) -> float:
    """Count what training needs for one piece: 3 * (encoder + share * output layer).

    config (PretrainedConfig): Of a BERT or RoBERTa.
    window (int): Pieces of a window.
    share (float): Share of the pieces that are asked for, 0 to 1.
    RETURNS (float): Floating-point operations, forward and backward.
    """
    return PASSES * (encoder_flops(config, window) + share * output_flops(config))


def product_peak(dtype: torch.dtype, size: int, n_rounds: int) -> float:
    """Measure how fast large square matrices are multiplied.

    dtype (dtype): Their number format.
    size (int): Their width and height.
    n_rounds (int): How often; the first one besides is not counted.
    RETURNS (float): Floating-point operations a second, the best of the rounds.
    """
    left, right = (torch.randn(size, size, dtype=torch.float32).to(dtype) for _ in range(2))
    product = torch.empty(size, size, dtype=dtype)
    seconds = []
    for _ in range(n_rounds + 1):
        start = perf_counter()
        torch.mm(left, right, out=product)
        seconds.append(perf_counter() - start)
    return 2 * size**3 / min(seconds[1:])
