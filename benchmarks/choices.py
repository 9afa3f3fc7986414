"""The choices that representations.py compares: each changes one thing of the shipped config."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from spacy.util import load_config, load_model_from_config
from thinc.api import Config

from benchmarks.peers import SPANBERT_CONFIG
from spacy_spanbert.nn.representations import REPRESENTATIONS

_HEAD = "components.spanbert_spancat"
_LEARN_RATE = "training.optimizer.learn_rate.initial_rate"
_LR_SCALE = "components.spanbert.lr_scale"
# Most spans have no label: what makes those that have one count more.
_IMBALANCE: dict[str, dict[str, float]] = {
    "nothing": {},
    "positive_weight 2": {"positive_weight": 2.0},
    "none_weight 0.5": {"none_weight": 0.5},
    "focal_gamma 2": {"focal_gamma": 2.0},
    "half of the negatives": {"negatives": 0.5},
}


@dataclass(frozen=True)
class Choice:
    """One way to do one thing.

    group (str): The thing.
    name (str): The way.
    changes (dict[str, Any]): Values of the config, by dotted name.
    layout (str): "sentences" or "documents".
    """

    group: str
    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    layout: str = "sentences"


SHIPPED = Choice("shipped config", "")


def shipped_config() -> Config:
    """Load the shipped config, all defaults filled in.

    RETURNS (Config): With its variables.
    """
    config = load_config(SPANBERT_CONFIG, interpolate=False)
    return load_model_from_config(config, auto_fill=True).config


def changed_config(config: Config, choice: Choice) -> Config:
    """Make the config of a choice.

    config (Config): From shipped_config; not changed.
    choice (Choice): The choice.
    RETURNS (Config): A copy. Equal to `config` if that is what the choice says.
    """
    changed = deepcopy(config)
    for name, value in choice.changes.items():
        *path, key = name.split(".")
        section = changed
        for part in path:
            section = section[part]
        section[key] = value
    return changed


def all_choices(config: Config) -> Iterator[Choice]:
    """List what is compared.

    config (Config): From shipped_config: learning rates are relative to its encoder's.
    YIELDS (Choice): The shipped config first.
    """
    yield SHIPPED
    for representation in REPRESENTATIONS:
        changes: dict[str, Any] = {f"{_HEAD}.model.representation": representation}
        yield Choice("representation", representation, changes)
    for is_used, name in ((True, "yes"), (False, "no")):
        yield Choice("width embedding", name, {f"{_HEAD}.model.use_width_embedding": is_used})
    for width in (0, 64, 128):
        yield Choice("biaffine", _or_none(width), {f"{_HEAD}.model.biaffine_width": width})
    for n_layers in (0, 1, 2):
        yield Choice("convolution", _or_none(n_layers), {f"{_HEAD}.model.conv_layers": n_layers})
    for share in (0.0, 0.1, 0.2):
        changes = {f"{_HEAD}.loss": {"boundary_smoothing": share} if share else {}}
        yield Choice("boundary smoothing", _or_none(share), changes)
    for name, options in _IMBALANCE.items():
        loss = {**_value(config, f"{_HEAD}.loss"), **options}
        yield Choice("against imbalance", name, {f"{_HEAD}.loss": loss})
    for multilabel, name in ((False, "at most one, softmax"), (True, "any number, sigmoid")):
        yield Choice("labels of a span", name, {f"{_HEAD}.multilabel": multilabel})
    encoder_rate = _value(config, _LEARN_RATE) * _value(config, _LR_SCALE)
    for ratio in (1, 5, 10, 20):
        changes = {_LEARN_RATE: round(encoder_rate * ratio, 12), _LR_SCALE: 1 / ratio}
        yield Choice("head rate / encoder rate", str(ratio), changes)
    for scale in (0.05, 0.1, 0.2, 0.4):
        head_rate = _value(config, _LEARN_RATE)
        yield Choice("encoder rate", f"{head_rate * scale:g}", {_LR_SCALE: scale})
    for share in (0.0, 0.1, 0.2, 0.3):
        yield Choice("scorer dropout", _or_none(share), {f"{_HEAD}.model.dropout": share})
    for share in (0.0, 0.1):
        changes = {"components.spanbert.model.dropout": share}
        yield Choice("encoder dropout", _or_none(share), changes)
    for layout in ("sentences", "documents"):
        yield Choice("a Doc is of", layout, layout=layout)


def _value(config: Config, name: str) -> Any:
    value: Any = config.interpolate()
    for part in name.split("."):
        value = value[part]
    return value


def _or_none(value: float) -> str:
    return str(value) if value else "none"
