"""The entity recognizer as a spaCy component."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from torch import Tensor

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.tag_scorer import TagModel
from spacy_spanbert.nn.tag_rules import SCHEMES, TagRules
from spacy_spanbert.pipeline.ner_gold import EntityCorpus, entity_tags
from spacy_spanbert.pipeline.score_weights import report_score_weight
from spacy_spanbert.pipeline.span_predictions import ScoredSpans, split_by_doc, write_spans
from spacy_spanbert.pipeline.span_settings import check_values, spans_key_check
from spacy_spanbert.pipeline.tag_settings import check_tag_settings
from spacy_spanbert.pipeline.tagging_head import TaggingHead


class SpanbertEntityRecognizer(TaggingHead):
    """Labels entities that do not overlap, by tags of words.

    They are written to `doc.ents`, and to `doc.spans[spans_key]` with their probabilities in its
    `attrs["scores"]`. What was in `doc.ents` before is replaced.

    vocab (Vocab): The pipeline's vocabulary.
    model (TagModel): Scores tags.
    name (str): The component's name.
    scorer (Callable | None): Scores predictions against gold.
    lr_scale (float): Factor on the learning rate of the training config, above 0.
    target (str): What is trained: "all_pieces", each with the tag of its word; "first_piece" of
        each word; or "word", its pieces pooled.
    aggregate (str): How the pieces of a word are combined, their distributions or, with target =
        "word", their vectors: "first", "mean" or "max". With target = "first_piece" only "first"
        asks what was trained.
    decode (str): "greedy": the best tag of each word, illegal sequences repaired; "viterbi": the
        best legal sequence; "crf": the best under a linear-chain conditional random field, which is
        trained as such.
    scheme (str): "bio" or "bioes".
    spans_key (str): Key in `doc.spans`.
    RAISES (SpanbertError): If a setting cannot be, or settings do not suit one another.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: TagModel,
        *,
        name: str = "spanbert_ner",
        scorer: Callable[..., dict[str, Any]] | None = None,
        lr_scale: float = 1.0,
        **settings: Any,
    ) -> None:
        super().__init__(
            vocab, model, name=name, scorer=scorer, lr_scale=lr_scale, settings=settings
        )

    def check_settings(self) -> None:
        """See LearningHead."""
        check_tag_settings(self.cfg, self.name, {"scheme": tuple(SCHEMES)})
        check_values([spans_key_check(self.cfg)], self.cfg, self.name)
        super().check_settings()

    @property
    def tag_rules(self) -> TagRules:
        """RETURNS (TagRules): The tags of the labels."""
        return TagRules(self.labels, self.cfg["scheme"])

    @property
    def n_outputs(self) -> int:
        """RETURNS (int): How many tags there are."""
        return len(self.tag_rules.tags)

    def rules(self) -> Tensor:
        """RETURNS (Tensor): 0 for links that are allowed, else -inf; [n_tags + 2, n_tags]."""
        return self.tag_rules.links()

    def gold_tags(self, example: Example) -> Tensor:
        """Read the right tags of the predicted words; see ner_gold.entity_tags."""
        return entity_tags(example, self.tag_rules)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Learn labels from examples, and make the scorer's weights.

        get_examples (Callable[[], Iterable[Example]]): A representative set of examples.
        nlp (Language | None): The pipeline; its config is looked at for the weights of scores.
        labels (list[str] | None): The labels, if they are known; else those of the examples.
        RAISES (SpanbertError): If there is no label.
        """
        corpus = EntityCorpus.read(get_examples())
        for label in sorted(corpus.labels) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            raise SpanbertError(
                f"component {self.name!r} has no labels: the examples have no entity in doc.ents; "
                "convert a corpus of spans with `python -m spacy spanbert convert IN OUT --ents`"
            )
        corpus.report(self.labels, self.name)
        if nlp is not None:
            report_score_weight(nlp, "ents_f", self.name)
        self.make_weights(get_examples)

    def predict(self, docs: Iterable[Doc]) -> list[ScoredSpans]:
        """Find entities without changing the Docs.

        docs (Iterable[Doc]): Any Docs, also empty ones.
        RETURNS (list[ScoredSpans]): One entry a Doc.
        RAISES (ValueError): Before initialization.
        """
        docs = list(docs)
        found = self._find(docs) if any(len(doc) for doc in docs) else ScoredSpans.none()
        return split_by_doc(found, docs, "any")

    def _find(self, docs: list[Doc]) -> ScoredSpans:
        rules = self.tag_rules
        words, layout = self.choose_tags(docs)
        with torch.inference_mode():
            starts, ends, labels = rules.decode(words.tags, layout.is_first)
            scores = words.span_scores(starts, ends, rules.continues(), layout)
        columns = (starts.numpy(), ends.numpy(), labels.numpy(), scores.float().numpy())
        return ScoredSpans(*columns)

    def set_annotations(self, docs: Iterable[Doc], predictions: list[ScoredSpans]) -> None:
        """Write what predict found.

        docs (Iterable[Doc]): The Docs.
        predictions (list[ScoredSpans]): One entry a Doc.
        """
        write_spans(
            list(docs),
            predictions,
            labels=self.labels,
            spans_key=self.cfg["spans_key"],
            write_ents=True,
        )
