"""The text classifier as a spaCy component."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import torch2xp, xp2torch
from thinc.types import Floats2d

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.classifier import (
    ClassifierModel,
    score_documents,
    set_outputs,
)
from spacy_spanbert.layers.listeners import check_connected
from spacy_spanbert.nn.class_losses import class_loss
from spacy_spanbert.pipeline.class_gold import check_cats, class_targets
from spacy_spanbert.pipeline.learning_head import LearningHead, TrainingPass
from spacy_spanbert.pipeline.span_settings import check_values, threshold_check


@dataclass(frozen=True)
class TextScores:
    """What is predicted for a batch of texts.

    probabilities (NDArray[np.float32]): shape (n_docs, n_labels).
    n_cut (NDArray[np.int64]): Pieces of each pair that were left out of them, shape (n_docs,).
    """

    probabilities: NDArray[np.float32]
    n_cut: NDArray[np.int64]


class SpanbertTextClassifier(LearningHead):
    """Labels whole texts: `softmax(W y_CLS)`, or a sigmoid for each label.

    The probability of every label is written to `doc.cats`. A text longer than the encoder's
    window has several [CLS] vectors, which the model pools.

    vocab (Vocab): The pipeline's vocabulary.
    model (ClassifierModel): Scores texts.
    name (str): The component's name.
    scorer (Callable | None): Scores predictions against gold.
    lr_scale (float): Factor on the learning rate of the training config, above 0.
    threshold (float): With multilabel: from which probability, 0 to 1, the scorer takes a label for
        predicted.
    multilabel (bool): Whether a text can have several labels, each decided by itself.
    RAISES (SpanbertError): If a value is out of its range.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: ClassifierModel,
        *,
        name: str = "spanbert_textcat",
        scorer: Callable[..., dict[str, Any]] | None = None,
        lr_scale: float = 1.0,
        threshold: float = 0.5,
        multilabel: bool = False,
    ) -> None:
        super().__init__(
            vocab,
            model,
            name=name,
            scorer=scorer,
            lr_scale=lr_scale,
            settings={"threshold": threshold, "multilabel": multilabel},
        )

    def check_settings(self) -> None:
        """See LearningHead."""
        check_values([threshold_check(self.cfg)], self.cfg, self.name)

    @property
    def n_outputs(self) -> int:
        """RETURNS (int): Scores of a text: one a label."""
        return len(self.labels)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Learn the labels from examples, and make the weights.

        get_examples (Callable[[], Iterable[Example]]): A representative set of examples.
        nlp (Language | None): Not used.
        labels (list[str] | None): The labels, if they are known; else those of the examples.
        RAISES (SpanbertError): If there are too few labels, or gold that cannot be meant.
        """
        del nlp
        multilabel = self.cfg["multilabel"]
        check_cats(get_examples(), labels=labels, multilabel=multilabel, name=self.name)
        found = {label for example in get_examples() for label in example.reference.cats}
        for label in sorted(found) if labels is None else labels:
            self.add_label(label)
        fewest = 1 if multilabel else 2
        if len(self.labels) < fewest:
            there = ", ".join(self.labels) or "none"
            raise SpanbertError(
                f"component {self.name!r} needs {fewest} labels or more, but has {there}: the "
                "examples' doc.cats name too few. Convert a corpus whose records have a label "
                "(`python -m spacy spanbert convert --texts`), or give [initialize.components."
                f"{self.name}] labels"
            )
        self._report(get_examples())
        check_connected(self.model, self.name)
        set_outputs(self.model, self.n_outputs)

    def _report(self, examples: Iterable[Example]) -> None:
        """Print what there is to learn from."""
        counts: Counter[str] = Counter()
        n_texts = n_without = 0
        for example in examples:
            n_texts += 1
            found = [label for label, value in example.reference.cats.items() if value > 0]
            counts.update(found)
            n_without += not example.reference.cats
        text = ", ".join(f"{label} {n:,}" for label, n in sorted(counts.items()))
        sys.stderr.write(f"[{self.name}] {n_texts:,} texts: {text}")
        sys.stderr.write(f"; {n_without:,} without annotation\n" if n_without else "\n")
        if foreign := sorted(set(counts) - set(self.labels)):
            sys.stderr.write(f"Not among the labels, and not learned: {', '.join(foreign)}\n")

    def predict(self, docs: Iterable[Doc]) -> TextScores:
        """Score texts without changing the Docs.

        docs (Iterable[Doc]): Any Docs that the encoder has seen, also empty ones.
        RETURNS (TextScores): One row a Doc.
        RAISES (ValueError): Before initialization.
        """
        docs = list(docs)
        self.check_ready(docs)
        if not docs:
            none = np.zeros((0, self.n_outputs), dtype=np.float32)
            return TextScores(none, np.zeros(0, dtype=np.int64))
        logits, n_cut = score_documents(self.model, docs)
        scores = xp2torch(logits)
        scores = scores.sigmoid() if self.cfg["multilabel"] else scores.softmax(dim=1)
        return TextScores(scores.cpu().numpy(), n_cut)

    def set_annotations(self, docs: Iterable[Doc], predictions: TextScores) -> None:
        """Write what predict found to `doc.cats`; other labels there stay.

        docs (Iterable[Doc]): The Docs.
        predictions (TextScores): One row a Doc.
        """
        for doc, row in zip(docs, predictions.probabilities.tolist(), strict=True):
            doc.cats.update(zip(self.labels, row, strict=True))

    def has_something_to_score(self, docs: Sequence[Doc]) -> bool:
        """RETURNS (bool): Whether there is a Doc: one without words has a [CLS] vector too."""
        return len(docs) > 0

    def begin_update(self, examples: list[Example]) -> TrainingPass | None:
        """Score texts in training.

        examples (list[Example]): The batch; only the predicted Docs are used.
        RETURNS (TrainingPass): Logits of shape (n_docs, n_labels), and what takes their gradient.
        """
        return self.model.begin_update([example.predicted for example in examples])

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> tuple[float, Floats2d]:
        """Compare scores with gold labels.

        examples (Iterable[Example]): The batch.
        scores (Floats2d): Logits of shape (n_docs, n_labels).
        RETURNS (tuple[float, Floats2d]): The summed loss, in nats, and the gradient of the logits.
        RAISES (SpanbertError): On gold that cannot be meant.
        """
        examples = list(examples)
        multilabel = self.cfg["multilabel"]
        check_cats(examples, labels=self.labels, multilabel=multilabel, name=self.name)
        targets = class_targets(examples, self.labels, multilabel=multilabel)
        loss, d_logits = class_loss(xp2torch(scores), targets, multilabel=multilabel)
        return float(loss), cast(Floats2d, torch2xp(d_logits))
