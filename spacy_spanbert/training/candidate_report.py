"""What is reported of candidates: recall against how many there are."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wasabi import table

from spacy_spanbert.training.candidate_counts import CandidateCounts, GoldCandidate, RecallCurve
from spacy_spanbert.training.span_counts import LENGTH_BUCKETS

# columns of the table: candidates for each word
PER_WORD = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)
THRESHOLDS = (0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0)
RECALLS = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
TOP_K = (1, 2, 3, 5, 8)
N_POINTS = 100
ALL = "all"
DEPTHS = ("outermost", "inside one", "inside two", "deeper")
TITLES = {
    "by_threshold": "Recall from a threshold on",
    "by_recall": "Threshold that a recall needs",
    "by_top_k": "Recall of the best top_k candidates that begin at each word",
}
# what the gold spans of a table's row have in common
GROUPS: dict[str, Callable[[GoldCandidate], Iterable[str]]] = {
    "": lambda _: (ALL,),
    "words": lambda gold: (gold.length,),
    "nesting": lambda gold: (DEPTHS[min(gold.depth, len(DEPTHS) - 1)],),
    "label": lambda gold: gold.labels,
}

Report = dict[str, Any]


def make_candidate_report(counts: CandidateCounts) -> Report:
    """Work out the report.

    counts (CandidateCounts): All candidates of a corpus, which has gold spans.
    RETURNS (dict[str, Any]): Values that can be written as JSON: `n_docs`, `n_words`, `n_gold`,
        `n_candidates`; `by_threshold`, `by_recall` and `by_top_k`, lists of what is left;
        `per_word`, numbers of candidates for each word; `groups`, by kind and name the number of
        gold spans and their `recall` at each number of `per_word`, and `at_columns`: at those of
        `columns`, and of all candidates.
    """
    reachable = describe_choice(counts, 0.0)["recall"]
    columns = [x for x in PER_WORD if x * counts.n_words < len(counts.scores)]
    grid = _per_word_grid(counts, columns)
    groups = {
        kind: {
            name: _describe(curve, grid, columns)
            for name, curve in _in_order(kind, counts.curves(names_of))
        }
        for kind, names_of in GROUPS.items()
    }
    return {
        "n_docs": counts.n_docs,
        "n_words": counts.n_words,
        "n_gold": len(counts.gold),
        "n_candidates": len(counts.scores),
        "by_threshold": [{"threshold": x, **describe_choice(counts, x)} for x in THRESHOLDS],
        "by_recall": [
            {"min_recall": x, "threshold": (fitted := counts.fit_threshold(x))}
            | describe_choice(counts, fitted)
            for x in RECALLS
            if x <= reachable
        ],
        "by_top_k": [{"top_k": k, **describe_choice(counts, 0.0, k)} for k in TOP_K],
        "columns": columns,
        "per_word": grid,
        "groups": groups,
    }


def describe_choice(
    counts: CandidateCounts, threshold: float, top_k: int | None = None
) -> dict[str, Any]:
    """Say what a threshold and a top_k leave.

    counts (CandidateCounts): All candidates of a corpus.
    threshold (float): Lowest score.
    top_k (int | None): The most candidates that begin at a word.
    RETURNS (dict[str, Any]): `n_candidates`, `per_word`, `recall`.
    """
    n_candidates, n_found = counts.count(threshold, top_k)
    return {
        "n_candidates": n_candidates,
        "per_word": n_candidates / max(1, counts.n_words),
        "recall": n_found / max(1, len(counts.gold)),
    }


def render_candidate_report(report: Report) -> str:
    """Write a report as plain text.

    report (dict[str, Any]): From make_candidate_report.
    RETURNS (str): A sentence and tables, recall in percent.
    """
    text = (
        f"{report['n_gold']:,} gold spans, {report['n_candidates']:,} candidates in "
        f"{report['n_words']:,} words of {report['n_docs']:,} documents\n"
    )
    header = ("gold spans", "", "number", *(f"{x:g} a word" for x in report["columns"]), "all")
    rows = [
        (kind, name, f"{group['n_gold']:,}", *map(_percent, group["at_columns"]))
        for kind, members in report["groups"].items()
        for name, group in members.items()
    ]
    parts = [
        text,
        "Recall of the most probable candidates, so many for each word",
        _draw(header, rows, n_left=2),
    ]
    for key, title in TITLES.items():
        name = key.removeprefix("by_")
        first = ("min_recall", "threshold") if name == "recall" else (name,)
        header = (*first, "candidates", "a word", "recall")
        choices = [(*(f"{row[x]:g}" for x in first), *_cells(row)) for row in report[key]]
        parts += [title, _draw(header, choices)]
    return "\n".join(parts)


def _in_order(kind: str, curves: dict[str, RecallCurve]) -> list[tuple[str, RecallCurve]]:
    """Labels by falling frequency, all else from the least."""
    if kind == "label":
        return sorted(curves.items(), key=lambda item: (-item[1].n_gold, item[0]))
    return sorted(curves.items(), key=lambda item: [*LENGTH_BUCKETS, *DEPTHS, ALL].index(item[0]))


def _per_word_grid(counts: CandidateCounts, columns: list[float]) -> list[float]:
    """Spread numbers of candidates evenly over their orders of magnitude."""
    steps = np.geomspace(1, max(1, len(counts.scores)), N_POINTS) / max(1, counts.n_words)
    return np.unique(np.append(steps, columns)).tolist()


def _describe(curve: RecallCurve, grid: list[float], columns: list[float]) -> dict[str, Any]:
    everything = curve.n_candidates[-1] / max(1, curve.n_words)
    return {
        "n_gold": curve.n_gold,
        "recall": _to_json(curve.recall(grid)),
        "at_columns": _to_json(curve.recall([*columns, everything])),
    }


def _to_json(values: NDArray[np.float64]) -> list[float]:
    return [round(float(value), 5) for value in values]


def _cells(choice: dict[str, Any]) -> tuple[str, ...]:
    per_word, recall = choice["per_word"], choice["recall"]
    return f"{choice['n_candidates']:,}", f"{per_word:.3g}", _percent(recall)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _draw(header: tuple[str, ...], rows: list[tuple[str, ...]], n_left: int = 1) -> str:
    aligns = [*"l" * n_left, *"r" * (len(header) - n_left)]
    drawn = table(rows, header=header, divider=True, aligns=aligns)
    return "\n".join(line.rstrip() for line in drawn.strip("\n").splitlines()) + "\n"
