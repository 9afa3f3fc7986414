"""Settings of a relation component that do not suit one another."""

from collections.abc import Mapping
from typing import Any

from spacy_spanbert.pipeline import span_settings

# those of spans that do not speak of boundaries; which negatives count is drawn before scoring
LOSS_OPTIONS = {
    option: span_settings.LOSS_OPTIONS[option]
    for option in ("positive_weight", "none_weight", "focal_gamma")
}


def check_relation_settings(cfg: Mapping[str, Any], loss: Mapping[str, float], name: str) -> None:
    """Refuse settings that cannot be meant.

    cfg (Mapping[str, Any]): The component's settings.
    loss (Mapping[str, float]): Options of the loss.
    name (str): The component's name, for messages.
    RAISES (SpanbertError): Naming the key, what is expected, and what came.
    """
    checks = [
        span_settings.spans_key_check(cfg),
        span_settings.threshold_check(cfg),
        ("gold_share", 0 <= cfg["gold_share"] <= 1, "a share, 0 to 1"),
        ("negatives", 0 < cfg["negatives"] <= 1, "a share, above 0 to 1"),
    ]
    span_settings.check_values(checks, cfg, name)
    span_settings.check_loss_options(loss, LOSS_OPTIONS, name)
