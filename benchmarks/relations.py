"""Relation F1 on CoNLL04, SciERC and BioNNE-R, with gold spans and end to end.

Trained on train; choices are made with `--split dev`, and test is scored once (BioNNE-R: dev, the
gold of its test is not released). On the corpus's tokens. On BioNNE-R, where half of the spans lie
inside another, the same system is trained and scored with outermost spans only, too; its misses
count. Beside it a rule that knows only the labels of two spans.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from time import perf_counter
from typing import Any

import spacy

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
from benchmarks.relation_rule import score_rule
from benchmarks.report import code_revision, earlier_results, make_report, print_table, write_report

PROGRAM = "relations"
MINUTES = 15.0
RULE = "gold, rule by labels"


@dataclass(frozen=True)
class Kind:
    """What a system is given.

    name (str): In the report.
    config (str): A key of relation_corpora.CONFIGS.
    is_outermost (bool): Whether it sees outermost spans only.
    """

    name: str
    config: str = "gold"
    is_outermost: bool = False


class RelationBenchmark:
    """Trains, scores, and writes the report after each training, so that none is lost.

    arguments (argparse.Namespace): The options.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.runs = self._finished_runs()

    def run(self) -> list[dict[str, Any]]:
        """Train what has no result yet. RETURNS (list[dict[str, Any]]): The summary."""
        for task in TASKS:
            if task.corpus in self.arguments.only:
                for kind in _kinds(task):
                    for seed in range(self.arguments.seeds):
                        if not self._is_done(task, kind.name, seed):
                            self._add(task, kind.name, seed, **self._train(task, kind, seed))
                if not self._is_done(task, RULE, None):
                    self._add(task, RULE, None, f=self._score_rule(task), seconds=0.0)
        return self.write()

    def write(self) -> list[dict[str, Any]]:
        """Write the report. RETURNS (list[dict[str, Any]]): Its summary."""
        summary = summarize(self.runs)
        report = make_report(
            PROGRAM,
            self.arguments,
            {"runs": self.runs, "summary": summary},
            precision="auto",
            minutes=MINUTES,
            tasks={task.corpus: {"epochs": task.n_epochs, "score": task.score} for task in TASKS},
        )
        write_report(report, Path(self.arguments.output))
        return summary

    def _split(self, task: RelationTask) -> str:
        return self.arguments.split or task.split

    def _train(self, task: RelationTask, kind: Kind, seed: int) -> dict[str, Any]:
        # 0: the spans of the predicted Docs are learned from, which are the outermost ones
        nlp = build_relations(kind.config, gold_share=0.0 if kind.is_outermost else 1.0)
        train, gold = self._load(task, nlp)
        examples = [make_related_example(doc, nlp, outermost=kind.is_outermost) for doc in train]
        n_epochs = 1 if self.arguments.quick else task.n_epochs
        start = perf_counter()
        learn_relations(nlp, examples, n_epochs=n_epochs, batch=task.batch, seed=seed)
        seconds = perf_counter() - start
        scores = score_related(nlp, gold, outermost=kind.is_outermost)
        kept = {key: value for key, value in scores.items() if key.startswith("relations_")}
        return {"f": scores[task.score], "seconds": round(seconds, 1), **kept}

    def _score_rule(self, task: RelationTask) -> float:
        return round(score_rule(*self._load(task, spacy.blank("en"))), 4)

    def _load(self, task: RelationTask, nlp: spacy.Language) -> Iterator[list[spacy.tokens.Doc]]:
        """YIELDS (list[Doc]): What is learned from, and what is scored."""
        for split in ("train", self._split(task)):
            path = find_split(task.corpus, split, self.arguments.data)
            yield load_related(path, nlp, quick=self.arguments.quick)

    def _add(self, task: RelationTask, spans: str, seed: int | None, **result: Any) -> None:
        names = {"corpus": task.corpus, "spans": spans, "split": self._split(task), "seed": seed}
        self.runs.append({**names, **result, **code_revision()})
        self.write()

    def _is_done(self, task: RelationTask, spans: str, seed: int | None) -> bool:
        wanted = (task.corpus, spans, self._split(task), seed)
        keys = ("corpus", "spans", "split", "seed")
        return any(tuple(run[key] for key in keys) == wanted for run in self.runs)

    def _finished_runs(self) -> list[dict[str, Any]]:
        earlier = earlier_results(self.arguments, PROGRAM)
        return earlier["runs"] if earlier else []


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write relations.json."""
    parser = make_parser(PROGRAM, __doc__)
    parser.add_argument("--seeds", type=int, default=None, help="trainings of each (3)")
    names = [task.corpus for task in TASKS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="corpora")
    parser.add_argument("--split", choices=("dev", "test"), help="score this one instead")
    parser.add_argument("--resume", action="store_true", help="keep the runs of the report")
    arguments = parse(parser, argv)
    arguments.seeds = arguments.seeds or (1 if arguments.quick else 3)
    summary = RelationBenchmark(arguments).run()
    keys = ("corpus", "spans", "split", "f_mean", "f_deviation", "n_seeds", "longest_seconds")
    header = ("corpus", "spans", "split", "F1", "deviation", "seeds", "seconds", "in time")
    rows = [(*(row[key] for key in keys), row["is_in_time"]) for row in summary]
    print_table(header, rows, "Relation F1")


def _kinds(task: RelationTask) -> tuple[Kind, ...]:
    if task.is_nested:
        return Kind("gold"), Kind("gold, outermost", is_outermost=True)
    return Kind("gold"), Kind("end to end", "joint")


def summarize(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sum up runs that differ in nothing but the seed.

    runs (Sequence[dict[str, Any]]): With corpus, spans, split, `f` and `seconds`.
    RETURNS (list[dict[str, Any]]): One row a corpus, kind of spans and split: mean and sample
        standard deviation of F1 (None for one seed), `longest_seconds`, `is_in_time`.
    """
    rows = []
    keys = ("corpus", "spans", "split")
    for names in dict.fromkeys(tuple(run[key] for key in keys) for run in runs):
        members = [run for run in runs if tuple(run[key] for key in keys) == names]
        scores = [run["f"] or 0.0 for run in members]
        longest = max(run["seconds"] for run in members)
        rows.append(
            {
                **dict(zip(keys, names, strict=True)),
                "f_mean": round(mean(scores), 4),
                "f_deviation": round(stdev(scores), 4) if len(scores) > 1 else None,
                "n_seeds": len(members),
                "longest_seconds": longest,
                "is_in_time": longest <= 60 * MINUTES,
            }
        )
    return rows


if __name__ == "__main__":
    main()
