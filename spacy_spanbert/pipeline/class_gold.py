"""Gold labels of texts as targets of the probabilities."""

from collections.abc import Iterable, Mapping, Sequence

import torch
from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor

from spacy_spanbert.errors import SpanbertError


def check_cats(
    examples: Iterable[Example], *, labels: Iterable[str] | None, multilabel: bool, name: str
) -> None:
    """Refuse gold labels that cannot be meant.

    examples (Iterable[Example]): Any examples.
    labels (Iterable[str] | None): The labels that count; None for all. Those of other components
        may be in `doc.cats`, too.
    multilabel (bool): Whether a text can have several labels.
    name (str): The component's name, for messages.
    RAISES (SpanbertError): Naming the text and its labels.
    """
    own = None if labels is None else set(labels)
    for example in examples:
        cats = example.reference.cats
        if own is not None:
            cats = {label: value for label, value in cats.items() if label in own}
        if any(not 0 <= value <= 1 for value in cats.values()):
            raise SpanbertError(
                f"{_place(example.reference)} doc.cats is {cats}: expected values from 0 to 1, "
                "1.0 for a label that the text has and 0.0 for one that it has not"
            )
        if not multilabel and sum(cats.values()) > 1 + 1e-4:
            raise SpanbertError(
                f"{_place(example.reference)} doc.cats is {cats}: expected one label with 1.0, the "
                f"others 0.0. For texts with several labels set [components.{name}] "
                "multilabel = true"
            )


def class_targets(
    examples: Sequence[Example], labels: Sequence[str], *, multilabel: bool
) -> Tensor:
    """Look up what the probabilities of each text should be.

    examples (Sequence[Example]): The batch.
    labels (Sequence[str]): The labels, in the order of the model's outputs.
    multilabel (bool): Whether a label that is missing from `doc.cats` is not known; else it is a
        label the text has not.
    RETURNS (Tensor): shape (n_docs, n_labels); NaN where nothing is known, and so in the whole row
        of a text without any annotation.
    """
    rows = [_targets(example.reference.cats, labels, multilabel) for example in examples]
    return torch.tensor(rows, dtype=torch.float32).reshape(len(rows), len(labels))


def _targets(cats: Mapping[str, float], labels: Sequence[str], multilabel: bool) -> list[float]:
    if not multilabel and any(label in cats for label in labels):
        return [cats.get(label, 0.0) for label in labels]
    return [cats.get(label, float("nan")) for label in labels]


def _place(doc: Doc) -> str:
    text = doc.text if len(doc.text) <= 60 else f"{doc.text[:60]}..."
    return f"in the example {text!r}"
