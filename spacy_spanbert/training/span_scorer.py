"""Scores of predicted spans, nested ones in particular."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from spacy_spanbert.annotations.positions import WordPositions, word_positions
from spacy_spanbert.training.span_counts import LENGTH_BUCKETS, LabelledSpan, SpanCounts, Tally


@registry.scorers("spacy-spanbert.span_scorer.v1")
def make_span_scorer(spans_key: str | None = None) -> Callable[..., dict[str, Any]]:
    """Make the scorer a pipeline component is given.

    spans_key (Optional[str]): Key of `doc.spans` to score; None takes the `spans_key`
        of the component that calls the scorer, or "sc".
    RETURNS (Callable): Takes examples and the component's settings; see `score_spans`.
    """
    return partial(_score_component, fixed_key=spans_key)


def _score_component(
    examples: Iterable[Example], *, fixed_key: str | None = None, **cfg: Any
) -> dict[str, Any]:
    key = fixed_key if fixed_key is not None else cfg.get("spans_key")
    return score_spans(examples, "sc" if key is None else key)


def score_spans(examples: Iterable[Example], spans_key: str = "sc") -> dict[str, Any]:
    """Score the predicted spans of examples against the gold ones.

    A predicted span is right when a gold span has the same first and last character
    and the same label. So a prediction that does not fit the gold tokenization is a
    false positive, and a gold span that the predicted tokenization cannot express is
    missed (spaCy's `Scorer.score_spans` leaves out the former). The same span with
    the same label counts once. Examples whose reference has no `doc.spans[spans_key]`
    are not annotated and are skipped; if all are, every value is None, as it is for
    each kind of which there are neither predicted nor gold spans. All values can be
    written as JSON. With key "sc":

    spans_sc_p, _r, _f: Precision, recall and F1, of all spans.
    spans_sc_per_type: The three by label, as {"p", "r", "f"}.
    spans_sc_inside_p, _r, _f: Of spans inside a longer one. Precision: of the predicted
        spans that lie inside another predicted span, the share that are gold spans,
        whether inside another there or not. Recall: of the gold spans inside another
        gold span, the share that were predicted, wherever they lie.
    spans_sc_containing_p, _r, _f: The same for spans that contain a shorter one.
    spans_sc_boundaries_p, _r, _f: Of all spans, labels left aside.
    spans_sc_label_accuracy: Of the predicted spans whose boundaries are those of a gold
        span, the share whose label is right too.
    spans_sc_per_length: By length in gold words (each gold word counts that a span
        touches), in buckets from "1" to "17+", as {"p", "r", "f", "n_predicted", "n_gold"}.

    examples (Iterable[Example]): Predicted and reference Docs of one text each.
    spans_key (str): Key of the spans in `doc.spans`.
    RETURNS (dict[str, Any]): The scores, from 0 to 1; all None on empty input.
    RAISES (SpanbertError): If an example's two texts differ in more than white space and case.
    """
    counts = SpanCounts()
    for example in examples:
        if spans_key not in example.reference.spans:
            continue
        words, gold_words = word_positions(example.predicted, example.reference)
        counts.add(
            _labelled_spans(example.predicted, spans_key, words),
            _labelled_spans(example.reference, spans_key, gold_words),
            gold_words,
        )
    return _to_scores(counts, f"spans_{spans_key}")


def _labelled_spans(doc: Doc, spans_key: str, words: WordPositions) -> set[LabelledSpan]:
    if spans_key not in doc.spans:
        return set()
    return {(*words.place(span.start, span.end), span.label_) for span in doc.spans[spans_key]}


def _to_scores(counts: SpanCounts, prefix: str) -> dict[str, Any]:
    scores: dict[str, Any] = _named(counts.overall, prefix)
    nothing = counts.overall.is_empty
    scores[f"{prefix}_per_type"] = (
        None
        if nothing
        else {label: tally.to_dict() for label, tally in sorted(counts.per_label.items())}
    )
    scores |= _named(counts.inside, f"{prefix}_inside")
    scores |= _named(counts.containing, f"{prefix}_containing")
    scores |= _named(counts.boundaries, f"{prefix}_boundaries")
    scores[f"{prefix}_label_accuracy"] = (
        counts.n_right_labels / counts.n_right_boundaries if counts.n_right_boundaries else None
    )
    scores[f"{prefix}_per_length"] = (
        None
        if nothing
        else {name: counts.per_length[name].to_dict_with_size() for name in LENGTH_BUCKETS}
    )
    return scores


def _named(tally: Tally, prefix: str) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in tally.to_dict().items()}
