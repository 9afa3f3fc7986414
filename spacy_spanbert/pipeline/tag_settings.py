"""Settings of components that tag words, and what follows from them."""

import warnings
from collections.abc import Mapping
from typing import Any, cast, get_args

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.word_rows import Aggregate, Rows
from spacy_spanbert.pipeline.span_settings import check_values, outputs_check

TARGETS = ("all_pieces", "first_piece", "word")
AGGREGATES = get_args(Aggregate)
DECODERS = ("greedy", "viterbi", "crf")


def check_tag_settings(
    cfg: Mapping[str, Any], name: str, choices: Mapping[str, tuple[str, ...]]
) -> None:
    """Refuse settings that cannot be meant.

    cfg (Mapping[str, Any]): The component's settings.
    name (str): The component's name, for messages.
    choices (Mapping[str, tuple[str, ...]]): Further settings, with the values that they can have.
    RAISES (SpanbertError): Naming the key, what is expected, and what came.
    """
    choices = {"target": TARGETS, "aggregate": AGGREGATES, "decode": DECODERS, **choices}
    for key, values in choices.items():
        if cfg[key] not in values:
            raise SpanbertError(
                f"[components.{name}] {key} is {cfg[key]!r}, expected one of {', '.join(values)}"
            )
    if (cfg["target"], cfg["decode"], cfg["aggregate"]) == ("all_pieces", "crf", "first"):
        raise SpanbertError(
            f'[components.{name}] with decode = "crf" a word has one score for each tag, and with '
            'aggregate = "first" that would be its first piece\'s: set target = "first_piece" to '
            'train first pieces, or aggregate = "mean" to train all'
        )


def warn_of_untrained_pieces(cfg: Mapping[str, Any], name: str) -> None:
    """Warn if tags are chosen by pieces that are not trained.

    cfg (Mapping[str, Any]): The component's settings.
    name (str): The component's name, for messages.
    """
    if cfg["target"] == "first_piece" and cfg["aggregate"] != "first":
        warnings.warn(
            f'[components.{name}] with target = "first_piece" only the first piece of a word is '
            f'trained, and with aggregate = "{cfg["aggregate"]}" all of its pieces choose its tag: '
            'what the others say was never learned. Set aggregate = "first", or target = '
            '"all_pieces" to train them all',
            stacklevel=2,
        )


def check_trained_settings(
    cfg: Mapping[str, Any], name: str, *, n_trained: int, n_outputs: int, has_links: bool
) -> None:
    """Refuse settings that the weights were not made for.

    cfg (Mapping[str, Any]): The component's settings.
    name (str): The component's name, for messages.
    n_trained (int): Outputs of the model.
    n_outputs (int): Outputs that the settings ask for.
    has_links (bool): Whether the model has scores of one tag after another.
    RAISES (SpanbertError): As check_tag_settings.
    """
    checks = [
        outputs_check("scheme" if "scheme" in cfg else "labels", n_trained, n_outputs),
        (
            "decode",
            cfg["decode"] != "crf" or has_links,
            'greedy or viterbi: the component was not trained with decode = "crf" and has learned '
            "no scores of one tag after another. To change that, initialize and train it again",
        ),
    ]
    check_values(checks, cfg, name)


def training_rows(cfg: Mapping[str, Any]) -> Rows:
    """RETURNS (Rows): What is scored in training: each piece, or one row a word."""
    pieces: dict[str, Rows] = {"all_pieces": "all", "first_piece": "first"}
    return pieces.get(cfg["target"], cast(Rows, cfg["aggregate"]))


def prediction_rows(cfg: Mapping[str, Any]) -> Rows:
    """RETURNS (Rows): What is scored to predict; pieces that count for nothing are left out."""
    if cfg["target"] == "word" or cfg["aggregate"] == "first":
        return cast(Rows, cfg["aggregate"])
    return "all"
