"""Scores of trained pipelines."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import spacy
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example

from benchmarks.corpora import GROUPS, SPANS_KEY, bare_doc, load_docs, quick_limit
from spacy_spanbert.training.span_scorer import score_spans

TOKENS = ("gold", "spacy")
KEPT_SCORES = (
    *("p", "r", "f", "inside_f", "containing_f", "boundaries_p", "boundaries_r", "boundaries_f"),
    *("label_accuracy", "per_type"),
)
ABOUT_SCORES = (
    "Scores are of model-best, which is the best of the evaluations on dev. Spans are compared by "
    "character offset with all gold spans, so that gold which the tokens cannot express is missed."
)


def score_model(folder: Path, corpus: Path, *, layout: str, quick: bool) -> dict[str, Any]:
    """Score a trained pipeline on dev, given the corpus's tokens and given text.

    folder (Path): What `spacy train` wrote.
    corpus (Path): Folder with dev.jsonl.
    layout (str): "sentences" or "documents".
    quick (bool): Use a few Docs only.
    RETURNS (dict[str, Any]): Scores by tokens: "gold" and "spacy".
    """
    nlp = spacy.load(folder / "model-best")
    limit = quick_limit(layout) if quick else None
    gold = load_docs(corpus / "dev.jsonl", nlp, limit=limit, group=GROUPS[layout])
    return {tokens: score_pipeline(nlp, gold, tokens) for tokens in TOKENS}


def score_pipeline(nlp: Language, gold: Iterable[Doc], tokens: str) -> dict[str, Any]:
    """Annotate and score.

    nlp (Language): A trained pipeline.
    gold (Iterable[Doc]): Annotated Docs of its vocabulary, with the corpus's tokens.
    tokens (str): What the pipeline is given: "gold" tokens and sentence starts, or text ("spacy").
    RETURNS (dict[str, Any]): Precision, recall, F1 and more, 0 to 1.
    """
    gold = list(gold)
    make = bare_doc if tokens == "gold" else _tokenize
    predicted = nlp.pipe(make(doc, nlp) for doc in gold)
    examples = [Example(doc, reference) for doc, reference in zip(predicted, gold, strict=True)]
    scores = score_spans(examples, SPANS_KEY)
    return {name: scores[f"spans_{SPANS_KEY}_{name}"] for name in KEPT_SCORES}


def summarize(
    runs: Sequence[dict[str, Any]], tokens: str, keys: Sequence[str] = ("pipeline", "layout")
) -> list[dict[str, Any]]:
    """Sum up runs that differ in nothing but the seed.

    runs (Sequence[dict[str, Any]]): With `scores`, `seconds`, `minutes` and the keys.
    tokens (str): Which scores.
    keys (Sequence[str]): What tells runs apart.
    RETURNS (list[dict[str, Any]]): The keys, `n_seeds`, mean and sample standard deviation of F1
        (None for one seed), `longest_seconds`, `is_in_time` (None without a limit).
    """
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(tuple(run[key] for key in keys), []).append(run)
    rows = []
    for values, members in groups.items():
        scores = [run["scores"][tokens]["f"] or 0.0 for run in members]
        longest, minutes = max(run["seconds"] for run in members), members[0]["minutes"]
        rows.append(
            {
                **dict(zip(keys, values, strict=True)),
                "tokens": tokens,
                "n_seeds": len(members),
                "f_mean": round(mean(scores), 4),
                "f_deviation": round(stdev(scores), 4) if len(scores) > 1 else None,
                "longest_seconds": longest,
                "is_in_time": None if minutes is None else longest <= 60 * minutes,
            }
        )
    return rows


def _tokenize(doc: Doc, nlp: Language) -> Doc:
    return nlp.tokenizer(doc.text)
