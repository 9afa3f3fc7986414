"""The relation classifier as a spaCy component."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import torch
from spacy import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import torch2xp, xp2torch
from thinc.types import Floats2d
from torch import Tensor

from spacy_spanbert.annotations.relations import Relation, set_relations
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.relation_scorer import (
    RelationModel,
    RelationPairs,
    score_pairs,
    set_relation_sizes,
)
from spacy_spanbert.nn.losses import span_loss
from spacy_spanbert.pipeline.learning_head import LearningHead, TrainingPass
from spacy_spanbert.pipeline.relation_arguments import argument_spans, pair_blocks, to_arguments
from spacy_spanbert.pipeline.relation_candidates import Candidates, LabelPairs
from spacy_spanbert.pipeline.relation_corpus import read_relation_corpus, report_relations
from spacy_spanbert.pipeline.relation_gold import GoldPair, gold_pairs, gold_rows, training_spans
from spacy_spanbert.pipeline.relation_predictions import select_relations
from spacy_spanbert.pipeline.relation_settings import check_relation_settings
from spacy_spanbert.pipeline.score_weights import report_score_weight
from spacy_spanbert.pipeline.span_settings import check_values, outputs_check

# Pairs, the rows of those that are gold, the labels these have, and the logits of all.
PairScores = tuple[RelationPairs, Tensor, Tensor, Floats2d]


class SpanbertRelationClassifier(LearningHead):
    """Labels ordered pairs of the spans that a Doc has in `doc.spans[spans_key]`.

    What is probable enough is written to `doc._.relations`, which is always set, empty too.

    vocab (Vocab): The pipeline's vocabulary.
    model (RelationModel): Scores pairs.
    candidates (Candidates): Chooses the pairs that are scored.
    name (str): The component's name.
    scorer (Callable | None): Scores predictions against gold.
    lr_scale (float): Factor on the learning rate of the training config, above 0.
    loss (dict[str, float]): Options of nn.losses.span_loss: positive_weight, none_weight,
        focal_gamma.
    spans_key (str): Key in `doc.spans`.
    threshold (float): Lowest probability of a relation that is written, 0 to 1.
    multilabel (bool): Whether a pair can be related in several ways, each decided by itself.
    symmetric (list[str]): Labels of relations that hold both ways: learned both ways, stored once,
        from the span that comes first.
    gold_share (float): In training, the share of Docs whose gold spans are paired; in the others,
        those that the predicted Doc has. 0 to 1.
    negatives (float): In training, the share of the pairs without relation that are scored, drawn
        anew each time; above 0 to 1.
    RAISES (SpanbertError): If a value is out of its range.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: RelationModel,
        candidates: Candidates,
        *,
        name: str = "spanbert_relations",
        scorer: Callable[..., dict[str, Any]] | None = None,
        lr_scale: float = 1.0,
        loss: dict[str, float] | None = None,
        symmetric: Iterable[str] = (),
        **settings: Any,
    ) -> None:
        settings |= {"symmetric": sorted(symmetric), "span_labels": [], "label_pairs": []}
        self.candidates = candidates
        self.loss = dict(loss or {})
        super().__init__(
            vocab, model, name=name, scorer=scorer, lr_scale=lr_scale, settings=settings
        )

    def check_settings(self) -> None:
        """See LearningHead; if there are weights, settings must be those they were made for."""
        check_relation_settings(self.cfg, self.loss, self.name)
        if self.model.has_dim("nO"):
            check = outputs_check("multilabel", self.model.get_dim("nO"), self.n_outputs)
            check_values([check], self.cfg, self.name)

    @property
    def key(self) -> str:
        """RETURNS (str): Key in `doc.spans`."""
        return str(self.cfg["spans_key"])

    @property
    def n_outputs(self) -> int:
        """RETURNS (int): Scores of a pair: the labels, and "none" unless multilabel."""
        return len(self.labels) + (0 if self.cfg["multilabel"] else 1)

    @property
    def symmetric(self) -> frozenset[str]:
        """RETURNS (frozenset[str]): Labels of relations that hold both ways."""
        return frozenset(self.cfg["symmetric"])

    @property
    def seen(self) -> LabelPairs:
        """RETURNS (LabelPairs): Labels of head and tail of the relations in the training data."""
        return {(head, tail) for head, tail in self.cfg["label_pairs"]}

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
        labels (list[str] | None): The labels of relations, if they are known; else those of the
            examples. Labels of spans are always those of the examples.
        RAISES (SpanbertError): If there is no label, or one that is symmetric is unknown.
        """
        corpus = read_relation_corpus(get_examples(), self.key, self.symmetric)
        for label in sorted(corpus.labels) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            raise SpanbertError(
                f"component {self.name!r} has no labels: {corpus.n_docs} of the gold Docs "
                "are annotated with relations, and none has one. Convert a corpus whose records "
                "have relations, set doc._.relations of gold Docs, or give "
                f"[initialize.components.{self.name}] labels"
            )
        if unknown := sorted(self.symmetric - set(self.labels)):
            raise SpanbertError(
                f"[components.{self.name}] symmetric names {', '.join(unknown)}, but the labels of "
                f"relations are {', '.join(self.labels)}"
            )
        self.cfg["span_labels"] = sorted(corpus.span_labels)
        self.cfg["label_pairs"] = sorted(map(list, corpus.label_pairs))
        report_relations(
            get_examples,
            corpus,
            spans_key=self.key,
            candidates=self.candidates,
            seen=self.seen,
            labels=self.labels,
            symmetric=self.symmetric,
            multilabel=self.cfg["multilabel"],
            name=self.name,
        )
        if nlp is not None:
            report_score_weight(nlp, "relations_f", self.name)
        set_relation_sizes(
            self.model,
            n_outputs=self.n_outputs,
            n_span_labels=len(self.cfg["span_labels"]),
            docs=self.sample_docs(get_examples),
        )

    def predict(self, docs: Iterable[Doc]) -> list[list[Relation]]:
        """Find relations without changing the Docs.

        docs (Iterable[Doc]): Docs with spans, also empty ones.
        RETURNS (list[list[Relation]]): Of each Doc.
        RAISES (ValueError): Before initialization.
        RAISES (SpanbertError): If a Doc with words has no `spans[spans_key]`.
        """
        docs = list(docs)
        spans = [argument_spans(doc, self.key, self.name) for doc in docs]
        return select_relations(
            self._score(docs, spans) if any(spans) else (),
            spans,
            labels=self.labels,
            symmetric=self.symmetric,
            threshold=self.cfg["threshold"],
            multilabel=self.cfg["multilabel"],
        )

    def _score(
        self, docs: list[Doc], spans: list[list[Span]]
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        self.check_ready(docs)
        blocks = pair_blocks(docs, spans, self.candidates, self.seen)
        return score_pairs(self.model, docs, self._arguments(docs, spans), blocks)

    def _arguments(self, docs: list[Doc], spans: list[list[Span]]) -> Any:
        numbers = {label: number for number, label in enumerate(self.cfg["span_labels"], start=1)}
        return to_arguments(docs, spans, numbers)

    def set_annotations(self, docs: Iterable[Doc], predictions: list[list[Relation]]) -> None:
        """Write what predict found to `doc._.relations`.

        docs (Iterable[Doc]): The Docs.
        predictions (list[list[Relation]]): Of each Doc.
        """
        for doc, relations in zip(docs, predictions, strict=True):
            set_relations(doc, relations)

    def begin_update(self, examples: list[Example]) -> TrainingPass | None:
        """Score the pairs of a batch in training; see LearningHead.

        Docs whose reference has no relations, not even an empty list, are not annotated: their
        pairs are not scored.

        examples (list[Example]): The batch.
        RETURNS (TrainingPass | None): PairScores, and what takes the logits' gradient; None without
            pairs.
        RAISES (SpanbertError): If an annotated Doc has no spans.
        """
        docs = [example.predicted for example in examples]
        share, symmetric = self.cfg["gold_share"], self.symmetric
        chosen = [training_spans(example, self.key, share, self.name) for example in examples]
        spans = [doc_spans or [] for doc_spans in chosen]
        gold: list[GoldPair] = []
        n_before = 0
        for example, doc_spans in zip(examples, spans, strict=True):
            if doc_spans:
                pairs = gold_pairs(example, doc_spans, symmetric).pairs
                gold += [(n_before + head, n_before + tail, label) for head, tail, label in pairs]
            n_before += len(doc_spans)
        blocks = list(pair_blocks(docs, spans, self.candidates, self.seen))
        if not blocks:
            return None
        heads, tails = (torch.cat(column) for column in zip(*blocks, strict=True))
        index = {label: number for number, label in enumerate(self.labels)}
        rows, labels = gold_rows(gold, heads, tails, index)
        if self.cfg["negatives"] < 1:
            heads, tails, rows = _draw(heads, tails, rows, self.cfg["negatives"])
        scored = RelationPairs(self._arguments(docs, spans), heads, tails)
        logits, backprop = self.model.begin_update((docs, scored))
        return (scored, rows, labels, logits), backprop

    def get_loss(self, examples: Iterable[Example], scores: PairScores) -> tuple[float, Floats2d]:
        """Compare scores with gold relations.

        examples (Iterable[Example]): The batch.
        scores (PairScores): From begin_update.
        RETURNS (tuple[float, Floats2d]): The summed loss, in nats, and the gradient of the logits.
        """
        del examples
        _, rows, labels, logits = scores
        loss, d_logits = span_loss(
            xp2torch(logits),
            rows,
            labels,
            n_labels=len(self.labels),
            multilabel=self.cfg["multilabel"],
            **self.loss,  # type: ignore[arg-type]
        )
        return float(loss), cast(Floats2d, torch2xp(d_logits))


def _draw(
    heads: Tensor, tails: Tensor, gold: Tensor, share: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Keep all gold pairs and a share of the others."""
    kept = torch.rand(len(heads)) < share
    kept[gold] = True
    # [n_pairs]: where each kept pair stands afterwards
    places = kept.cumsum(0) - 1
    return heads[kept], tails[kept], places[gold]
