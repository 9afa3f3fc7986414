"""What components that score spans have in common: candidates, scores, learning."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import torch
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import torch2xp, xp2torch
from thinc.types import Floats2d

from spacy_spanbert.layers.span_scorer import ScorerModel, score_all, score_given, set_sizes
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.losses import span_loss
from spacy_spanbert.pipeline.learning_head import LearningHead, TrainingPass
from spacy_spanbert.pipeline.span_candidates import (
    Suggester,
    span_reach,
    suggested_spans,
    training_candidates,
)
from spacy_spanbert.pipeline.span_gold import SpanTargets
from spacy_spanbert.pipeline.span_predictions import ScoredSpans, split_by_doc
from spacy_spanbert.pipeline.span_settings import check_span_settings

# starts counted over all Docs and lengths, shape (n_spans,); logits, shape (n_spans, n_outputs)
SpanBlock = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class SpanHead(LearningHead):
    """A component that scores spans of words.

    vocab (Vocab): The pipeline's vocabulary.
    model (ScorerModel): Scores candidates.
    name (str): The component's name.
    scorer (Callable | None): Scores predictions against gold.
    suggester (Suggester | None): Candidates, if not all spans are to be scored.
    lr_scale (float): Factor on the learning rate of the training config, above 0.
    loss (Mapping[str, float] | None): Options of nn.losses.span_loss.
    settings (Mapping[str, Any]): What is stored in `cfg`: `spans_key`, `threshold`, `max_length`,
        `overlap`, `cross_sentences`, and what a component adds.
    RAISES (SpanbertError): If a setting cannot be.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: ScorerModel,
        *,
        name: str,
        scorer: Callable[..., dict[str, Any]] | None,
        suggester: Suggester | None,
        lr_scale: float,
        loss: Mapping[str, float] | None,
        settings: Mapping[str, Any],
    ) -> None:
        self.suggester = suggester
        self.loss = dict(loss or {})
        super().__init__(
            vocab, model, name=name, scorer=scorer, lr_scale=lr_scale, settings=settings
        )

    def check_settings(self) -> None:
        """See LearningHead."""
        has_weights = bool(self.model.has_dim("nO"))
        check_span_settings(self.cfg, self.loss, self.name, has_weights=has_weights)

    @property
    def key(self) -> str:
        """RETURNS (str): Key in `doc.spans` that is written."""
        return str(self.cfg["spans_key"])

    @property
    @abstractmethod
    def is_multilabel(self) -> bool:
        """RETURNS (bool): Whether each output is decided by itself; if not, the last is "none"."""

    @abstractmethod
    def select(self, blocks: Iterable[SpanBlock]) -> ScoredSpans:
        """Choose the spans that are written.

        blocks (Iterable[SpanBlock]): As score_candidates yields them.
        RETURNS (ScoredSpans): Ordered by start, then by end, then by label.
        """

    @abstractmethod
    def read_targets(self, examples: list[Example], candidates: SpanCandidates) -> SpanTargets:
        """Look up what the candidates should be.

        examples (list[Example]): The batch.
        candidates (SpanCandidates): Over the words of all its predicted Docs.
        RETURNS (SpanTargets): Gold among the candidates.
        """

    def make_weights(self, max_length: int, docs: list[Doc]) -> None:
        """Make the scorer's weights, when the outputs are known.

        max_length (int): Longest span, in words; becomes the component's.
        docs (list[Doc]): A few Docs with words, from which layers learn their sizes.
        """
        self.cfg["max_length"] = max_length
        set_sizes(self.model, n_outputs=self.n_outputs, max_length=max_length, docs=docs)

    def score_candidates(self, docs: list[Doc]) -> Iterator[SpanBlock]:
        """Score all candidates without gradients, a block of words at a time.

        docs (list[Doc]): Any Docs, also empty ones.
        YIELDS (SpanBlock): Starts, lengths and logits, by rising start, all of a start in one
            block; nothing where there are no words.
        RAISES (ValueError): Before initialization.
        """
        if not self.has_something_to_score(docs):
            return
        self.check_ready(docs)
        if self.suggester is None:
            reach = span_reach(
                docs, self.cfg["max_length"], cross_sentences=self.cfg["cross_sentences"]
            )
            yield from score_all(self.model, docs, reach)
        else:
            yield from score_given(self.model, docs, *suggested_spans(docs, self.suggester))

    def predict(self, docs: Iterable[Doc]) -> list[ScoredSpans]:
        """Find spans without changing the Docs.

        docs (Iterable[Doc]): Any Docs, also empty ones.
        RETURNS (list[ScoredSpans]): One entry a Doc.
        RAISES (ValueError): Before initialization.
        """
        docs = list(docs)
        return split_by_doc(self.select(self.score_candidates(docs)), docs, self.cfg["overlap"])

    def begin_update(self, examples: list[Example]) -> TrainingPass:
        """Score candidates in training.

        examples (list[Example]): The batch; only the predicted Docs are used.
        RETURNS (TrainingPass): Candidates and their logits, and what takes the logits' gradient.
        """
        docs = [example.predicted for example in examples]
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
        targets = self.read_targets(list(examples), candidates)
        smoothing = self.loss.get("boundary_smoothing", 0.0)
        loss, d_logits = span_loss(
            xp2torch(logits),
            targets.rows,
            targets.labels,
            n_labels=self.n_outputs - (not self.is_multilabel),
            multilabel=self.is_multilabel,
            annotated=targets.annotated,
            neighbours=candidates.neighbour_rows(targets.rows) if smoothing else None,
            **self.loss,  # type: ignore[arg-type]
        )
        return float(loss), cast(Floats2d, torch2xp(d_logits))
