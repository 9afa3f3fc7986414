"""The tagger as a spaCy component: one tag a word."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from spacy import Language
from spacy.parts_of_speech import IDS as PARTS_OF_SPEECH
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from torch import Tensor

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.tag_scorer import TagModel
from spacy_spanbert.pipeline.score_weights import report_score_weight
from spacy_spanbert.pipeline.tag_gold import TagCorpus, word_tags
from spacy_spanbert.pipeline.tag_settings import check_tag_settings
from spacy_spanbert.pipeline.tagging_head import TaggingHead

ATTRIBUTES = ("tag", "pos")


class SpanbertTagger(TaggingHead):
    """Gives each word a tag, in `token.tag_` or `token.pos_`. What was there is replaced.

    vocab (Vocab): The pipeline's vocabulary.
    model (TagModel): Scores tags.
    name (str): The component's name.
    scorer (Callable | None): Scores predictions against gold.
    lr_scale (float): Factor on the learning rate of the training config, above 0.
    attribute (str): "tag" or "pos", where tags are read and written. "pos" holds the universal
        parts of speech only.
    target, aggregate, decode (str): See SpanbertEntityRecognizer. All sequences of tags are legal,
        so that "viterbi" finds what "greedy" does.
    RAISES (SpanbertError): If a setting cannot be, or settings do not suit one another.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: TagModel,
        *,
        name: str = "spanbert_tagger",
        scorer: Callable[..., dict[str, Any]] | None = None,
        lr_scale: float = 1.0,
        **settings: Any,
    ) -> None:
        super().__init__(
            vocab, model, name=name, scorer=scorer, lr_scale=lr_scale, settings=settings
        )

    def check_settings(self) -> None:
        """See LearningHead."""
        check_tag_settings(self.cfg, self.name, {"attribute": ATTRIBUTES})
        super().check_settings()

    @property
    def n_outputs(self) -> int:
        """RETURNS (int): How many tags there are."""
        return len(self.labels)

    def add_label(self, label: str) -> int:
        """Add a tag before initialization.

        label (str): The tag.
        RETURNS (int): 1 if it is new, else 0.
        RAISES (SpanbertError): If the model has its outputs already, or `token.pos_` cannot hold
            the tag.
        """
        if self.cfg["attribute"] == "pos" and label not in PARTS_OF_SPEECH:
            names = ", ".join(sorted(name for name in PARTS_OF_SPEECH if name))
            raise SpanbertError(
                f"component {self.name!r} writes token.pos_, which cannot be {label!r}, only one "
                f'of {names}: set [components.{self.name}] attribute = "tag"'
            )
        return super().add_label(label)

    def rules(self) -> Tensor:
        """RETURNS (Tensor): Zeros: any tag may follow any other; [n_tags + 2, n_tags]."""
        return torch.zeros(self.n_outputs + 2, self.n_outputs)

    def gold_tags(self, example: Example) -> Tensor:
        """Read the right tags of the predicted words; see tag_gold.word_tags."""
        return word_tags(example, self.cfg["attribute"], self.labels)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Learn the tags from examples, and make the scorer's weights.

        get_examples (Callable[[], Iterable[Example]]): A representative set of examples.
        nlp (Language | None): The pipeline; its config is looked at for the weights of scores.
        labels (list[str] | None): The tags, if they are known; else those of the examples.
        RAISES (SpanbertError): If there is no tag.
        """
        attribute = self.cfg["attribute"]
        corpus = TagCorpus.read(get_examples(), attribute)
        for label in sorted(corpus.tags) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            raise SpanbertError(
                f"component {self.name!r} has no labels: no word of the examples has a "
                f"token.{attribute}_; if the corpus has the tags elsewhere, set "
                f"[components.{self.name}] attribute to one of {', '.join(ATTRIBUTES)}"
            )
        corpus.report(self.labels, self.name)
        if nlp is not None:
            report_score_weight(nlp, f"{attribute}_acc", self.name)
        self.make_weights(get_examples)

    def predict(self, docs: Iterable[Doc]) -> list[NDArray[np.int64]]:
        """Find tags without changing the Docs.

        docs (Iterable[Doc]): Any Docs, also empty ones.
        RETURNS (list[NDArray[np.int64]]): Indices of labels, shape (n_words,), one entry a Doc.
        RAISES (ValueError): Before initialization.
        """
        docs = list(docs)
        tags = np.zeros(0, dtype=np.int64)
        if any(len(doc) for doc in docs):
            tags = self.choose_tags(docs)[0].tags.numpy()
        return np.split(tags, np.cumsum([len(doc) for doc in docs])[:-1]) if docs else []

    def set_annotations(self, docs: Iterable[Doc], predictions: list[NDArray[np.int64]]) -> None:
        """Write what predict found.

        docs (Iterable[Doc]): The Docs.
        predictions (list[NDArray[np.int64]]): One entry a Doc.
        """
        attribute = self.cfg["attribute"]
        if attribute == "pos":
            values = [PARTS_OF_SPEECH[label] for label in self.labels]
        else:
            values = [self.vocab.strings.add(label) for label in self.labels]
        codes: Any = np.asarray(values, dtype=np.uint64)  # spaCy's stub wants its own type
        for doc, tags in zip(docs, predictions, strict=True):
            if len(doc):
                doc.from_array([attribute.upper()], codes[tags][:, None])
