"""Scores of candidates: boundaries only, and how many there are."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry

from spacy_spanbert.annotations.positions import Boundaries, WordPositions, word_positions
from spacy_spanbert.training.span_counts import Tally


@registry.scorers("spacy-spanbert.candidate_scorer.v1")
def make_candidate_scorer() -> Callable[..., dict[str, Any]]:
    """Make the scorer a pipeline component is given.

    RETURNS (Callable): Takes examples and the component's settings; see `score_candidates`.
    """
    return score_candidates


def score_candidates(
    examples: Iterable[Example],
    *,
    spans_key: str = "candidates",
    training_key: str = "sc",
    **cfg: Any,
) -> dict[str, Any]:
    """Score the boundaries of predicted spans against those of the gold ones.

    Labels do not matter, and spans of the same words count once. As in `score_spans`, spans are
    compared by their characters, and Examples without `reference.spans[training_key]` are not
    annotated and are skipped. With spans_key "candidates":

    spans_candidates_p, _r, _f: Precision, recall and F1; None where there are neither predicted
        nor gold spans.
    spans_candidates_per_word: Predicted spans for each predicted word; None without words.

    examples (Iterable[Example]): Predicted and reference Docs of one text each.
    spans_key (str): Key of the predicted spans in `doc.spans`.
    training_key (str): Key of the gold spans in `doc.spans`.
    RETURNS (dict[str, Any]): The scores; all None on empty input.
    RAISES (SpanbertError): If an example's two texts differ in more than white space and case.
    """
    del cfg
    tally, n_words = Tally(), 0
    for example in examples:
        if training_key not in example.reference.spans:
            continue
        words, gold_words = word_positions(example.predicted, example.reference)
        tally.add(
            _boundaries(example.predicted, spans_key, words),
            _boundaries(example.reference, training_key, gold_words),
        )
        n_words += len(example.predicted)
    prefix = f"spans_{spans_key}"
    scores: dict[str, Any] = {f"{prefix}_{name}": value for name, value in tally.to_dict().items()}
    scores[f"{prefix}_per_word"] = tally.n_predicted / n_words if n_words else None
    return scores


def _boundaries(doc: Doc, spans_key: str, words: WordPositions) -> set[Boundaries]:
    if spans_key not in doc.spans:
        return set()
    return {words.place(span.start, span.end) for span in doc.spans[spans_key] if len(span)}
