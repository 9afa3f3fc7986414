"""The classifier of text pairs as a spaCy component."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_spanbert.annotations.pair import PAIR_KEY, segments
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.classifier import ClassifierModel
from spacy_spanbert.layers.document_vectors import read_pairs
from spacy_spanbert.pipeline.learning_head import TrainingPass
from spacy_spanbert.pipeline.text_classifier import SpanbertTextClassifier, TextScores

LONG = ("shorten", "error")


class SpanbertPairClassifier(SpanbertTextClassifier):
    """Labels pairs of texts: entailment, paraphrase, whether one follows the other.

    The encoder reads both texts at once, `[CLS] a [SEP] b [SEP]`; the probability of every label
    is written to `doc.cats`. A pair that is longer than the encoder's window is shortened for
    this, the longer text first; `doc.spans["pair"].attrs["n_cut"]` says by how many pieces.

    vocab, model, name, scorer: See SpanbertTextClassifier.
    symmetric (bool): Whether a pair has the score of its reverse: both orders are encoded, and
        their [CLS] vectors pooled as the model's `pooling` says, like those of a long text's
        windows. With "mean" its logits are the mean of those of both orders; with "max" and
        "attention" features are pooled before the output, and they are not.
    long (str): What to do about pairs longer than the window: "shorten", with a warning at the
        first, or "error".
    settings (Any): lr_scale, threshold, multilabel: See SpanbertTextClassifier.
    RAISES (SpanbertError): If a value is out of its range.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: ClassifierModel,
        *,
        name: str = "spanbert_paircat",
        scorer: Callable[..., dict[str, Any]] | None = None,
        symmetric: bool = False,
        long: str = "shorten",
        **settings: Any,
    ) -> None:
        if long not in LONG:
            raise SpanbertError(
                f"[components.{name}] long is {long!r}, expected one of {', '.join(LONG)}"
            )
        super().__init__(vocab, model, name=name, scorer=scorer, **settings)
        self.symmetric = symmetric
        self.long = long
        self._set_up_model()

    def _set_up_model(self) -> None:
        read_pairs(self.model, symmetric=self.symmetric, refuses_long=self.long == "error")

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """See SpanbertTextClassifier. RAISES (SpanbertError): If an example is no pair, too."""
        for example in get_examples():
            segments(example.predicted)
        super().initialize(get_examples, nlp=nlp, labels=labels)

    def predict(self, docs: Iterable[Doc]) -> TextScores:
        """Score pairs without changing the Docs.

        docs (Iterable[Doc]): Docs of make_pair that the encoder has seen.
        RETURNS (TextScores): One row a Doc.
        RAISES (SpanbertError): If a Doc is no pair.
        """
        docs = list(docs)
        for doc in docs:
            segments(doc)
        return super().predict(docs)

    def set_annotations(self, docs: Iterable[Doc], predictions: TextScores) -> None:
        """Write what predict found to `doc.cats` and `doc.spans["pair"].attrs`.

        docs (Iterable[Doc]): The Docs.
        predictions (TextScores): One row a Doc.
        """
        docs = list(docs)
        super().set_annotations(docs, predictions)
        for doc, n_cut in zip(docs, predictions.n_cut.tolist(), strict=True):
            doc.spans[PAIR_KEY].attrs["n_cut"] = n_cut

    def begin_update(self, examples: list[Example]) -> TrainingPass | None:
        """See SpanbertTextClassifier. RAISES (SpanbertError): If a Doc is no pair."""
        for example in examples:
            segments(example.predicted)
        return super().begin_update(examples)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score predictions against gold.

        examples (Iterable[Example]): Annotated pairs.
        RETURNS (dict[str, Any]): The scores of the registered scorer, and `pairs_cut`: how many
            pairs were longer than the encoder's window.
        RAISES (SpanbertError): If a Doc is no pair.
        """
        examples = list(examples)
        for example in examples:
            segments(example.predicted)
        groups = [example.predicted.spans[PAIR_KEY] for example in examples]
        n_cut = sum(group.attrs.get("n_cut", 0) > 0 for group in groups)
        return {**super().score(examples, **kwargs), "pairs_cut": n_cut}

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """See SavedHead. What config says of pairs stands, not what was set when it was saved."""
        super().from_disk(path, exclude=exclude)
        self._set_up_model()
        return self

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """See from_disk. RETURNS (Self): This object."""
        super().from_bytes(bytes_data, exclude=exclude)
        self._set_up_model()
        return self
