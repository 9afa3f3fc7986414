"""The span categorizer as a spaCy component."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.span_scorer import ScorerModel
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.pipeline.span_candidates import Suggester
from spacy_spanbert.pipeline.span_gold import SpanTargets, span_targets
from spacy_spanbert.pipeline.span_head import SpanBlock, SpanHead
from spacy_spanbert.pipeline.span_labels import (
    check_labelled,
    read_corpus,
    report_coverage,
    report_score_weights,
    report_suggested,
)
from spacy_spanbert.pipeline.span_predictions import ScoredSpans, select_spans, write_spans
from spacy_spanbert.pipeline.span_settings import check_label_settings


class SpanbertSpanCategorizer(SpanHead):
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
            vocab,
            model,
            name=name,
            scorer=scorer,
            suggester=suggester,
            lr_scale=lr_scale,
            loss=loss,
            settings=settings,
        )
        if suggester is not None and model.attrs["settings"]["conv_layers"]:
            raise SpanbertError(
                f"[components.{name}.model] conv_layers needs all spans as neighbours of one "
                "another: set it to 0, or leave the suggester out"
            )

    def check_settings(self) -> None:
        """See LearningHead."""
        super().check_settings()
        check_label_settings(self.cfg, self.name)

    @property
    def is_multilabel(self) -> bool:
        """RETURNS (bool): Whether each label is decided by itself."""
        return bool(self.cfg["multilabel"])

    @property
    def n_outputs(self) -> int:
        """RETURNS (int): Scores of a span: the labels, and "none" unless multilabel."""
        return len(self.labels) + (0 if self.is_multilabel else 1)

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
        corpus = read_corpus(get_examples, self.key, self.cfg, multilabel=self.is_multilabel)
        if labels is None and "" in corpus.labels:
            check_labelled(get_examples, self.key, self.name)
        for label in sorted(corpus.labels) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            raise SpanbertError(
                f"component {self.name!r} has no labels: the examples have no span in "
                f"doc.spans[{self.key!r}]; convert them with --spans-key {self.key}, or set "
                f"[components.{self.name}] spans_key to the key they use"
            )
        report_coverage(corpus, self.labels, self.name)
        if nlp is not None:
            report_score_weights(nlp, self.key, self.name)
        if self.suggester is not None:
            report_suggested(get_examples(), self.suggester, self.key, self.name)
        self.make_weights(corpus.max_length, self.sample_docs(get_examples))

    def select(self, blocks: Iterable[SpanBlock]) -> ScoredSpans:
        """Choose the spans that are written.

        blocks (Iterable[SpanBlock]): Scored candidates.
        RETURNS (ScoredSpans): Ordered by start, then by end, then by label.
        """
        return select_spans(
            blocks,
            threshold=self.cfg["threshold"],
            multilabel=self.is_multilabel,
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

    def read_targets(self, examples: list[Example], candidates: SpanCandidates) -> SpanTargets:
        """Look up what the candidates should be.

        examples (list[Example]): The batch.
        candidates (SpanCandidates): Over the words of all its predicted Docs.
        RETURNS (SpanTargets): Gold with one of the labels among the candidates.
        """
        label_index = {label: index for index, label in enumerate(self.labels)}
        return span_targets(examples, candidates, self.key, label_index)
