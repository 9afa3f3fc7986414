"""The span categorizer as a spaCy component."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import torch
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import torch2xp, xp2torch
from thinc.types import Floats2d

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.span_scorer import (
    ScorerModel,
    score_all,
    score_given,
    set_sizes,
)
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.losses import span_loss
from spacy_spanbert.pipeline.learning_head import LearningHead, TrainingPass
from spacy_spanbert.pipeline.span_candidates import (
    Suggester,
    span_reach,
    suggested_spans,
    training_candidates,
)
from spacy_spanbert.pipeline.span_gold import span_targets
from spacy_spanbert.pipeline.span_labels import (
    read_corpus,
    report_coverage,
    report_score_weights,
    report_suggested,
)
from spacy_spanbert.pipeline.span_predictions import (
    ScoredSpans,
    select_spans,
    split_by_doc,
    write_spans,
)
from spacy_spanbert.pipeline.span_settings import check_settings


class SpanbertSpanCategorizer(LearningHead):
    """Labels spans, nested to any depth.

    Every span up to a longest length is scored; what is probable enough is written to
    `doc.spans[spans_key]`, with the probabilities in its `attrs["scores"]`.

    vocab (Vocab): The pipeline's vocabulary.
    model (ScorerModel): Scores candidates.
    name (str): The component's name.
    scorer (Callable | None): Scores predictions against gold.
    suggester (Suggester | None): Candidates, if not all spans are to be scored.
    lr_scale (float): Factor on the learning rate of the training config, above 0.
    loss (dict[str, float]): Options of nn.losses.span_loss: boundary_smoothing, positive_weight,
        none_weight, focal_gamma, negatives.
    spans_key (str): Key in `doc.spans`.
    threshold (float): Lowest probability of a span that is written, 0 to 1.
    max_length (int | Literal["auto"]): Longest span, in words; "auto" chooses at initialization, so
        that 99.5 % of the gold spans are within reach.
    multilabel (bool): Whether a span can have several labels, each decided by itself.
    max_positive (int | None): With multilabel: the most labels of a span.
    overlap (str): "any"; "nested": crossing spans are dropped, the less probable first; "flat": the
        set of spans without overlap that has the highest sum of probabilities.
    cross_sentences (bool): Whether spans may reach over sentence boundaries, where there are any.
    write_ents (bool): With overlap = "flat": whether to set `doc.ents` as well.
    RAISES (SpanbertError): If settings do not suit one another.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: ScorerModel,
        *,
        name: str = "spanbert_spancat",
        scorer: Callable[..., dict[str, Any]] | None = None,
        suggester: Suggester | None = None,
        lr_scale: float = 1.0,
        loss: dict[str, float] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            vocab, model, name=name, scorer=scorer, lr_scale=lr_scale, settings=settings
        )
        self.suggester = suggester
        self.loss = dict(loss or {})
        check_settings(self.cfg, self.loss, name)
        if suggester is not None and model.attrs["settings"]["conv_layers"]:
            raise SpanbertError(
                f"[components.{name}.model] conv_layers needs all spans as neighbours of one "
                "another: set it to 0, or leave the suggester out"
            )

    @property
    def key(self) -> str:
        """RETURNS (str): Key in `doc.spans`."""
        return str(self.cfg["spans_key"])

    @property
    def n_outputs(self) -> int:
        """RETURNS (int): Scores of a span: the labels, and "none" unless multilabel."""
        return len(self.labels) + (0 if self.cfg["multilabel"] else 1)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Learn labels and the longest span from examples, and make the scorer's weights.

        get_examples (Callable[[], Iterable[Example]]): A representative set of examples.
        nlp (Language | None): The pipeline; its config is looked at for the weights of scores.
        labels (list[str] | None): The labels, if they are known; else those of the examples.
        RAISES (SpanbertError): If there is no label, or no example has `spans[spans_key]`.
        """
        corpus = read_corpus(get_examples, self.cfg)
        for label in sorted(corpus.labels) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            raise SpanbertError(
                f"component {self.name!r} has no labels: the examples have no span in "
                f"doc.spans[{self.key!r}]; convert them with --spans-key {self.key}, or set "
                f"[components.{self.name}] spans_key to the key they use"
            )
        self.cfg["max_length"] = corpus.max_length
        report_coverage(corpus, self.labels, self.name)
        if nlp is not None:
            report_score_weights(nlp, self.key, self.name)
        if self.suggester is not None:
            report_suggested(get_examples(), self.suggester, self.key, self.name)
        set_sizes(
            self.model,
            n_outputs=self.n_outputs,
            max_length=corpus.max_length,
            docs=self.sample_docs(get_examples),
        )

    def predict(self, docs: Iterable[Doc]) -> list[ScoredSpans]:
        """Find spans without changing the Docs.

        docs (Iterable[Doc]): Any Docs, also empty ones.
        RETURNS (list[ScoredSpans]): One entry a Doc.
        RAISES (ValueError): Before initialization.
        """
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            return split_by_doc(self._select(iter(())), docs, "any")
        self.check_weights()
        if self.suggester is None:
            reach = span_reach(
                docs, self.cfg["max_length"], cross_sentences=self.cfg["cross_sentences"]
            )
            blocks = score_all(self.model, docs, reach)
        else:
            blocks = score_given(self.model, docs, *suggested_spans(docs, self.suggester))
        return split_by_doc(self._select(blocks), docs, self.cfg["overlap"])

    def _select(
        self, blocks: Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]
    ) -> ScoredSpans:
        return select_spans(
            blocks,
            threshold=self.cfg["threshold"],
            multilabel=self.cfg["multilabel"],
            max_positive=self.cfg["max_positive"],
        )

    def set_annotations(self, docs: Iterable[Doc], predictions: list[ScoredSpans]) -> None:
        """Write what predict found.

        docs (Iterable[Doc]): The Docs.
        predictions (list[ScoredSpans]): One entry a Doc.
        """
        write_spans(
            list(docs),
            predictions,
            labels=self.labels,
            spans_key=self.key,
            write_ents=self.cfg["write_ents"],
        )

    def begin_update(self, docs: list[Doc]) -> TrainingPass:
        """Score candidates in training.

        docs (list[Doc]): The predicted Docs of a batch.
        RETURNS (TrainingPass): Candidates and their logits, and what takes the logits' gradient.
        """
        candidates = training_candidates(
            docs,
            self.cfg["max_length"],
            cross_sentences=self.cfg["cross_sentences"],
            suggester=self.suggester,
        )
        logits, backprop = self.model.begin_update((docs, candidates))
        return (candidates, logits), backprop

    def get_loss(
        self, examples: Iterable[Example], spans_scores: tuple[SpanCandidates, Floats2d]
    ) -> tuple[float, Floats2d]:
        """Compare scores with gold spans.

        examples (Iterable[Example]): The batch.
        spans_scores (tuple[SpanCandidates, Floats2d]): Candidates, and their logits of shape
            (n_spans, n_outputs).
        RETURNS (tuple[float, Floats2d]): The summed loss, in nats, and the gradient of the logits.
        """
        candidates, logits = spans_scores
        label_index = {label: index for index, label in enumerate(self.labels)}
        targets = span_targets(list(examples), candidates, self.key, label_index)
        smoothing = self.loss.get("boundary_smoothing", 0.0)
        loss, d_logits = span_loss(
            xp2torch(logits),
            targets.rows,
            targets.labels,
            n_labels=len(self.labels),
            multilabel=self.cfg["multilabel"],
            annotated=targets.annotated,
            neighbours=candidates.neighbour_rows(targets.rows) if smoothing else None,
            **self.loss,  # type: ignore[arg-type]
        )
        return float(loss), cast(Floats2d, torch2xp(d_logits))
