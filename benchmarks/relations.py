"""Relation F1 on CoNLL04, SciERC and BioNNE-R, with gold spans and end to end.

Trained on train, scored on test (BioNNE-R: dev, the gold of its test is not released), on the
corpus's tokens. On BioNNE-R, where half of the spans lie inside another, the same system is trained
and scored with outermost spans only, too; its misses count.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any

from benchmarks.arguments import make_parser, parse
from benchmarks.corpora import find_split
from benchmarks.relation_corpora import (
    TASKS,
    RelationTask,
    build_relations,
    learn_relations,
    load_related,
    make_related_example,
    score_related,
)
from benchmarks.report import make_report, print_table, write_report

PROGRAM = "relations"


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write relations.json."""
    parser = make_parser(PROGRAM, __doc__)
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each (1)")
    names = [task.corpus for task in TASKS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="corpora")
    arguments = parse(parser, argv)
    runs = [
        run
        for task in TASKS
        if task.corpus in arguments.only
        for seed in range(1 if arguments.quick else arguments.seeds)
        for run in _runs(task, seed, arguments)
    ]
    summary = summarize(runs)
    header = ("corpus", "spans", "F1", "seeds")
    rows = [(r["corpus"], r["spans"], r["f_mean"], r["n_seeds"]) for r in summary]
    print_table(header, rows, "Relation F1")
    results = {"runs": runs, "summary": summary}
    settings = {task.corpus: {"epochs": task.n_epochs, "score": task.score} for task in TASKS}
    report = make_report(PROGRAM, arguments, results, precision="auto", tasks=settings)
    print(write_report(report, Path(arguments.output)))


def _runs(task: RelationTask, seed: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Train and score: gold spans, end to end, and where it applies gold outermost spans."""
    kinds = [("gold", "gold", False), ("end to end", "joint", False)]
    if task.is_nested:
        kinds = [("gold", "gold", False), ("gold, outermost", "gold", True)]
    rows = []
    for name, kind, outermost in kinds:
        # 0: the spans of the predicted Docs are learned from, which are the outermost ones
        nlp = build_relations(kind, gold_share=0.0 if outermost else 1.0)
        train, gold = (
            load_related(find_split(task.corpus, split, arguments.data), nlp, quick=arguments.quick)
            for split in ("train", task.split)
        )
        examples = [make_related_example(doc, nlp, outermost=outermost) for doc in train]
        start = perf_counter()
        learn_relations(
            nlp,
            examples,
            n_epochs=1 if arguments.quick else task.n_epochs,
            batch=task.batch,
            seed=seed,
        )
        seconds = perf_counter() - start
        scores = score_related(nlp, gold, outermost=outermost)
        rows.append(
            {
                "corpus": task.corpus,
                "spans": name,
                "split": task.split,
                "seed": seed,
                "f": scores[task.score],
                "seconds": round(seconds, 1),
                **{key: value for key, value in scores.items() if key.startswith("relations_")},
            }
        )
    return rows


def summarize(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """RETURNS (list[dict[str, Any]]): The mean over seeds, one row a corpus and kind of spans."""
    rows = []
    for corpus, spans in dict.fromkeys((run["corpus"], run["spans"]) for run in runs):
        members = [r for r in runs if (r["corpus"], r["spans"]) == (corpus, spans)]
        rows.append(
            {
                "corpus": corpus,
                "spans": spans,
                "split": members[0]["split"],
                "f_mean": round(mean(run["f"] or 0.0 for run in members), 4),
                "n_seeds": len(members),
            }
        )
    return rows


if __name__ == "__main__":
    main()
