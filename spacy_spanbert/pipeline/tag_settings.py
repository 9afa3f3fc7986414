"""Settings of components that tag words, and what follows from them."""

from collections.abc import Mapping
from typing import Any, cast, get_args

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.word_rows import Aggregate, Rows

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


def training_rows(cfg: Mapping[str, Any]) -> Rows:
    """RETURNS (Rows): What is scored in training: each piece, or one row a word."""
    pieces: dict[str, Rows] = {"all_pieces": "all", "first_piece": "first"}
    return pieces.get(cfg["target"], cast(Rows, cfg["aggregate"]))


def prediction_rows(cfg: Mapping[str, Any]) -> Rows:
    """RETURNS (Rows): What is scored to predict; pieces that count for nothing are left out."""
    if cfg["target"] == "word" or cfg["aggregate"] == "first":
        return cast(Rows, cfg["aggregate"])
    return "all"
