"""Settings of a span component that do not suit one another."""

import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from spacy_spanbert.errors import SpanbertError

OVERLAPS = ("any", "nested", "flat")
# option: the highest value, and what is expected; the lowest is 0
LOSS_OPTIONS = {
    "boundary_smoothing": (1.0, "a share, 0 to 1"),
    "positive_weight": (math.inf, "a number, 0 or more"),
    "none_weight": (math.inf, "a number, 0 or more"),
    "focal_gamma": (math.inf, "a number, 0 or more"),
    "negatives": (1.0, "a share, 0 to 1"),
}
# key, whether its value can be, what is expected
Check = tuple[str, bool, str]


def check_span_settings(
    cfg: Mapping[str, Any], loss: Mapping[str, float], name: str, *, has_weights: bool
) -> None:
    """Refuse settings that cannot be meant.

    cfg (Mapping[str, Any]): The component's settings.
    loss (Mapping[str, float]): Options of the loss.
    name (str): The component's name, for messages.
    has_weights (bool): Whether the component is initialized, when no longest span is chosen any
        more.
    RAISES (SpanbertError): Naming the key, what is expected, and what came.
    """
    max_length = cfg["max_length"]
    checks = [
        spans_key_check(cfg),
        threshold_check(cfg),
        (
            "max_length",
            max_length == "auto" or is_count(max_length),
            '"auto" or a number of words, 1 or more',
        ),
        (
            "max_length",
            max_length != "auto" or not has_weights,
            'a number of words, 1 or more: "auto" chooses at initialization, which has been',
        ),
        ("overlap", cfg["overlap"] in OVERLAPS, "one of " + ", ".join(OVERLAPS)),
    ]
    check_values(checks, cfg, name)
    check_loss_options(loss, LOSS_OPTIONS, name)


def check_label_settings(cfg: Mapping[str, Any], name: str) -> None:
    """Refuse settings of labels that cannot be meant.

    cfg (Mapping[str, Any]): The settings of a component that labels spans.
    name (str): The component's name, for messages.
    RAISES (SpanbertError): As check_span_settings.
    """
    max_positive = cfg["max_positive"]
    checks = [
        (
            "max_positive",
            max_positive is None or is_count(max_positive),
            "null or a number of labels, 1 or more",
        ),
        (
            "max_positive",
            max_positive in (None, 1) or cfg["multilabel"],
            "null or 1 unless multilabel = true: without it a span has one label",
        ),
        (
            "write_ents",
            not cfg["write_ents"] or cfg["overlap"] == "flat",
            'false unless overlap = "flat": doc.ents cannot overlap',
        ),
    ]
    check_values(checks, cfg, name)


def check_candidate_settings(cfg: Mapping[str, Any], name: str) -> None:
    """Refuse settings of unlabelled candidates that cannot be meant.

    cfg (Mapping[str, Any]): The settings of a component that finds candidates.
    name (str): The component's name, for messages.
    RAISES (SpanbertError): As check_span_settings.
    """
    top_k, min_recall = cfg["top_k"], cfg["min_recall"]
    checks = [
        ("training_key", bool(cfg["training_key"]), "a text of one letter or more"),
        (
            "top_k",
            top_k is None or is_count(top_k),
            "null or a number of spans that begin at a word, 1 or more",
        ),
        (
            "min_recall",
            min_recall is None or 0 < min_recall <= 1,
            "null or a share of the gold spans, above 0 and up to 1",
        ),
    ]
    check_values(checks, cfg, name)


def spans_key_check(cfg: Mapping[str, Any]) -> Check:
    """RETURNS (Check): Of `spans_key`."""
    return "spans_key", bool(cfg["spans_key"]), "a text of one letter or more"


def threshold_check(cfg: Mapping[str, Any]) -> Check:
    """RETURNS (Check): Of `threshold`."""
    threshold = cfg["threshold"]
    is_right = isinstance(threshold, Real) and 0 <= float(threshold) <= 1
    return "threshold", is_right, "a probability, 0 to 1"


def is_count(value: Any) -> bool:
    """RETURNS (bool): Whether a value is a whole number, 1 or more."""
    return isinstance(value, Integral) and int(value) >= 1


def check_values(checks: Iterable[Check], cfg: Mapping[str, Any], name: str) -> None:
    """Refuse what is found wrong.

    checks (Iterable[Check]): Key, whether its value is right, and what is expected.
    cfg (Mapping[str, Any]): The component's settings.
    name (str): The component's name, for messages.
    RAISES (SpanbertError): At the first that is wrong.
    """
    for key, is_right, expected in checks:
        if not is_right:
            raise SpanbertError(f"[components.{name}] {key} is {cfg[key]!r}, expected {expected}")


def outputs_check(key: str, n_trained: int, n_outputs: int) -> Check:
    """Check that the weights were made for a setting.

    key (str): The setting that the number of outputs follows from.
    n_trained (int): Outputs of the model.
    n_outputs (int): Outputs that the settings ask for.
    RETURNS (Check): For check_values.
    """
    expected = (
        f"what it was at initialization: the model has {n_trained} outputs, and this asks for "
        f"{n_outputs}. To change it, initialize and train the component again"
    )
    return key, n_trained == n_outputs, expected


def check_loss_options(
    loss: Mapping[str, float], options: Mapping[str, tuple[float, str]], name: str
) -> None:
    """Refuse options of a loss that cannot be meant.

    loss (Mapping[str, float]): Options of the loss.
    options (Mapping[str, tuple[float, str]]): Of each option there is: the highest value, and what
        is expected; the lowest is 0.
    name (str): The component's name, for messages.
    RAISES (SpanbertError): Naming the option, what is expected, and what came.
    """
    for key, value in loss.items():
        if key not in options:
            raise SpanbertError(
                f"[components.{name}.loss] has no option {key!r}; there are: " + ", ".join(options)
            )
        highest, expected = options[key]
        if not 0 <= value <= highest:
            raise SpanbertError(f"[components.{name}.loss] {key} is {value}, expected {expected}")
