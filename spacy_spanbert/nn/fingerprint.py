"""Telling encoders apart by a look at their weights."""

import hashlib
from typing import Any

SAMPLED_VALUES = 64


def encoder_fingerprint(module: Any) -> str:
    """Make a short name for what an encoder computes.

    It is made of the names and shapes of all weights and of some values of each, which takes
    milliseconds. Training moves all values of what it moves, so some are enough to see it. A pooler
    does not count: no vector goes through it.

    module (PreTrainedModel): The encoder, on any device.
    RETURNS (str): 16 hexadecimal digits, the same on every machine and after saving and loading.
    """
    config = module.config
    shape = [type(module).__name__, config.num_hidden_layers, config.num_attention_heads]
    digest = hashlib.sha256(repr(shape).encode())
    for name, parameter in sorted(module.named_parameters()):
        if name.startswith("pooler."):
            continue
        digest.update(f"{name} {tuple(parameter.shape)}".encode())
        # odd, so that it does not stay in one column of a matrix
        step = parameter.numel() // SAMPLED_VALUES | 1
        values = parameter.detach().flatten()[::step]
        digest.update(values.float().cpu().numpy().astype("<f4").tobytes())
    return digest.hexdigest()[:16]
