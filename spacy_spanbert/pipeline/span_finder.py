"""The span finder as a spaCy component: which spans are of interest, whatever their label."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.span_scorer import ScorerModel
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.pipeline.span_gold import SpanTargets, span_targets
from spacy_spanbert.pipeline.span_head import SpanBlock, SpanHead
from spacy_spanbert.pipeline.span_labels import (
    read_corpus,
    report_coverage,
    report_score_weights,
)
from spacy_spanbert.pipeline.span_predictions import (
    ScoredSpans,
    select_candidates,
    split_by_doc,
    write_spans,
)
from spacy_spanbert.pipeline.span_settings import check_candidate_settings


class SpanbertSpanFinder(SpanHead):
    """Finds spans that may be of interest, without labels, for a component behind it to decide.

    Every span up to a longest length is scored, on the scorer of `spanbert_spancat`, by one
    probability: that a gold span has these boundaries. What is probable enough is written to
    `doc.spans[spans_key]`, with the probabilities in its `attrs["scores"]`.

    vocab (Vocab): The pipeline's vocabulary.
    model (ScorerModel): Scores candidates.
    name (str): The component's name.
    scorer (Callable | None): Scores predictions against gold.
    lr_scale (float): Factor on the learning rate of the training config, above 0.
    loss (Mapping[str, float] | None): Options of nn.losses.span_loss: boundary_smoothing,
        positive_weight, none_weight, focal_gamma, negatives.
    spans_key (str): Key in `doc.spans` that is written.
    training_key (str): Key of the gold spans in `doc.spans`. Their labels do not matter; spans of
        the same words count once.
    threshold (float): Lowest probability of a span that is written, 0 to 1.
    min_recall (float | None): Recall that `python -m spacy spanbert tune-threshold` fits the
        threshold for, above 0 and up to 1.
    top_k (int | None): The most spans written that begin at one word, the most probable ones. So a
        sentence has the same spans wherever it stands; a share of the words of a Doc would not do
        that, and would need all scores of a Doc at once.
    max_length (int | Literal["auto"]): Longest span, in words; "auto" chooses at initialization, so
        that 99.5 % of the gold spans are within reach.
    overlap (str): "any", "nested" or "flat"; see SpanbertSpanCategorizer.
    cross_sentences (bool): Whether spans may reach over sentence boundaries, where there are any.
    RAISES (SpanbertError): If a setting cannot be.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: ScorerModel,
        *,
        name: str = "spanbert_span_finder",
        scorer: Callable[..., dict[str, Any]] | None = None,
        lr_scale: float = 1.0,
        loss: Mapping[str, float] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(
            vocab,
            model,
            name=name,
            scorer=scorer,
            suggester=None,
            lr_scale=lr_scale,
            loss=loss,
            settings=settings,
        )

    def check_settings(self) -> None:
        """See LearningHead."""
        super().check_settings()
        check_candidate_settings(self.cfg, self.name)

    @property
    def is_multilabel(self) -> bool:
        """RETURNS (bool): True: there is no output for "none"."""
        return True

    @property
    def n_outputs(self) -> int:
        """RETURNS (int): One score a span."""
        return 1

    @property
    def label_data(self) -> None:  # type: ignore[override]
        """RETURNS (None): There are no labels for `spacy init labels` to store."""

    def add_label(self, label: str) -> NoReturn:
        """Refuse a label.

        label (str): Any.
        RAISES (SpanbertError): Always.
        """
        raise SpanbertError(
            f"component {self.name!r} finds spans without labels and cannot take {label!r}: give "
            "it to the component that labels the candidates, such as spanbert_spancat"
        )

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
    ) -> None:
        """Choose the longest span from examples, and make the scorer's weights.

        get_examples (Callable[[], Iterable[Example]]): A representative set of examples.
        nlp (Language | None): The pipeline; its config is looked at for the weights of scores.
        RAISES (SpanbertError): If no example has a span in `spans[training_key]`.
        """
        key = self.cfg["training_key"]
        corpus = read_corpus(get_examples, key, self.cfg, multilabel=True)
        if not corpus.labels:
            raise SpanbertError(
                f"component {self.name!r} has nothing to learn: the examples have no span in "
                f"doc.spans[{key!r}]; convert them with --spans-key {key}, or set "
                f"[components.{self.name}] training_key to the key they use"
            )
        report_coverage(corpus, corpus.labels, self.name)
        # else what is behind it is scored, and the finder by that
        if nlp is not None and nlp.pipe_names[-1:] == [self.name]:
            report_score_weights(nlp, self.key, self.name)
        self.make_weights(corpus.max_length, self.sample_docs(get_examples))

    def select(self, blocks: Iterable[SpanBlock]) -> ScoredSpans:
        """Choose the spans that are written.

        blocks (Iterable[SpanBlock]): Scored candidates, all of a start in one block.
        RETURNS (ScoredSpans): Ordered by start, then by end.
        """
        return select_candidates(blocks, threshold=self.cfg["threshold"], top_k=self.cfg["top_k"])

    def score_all(self, docs: Iterable[Doc]) -> list[ScoredSpans]:
        """Give all candidates their probabilities, whatever threshold, top_k and overlap are.

        docs (Iterable[Doc]): Any Docs, also empty ones.
        RETURNS (list[ScoredSpans]): One entry a Doc, ordered by start, then by end.
        RAISES (ValueError): Before initialization.
        """
        docs = list(docs)
        found = select_candidates(self.score_candidates(docs), threshold=0.0, top_k=None)
        return split_by_doc(found, docs, "any")

    def read_targets(self, examples: list[Example], candidates: SpanCandidates) -> SpanTargets:
        """Look up which candidates are gold spans.

        examples (list[Example]): The batch.
        candidates (SpanCandidates): Over the words of all its predicted Docs.
        RETURNS (SpanTargets): Gold among the candidates, each span once.
        """
        return span_targets(examples, candidates, self.cfg["training_key"], None)

    def set_annotations(self, docs: Iterable[Doc], predictions: list[ScoredSpans]) -> None:
        """Write what predict found.

        docs (Iterable[Doc]): The Docs.
        predictions (list[ScoredSpans]): One entry a Doc.
        """
        write_spans(list(docs), predictions, labels=[""], spans_key=self.key, write_ents=False)
