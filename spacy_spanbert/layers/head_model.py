"""What the models of all heads are: a torch module above the vectors of another layer."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from thinc.api import Model
from torch import nn

from spacy_spanbert.layers.precision import Precision
from spacy_spanbert.layers.torch_shim import TorchShim


def head_model(
    name: str,
    forward: Callable[..., Any],
    *,
    tok2vec: Model[Any, Any],
    module: Callable[..., nn.Module],
    settings: Mapping[str, Any],
    learned_sizes: tuple[str, ...] = ("input_width", "n_outputs"),
    precision: Precision = "float32",
) -> Model[Any, Any]:
    """Build the model of a head, which has no weights yet: see make_module.

    name (str): The model's name.
    forward (Callable): thinc's forward function.
    tok2vec (Model[Any, Any]): Gives the vectors; it is the model's reference "tok2vec".
    module (Callable[..., nn.Module]): The module's class.
    settings (Mapping[str, Any]): Its arguments that the config names.
    learned_sizes (tuple[str, ...]): Its arguments that are known at initialization.
    precision (Precision): Of its matrix products.
    RETURNS (Model[Any, Any]): The model; its output dimension is unknown.
    RAISES (SpanbertError): If a setting cannot be.
    """
    with torch.device("meta"):  # refuses what cannot be, at no cost
        module(**settings, **dict.fromkeys(learned_sizes, 1))
    return Model(
        name,
        forward,
        layers=[tok2vec],
        refs={"tok2vec": tok2vec},
        shims=[TorchShim(None, build=module, precision=precision)],
        dims={"nO": None},
        attrs={"settings": dict(settings)},
    )


def head_shim(model: Model[Any, Any]) -> TorchShim:
    """RETURNS (TorchShim): What holds the module of a head_model."""
    shim = model.shims[0]
    assert isinstance(shim, TorchShim)
    return shim


def make_module(model: Model[Any, Any], *, n_outputs: int, **sizes: Any) -> None:
    """Make the weights of a head_model, in place of those it has.

    model (Model[Any, Any]): The model.
    n_outputs (int): Its output dimension.
    sizes (Any): The other arguments of its module that the config does not name.
    """
    shim = head_shim(model)
    assert shim.build is not None
    shim.set_module(shim.build(**model.attrs["settings"], **sizes, n_outputs=n_outputs))
    model.set_dim("nO", n_outputs, force=True)
