"""The threshold of a span finder that a wanted recall needs."""

from typing import Any

from spacy.language import Language
from spacy.training import Example
from wasabi import msg

from spacy_spanbert.cli.candidate_scores import FACTORY, count_candidates
from spacy_spanbert.errors import SpanbertError


def wanted_recall(
    nlp: Language, name: str, min_recall: float | None, score: str | None
) -> float | None:
    """Tell whether a threshold is fitted to a recall, and to which.

    nlp (Language): The pipeline.
    name (str): The component whose threshold is tuned.
    min_recall (float | None): The recall that was asked for, if any.
    score (str | None): The score that was asked for, if any.
    RETURNS (float | None): The recall; without one, and without a score, that of the component's
        own settings. None if a score decides.
    RAISES (SpanbertError): If the component has no such thing, or the recall cannot be.
    """
    cfg: dict[str, Any] = nlp.get_pipe(name).cfg  # type: ignore[attr-defined]
    if min_recall is None:
        return None if score is not None else cfg.get("min_recall")
    if score is not None:
        raise SpanbertError("--min-recall and --score exclude each other: give one of them")
    if nlp.get_pipe_meta(name).factory != FACTORY:
        raise SpanbertError(f"--min-recall is for {FACTORY}, but {name!r} is none: give --score")
    if not 0 < min_recall <= 1:
        raise SpanbertError(f"--min-recall is above 0 and up to 1, but is {min_recall:g}")
    return min_recall


def fit_to_recall(nlp: Language, name: str, examples: list[Example], min_recall: float) -> float:
    """Find the highest threshold with a recall, and print what it leaves.

    nlp (Language): A trained pipeline.
    name (str): A component of spanbert_span_finder; its top_k stays as it is.
    examples (list[Example]): The gold corpus.
    min_recall (float): Share of the gold spans that are to be among the candidates.
    RETURNS (float): The threshold, with three digits, rounded down.
    RAISES (SpanbertError): If the recall cannot be reached, or overlap = "flat" or "nested": which
        spans are left then depends on more than their own scores.
    """
    cfg: dict[str, Any] = nlp.get_pipe(name).cfg  # type: ignore[attr-defined]
    if cfg["overlap"] != "any":
        raise SpanbertError(
            f"[components.{name}] overlap is {cfg['overlap']!r}: gold spans are dropped for others "
            'at any threshold. Set it to "any" to fit a recall, or tune a score with --score'
        )
    counts = count_candidates(nlp, name, examples)
    threshold = counts.fit_threshold(min_recall, cfg["top_k"])
    n_candidates, n_found = counts.count(threshold, cfg["top_k"])
    msg.info(
        f"recall {n_found / len(counts.gold):.2%} ({n_found:,} of {len(counts.gold):,}), "
        f"{n_candidates:,} candidates, {n_candidates / counts.n_words:.3g} for each word"
    )
    return threshold
