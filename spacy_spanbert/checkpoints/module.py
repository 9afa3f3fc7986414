"""Config and weights -> the body of the encoder, with no weight left to chance."""

import copy
import inspect
import re
from collections import Counter
from typing import Any

import torch
from transformers import MODEL_MAPPING, PretrainedConfig, PreTrainedModel

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.quiet import quiet
from spacy_spanbert.checkpoints.weights import Weights

OLD_NAMES = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}


def build_module(config: PretrainedConfig, weights: Weights, origin: str) -> PreTrainedModel:
    """Build an encoder around the given weights.

    Nothing is initialised at random first: the module takes the tensors themselves. Heads in
    the weights are left out; a pooler is built only if there are weights for it.

    config (PretrainedConfig): What to build.
    weights (dict[str, Tensor]): By name; names may carry a prefix such as "bert.", and
        layer norms their old names (gamma, beta).
    origin (str): Where they come from, for messages.
    RETURNS (PreTrainedModel): float32, in evaluation mode.
    RAISES (CheckpointError): When weights are missing, too many layers, or of the wrong shape.
    """
    module_class = _module_class(config, origin)
    shapes = _expected_shapes(module_class, config, origin)
    body = _body_weights(weights, shapes, origin)
    _check_shapes(body, shapes, origin)
    options = {}
    if not any(name.startswith("pooler.") for name in body) and _has_optional_pooler(module_class):
        options["add_pooling_layer"] = False
    with quiet():
        module, found = module_class.from_pretrained(
            None,
            config=config,
            state_dict=body,
            torch_dtype=torch.float32,
            output_loading_info=True,
            **options,
        )
    if found["missing_keys"]:
        raise CheckpointError(
            f"The weights of {origin} lack {_some(found['missing_keys'])}, which its config.json "
            "calls for. They would have to be made up; fetch the whole checkpoint, or correct the "
            "config."
        )
    _check_no_layer_is_lost(found["unexpected_keys"], shapes, origin)
    return module.eval()


def _module_class(config: PretrainedConfig, origin: str) -> type[PreTrainedModel]:
    found: Any = MODEL_MAPPING.get(type(config), None)
    module_class = found[0] if isinstance(found, tuple) else found
    if module_class is None or config.is_decoder or config.is_encoder_decoder:
        raise CheckpointError(
            f"The checkpoint {origin} is of type {config.model_type!r}, not a bidirectional "
            "encoder. Expected a model such as BERT or RoBERTa (is_decoder must be false)."
        )
    return module_class


def _has_optional_pooler(module_class: type[PreTrainedModel]) -> bool:
    return "add_pooling_layer" in inspect.signature(module_class.__init__).parameters


def _expected_shapes(
    module_class: type[PreTrainedModel], config: PretrainedConfig, origin: str
) -> dict[str, torch.Size]:
    try:
        with torch.device("meta"), quiet():
            skeleton = module_class(copy.deepcopy(config))
    except (ValueError, TypeError, AttributeError, KeyError, RuntimeError, ArithmeticError) as err:
        raise CheckpointError(
            f"The config.json of {origin} does not describe an encoder that can be built: {err}"
        ) from err
    return {name: tensor.shape for name, tensor in skeleton.state_dict().items()}


def _body_weights(weights: Weights, shapes: dict[str, torch.Size], origin: str) -> Weights:
    for old, new in OLD_NAMES.items():
        weights = {name.replace(old, new): tensor for name, tensor in weights.items()}
    prefixes: Counter[str] = Counter()
    for name in weights:
        parts = name.split(".")
        tails = [(".".join(parts[:i]), ".".join(parts[i:])) for i in range(len(parts))]
        prefixes.update(f"{head}." if head else "" for head, tail in tails if tail in shapes)
    if not prefixes:
        raise CheckpointError(
            f"The weights of {origin} hold nothing that its config.json calls for: expected names "
            f"such as {_some(list(shapes))}, but got {_some(list(weights))}."
        )
    (prefix, n_found), *others = prefixes.most_common(2)
    if others and others[0][1] == n_found:
        raise CheckpointError(
            f"The weights of {origin} hold more than one encoder, under {prefix!r} and "
            f"{others[0][0]!r}. Save the one to use as a checkpoint of its own."
        )
    return {n.removeprefix(prefix): t for n, t in weights.items() if n.startswith(prefix)}


def _check_shapes(body: Weights, shapes: dict[str, torch.Size], origin: str) -> None:
    for name, tensor in body.items():
        if name in shapes and tensor.shape != shapes[name]:
            raise CheckpointError(
                f"The weights of {origin} do not fit its config.json: {name} has the shape "
                f"{tuple(tensor.shape)}, but the config calls for {tuple(shapes[name])}."
            )


def _check_no_layer_is_lost(names: list[str], shapes: dict[str, torch.Size], origin: str) -> None:
    for name in names:
        layer = re.match(r"(.+?\.)\d+\.", name)
        if layer and any(known.startswith(f"{layer[1]}0.") for known in shapes):
            raise CheckpointError(
                f"The weights of {origin} have more layers than its config.json: {name} would be "
                "left out. Correct the number of layers in the config."
            )


def _some(names: list[str]) -> str:
    n_more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {n_more} more" if n_more > 0 else "")
