"""Scores of tags: spaCy's own accuracy, of the attribute that a component writes."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import Scorer
from spacy.training import Example
from spacy.util import registry


@registry.scorers("spacy-spanbert.tag_scorer.v1")
def make_tag_scorer() -> Callable[..., dict[str, Any]]:
    """Make the scorer a pipeline component is given.

    RETURNS (Callable): Takes examples and the component's settings; see `score_tags`.
    """
    return score_tags


def score_tags(
    examples: Iterable[Example], *, attribute: str = "tag", **cfg: Any
) -> dict[str, Any]:
    """Score predicted tags. Words without a gold tag are left out.

    examples (Iterable[Example]): Predicted and reference Docs of one text each.
    attribute (str): "tag" or "pos".
    RETURNS (dict[str, Any]): `tag_acc` or `pos_acc`, from 0 to 1; None if no word has a gold tag.
    """
    return Scorer.score_token_attr(examples, attribute, **cfg)
