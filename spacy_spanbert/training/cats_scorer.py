"""Scores of predicted labels of texts: spaCy's own, on what is annotated."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import Scorer
from spacy.training import Example
from spacy.util import registry


@registry.scorers("spacy-spanbert.cats_scorer.v1")
def make_cats_scorer() -> Callable[..., dict[str, Any]]:
    """Make the scorer a pipeline component is given.

    RETURNS (Callable): Takes examples and the component's settings; see `score_cats`.
    """
    return score_cats


def score_cats(
    examples: Iterable[Example],
    *,
    labels: Iterable[str],
    multilabel: bool = False,
    threshold: float = 0.5,
    **cfg: Any,
) -> dict[str, Any]:
    """Score the predicted labels of texts against the gold ones.

    All scores are those of spaCy's Scorer.score_cats (https://spacy.io/api/scorer#score_cats) and
    one more. Texts without any of the labels in `reference.cats` (without multilabel: any above 0)
    are not annotated and are left out: spaCy would take their predictions for wrong.

    cats_score: The macro F1; with multilabel the macro AUC.
    cats_acc: Without multilabel: the share of texts whose most probable label is right; else None.

    examples (Iterable[Example]): Predicted and reference Docs.
    labels (Iterable[str]): The labels.
    multilabel (bool): Whether a text can have several.
    threshold (float): With multilabel: from which probability a label counts as predicted.
    RETURNS (dict[str, Any]): The scores, from 0 to 1; all None where nothing is annotated.
    """
    del cfg
    labels = tuple(labels)
    annotated = [
        example for example in examples if is_annotated(example.reference.cats, labels, multilabel)
    ]
    scores = Scorer.score_cats(
        annotated, "cats", labels=labels, multi_label=multilabel, threshold=threshold
    )
    scores["cats_acc"] = None if multilabel else _accuracy(annotated, labels)
    if not annotated:
        return {
            name: value if name == "cats_score_desc" else None for name, value in scores.items()
        }
    return scores


def is_annotated(cats: dict[str, float], labels: tuple[str, ...], multilabel: bool) -> bool:
    """Tell whether a text can be scored.

    One choice among all: a text of which only is known what it is not teaches and proves nothing.

    cats (dict[str, float]): Gold `doc.cats`.
    labels (tuple[str, ...]): The labels that are predicted.
    multilabel (bool): Whether a text can have several.
    RETURNS (bool): Whether any of the labels is there; without multilabel: above 0.
    """
    return any(label in cats if multilabel else cats.get(label, 0.0) > 0 for label in labels)


def _accuracy(examples: list[Example], labels: tuple[str, ...]) -> float | None:
    if not examples:
        return None

    def best(cats: dict[str, float]) -> str:
        return max(labels, key=lambda label: cats.get(label, 0.0))

    right = [best(x.predicted.cats) == best(x.reference.cats) for x in examples]
    return sum(right) / len(right)
