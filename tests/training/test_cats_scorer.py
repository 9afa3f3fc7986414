import spacy
from spacy.scorer import Scorer
from spacy.training import Example

from spacy_spanbert.training.cats_scorer import make_cats_scorer

NLP = spacy.blank("en")
LABELS = ("x", "y", "z")
score = make_cats_scorer()


def example(predicted: dict[str, float], gold: dict[str, float]) -> Example:
    made = Example.from_dict(NLP.make_doc("a"), {"cats": gold})
    made.predicted.cats = predicted
    return made


def gold(label: str) -> dict[str, float]:
    return {name: float(name == label) for name in LABELS}


EXAMPLES = [
    example({"x": 0.7, "y": 0.2, "z": 0.1}, gold("x")),
    example({"x": 0.6, "y": 0.3, "z": 0.1}, gold("y")),
    example({"x": 0.1, "y": 0.2, "z": 0.7}, gold("z")),
]


def test_scores_are_spacys_own_and_the_accuracy():
    found = score(EXAMPLES, labels=LABELS)
    theirs = Scorer.score_cats(EXAMPLES, "cats", labels=LABELS, multi_label=False)
    assert found == {**theirs, "cats_acc": 2 / 3}
    found = score(EXAMPLES, labels=LABELS, multilabel=True, threshold=0.6)
    theirs = Scorer.score_cats(EXAMPLES, "cats", labels=LABELS, multi_label=True, threshold=0.6)
    assert found == {**theirs, "cats_acc": None}


def test_what_is_not_annotated_does_not_count():
    """SpaCy would take its predictions for wrong."""
    more = [
        example({"x": 0.7, "y": 0.2, "z": 0.1}, {}),
        example({"x": 0.7, "y": 0.2, "z": 0.1}, {"w": 1.0}),
    ]
    assert score([*EXAMPLES, *more], labels=LABELS) == score(EXAMPLES, labels=LABELS)
    nothing = score(more, labels=LABELS)
    assert nothing.pop("cats_score_desc") == "macro F"
    assert set(nothing.values()) == {None}
