"""How vectors were made: what can be compared with what."""

from collections.abc import Mapping, Sequence
from typing import Any

from spacy_spanbert.layers.encoder_shim import EncoderShim
from spacy_spanbert.nn.fingerprint import encoder_fingerprint
from spacy_spanbert.nn.layer_mean import choose_layers


def vector_origin(shim: EncoderShim, layers: str | Sequence[int], pooling: str) -> dict[str, Any]:
    """Tell how an encoder makes vectors of words, before any transform.

    shim (EncoderShim): The encoder, with weights.
    layers (str | Sequence[int]): The layers, as in VectorSettings.
    pooling (str): "mean" or "first".
    RETURNS (dict[str, Any]): In JSON values: `encoder`, its fingerprint; `layers`, their numbers;
        `pooling`.
    RAISES (ValueError): If the encoder has no such layer.
    """
    chosen = choose_layers(layers, shim.module.config.num_hidden_layers)
    fingerprint = encoder_fingerprint(shim.module)
    return {"encoder": fingerprint, "layers": list(chosen), "pooling": pooling}


def describe_differences(made: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say in what the making of two sets of vectors differs.

    made (Mapping[str, Any]): How those at hand were made.
    now (Mapping[str, Any]): How those to be set beside them are made.
    RETURNS (str): "layers [1], here [1, 2]; ..."; empty if all is equal that both tell.
    """
    keys = [key for key in now if key in made and made[key] != now[key]]
    return "; ".join(f"{key} {made[key]}, here {now[key]}" for key in keys)
