"""Entity F1 on WNUT-17 and part-of-speech accuracy on English EWT, beside spaCy's ner and tagger.

Trained on train for at most ten minutes each, the best step chosen on dev, scored on test, on the
corpora's tokens, three seeds; all on the same encoder and in the same run.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import spacy

from benchmarks.arguments import ROOT, make_parser, parse
from benchmarks.corpora import bare_doc, count_words
from benchmarks.peers import ENCODER, encoder_folder
from benchmarks.report import (
    code_revision,
    earlier_results,
    make_report,
    print_table,
    write_report,
)
from benchmarks.step_plan import fit_steps
from benchmarks.tag_corpora import (
    TASKS,
    TagTask,
    find_tag_corpus,
    load_tagged,
    score_tagger,
    test_split,
    write_tag_corpus,
)
from benchmarks.timing import interleave, paired_ratio, speed_summary
from benchmarks.train_command import TrainingRun, run_training

PROGRAM = "tags"
OURS, PEER = "spanbert", "spacy"
MINUTES = 10.0
N_ROUNDS = 5
WARM_UP = "training.optimizer.learn_rate.warmup_steps"


class TagBenchmark:
    """Trains and scores both pipelines on one corpus.

    task (TagTask): What to measure.
    corpus (Path): The corpus's folder.
    arguments (argparse.Namespace): The options.
    """

    def __init__(self, task: TagTask, corpus: Path, arguments: argparse.Namespace) -> None:
        self.task = task
        self.corpus = corpus
        self.arguments = arguments
        self.folder: Path = arguments.work / PROGRAM / task.corpus
        self.overrides = write_tag_corpus(corpus, self.folder, quick=arguments.quick)
        self.configs = {
            OURS: (ROOT / "configs" / task.config, ENCODER),
            PEER: (ROOT / "benchmarks" / "configs" / task.config, encoder_folder()),
        }
        self.plans: dict[str, dict[str, int]] = {}

    def train(self, pipeline: str, name: str, **changes: Any) -> TrainingRun:
        """Train one pipeline in the given time.

        pipeline (str): "spanbert" or "spacy".
        name (str): Of its folder.
        changes (Any): Values of the config, by dotted name.
        RETURNS (TrainingRun): What came of it.
        """
        config, encoder = self.configs[pipeline]
        overrides = {**self.overrides, "paths.encoder": encoder}
        if pipeline not in self.plans:
            self.plans[pipeline] = fit_steps(
                config,
                self.folder / f"{pipeline}-calibration",
                overrides,
                self.arguments.minutes,
                quick=self.arguments.quick,
            ).overrides
        steps = dict(self.plans[pipeline])
        if pipeline == PEER:
            # its 250 steps of warm-up would be most of what fits, or all
            steps[WARM_UP] = max(1, steps["training.max_steps"] // 10)
        return run_training(config, self.folder / name, {**overrides, **steps, **changes})

    def run(self) -> list[dict[str, Any]]:
        """Train all seeds of both, in turns. RETURNS (list[dict[str, Any]]): A row a training."""
        rows = []
        split = test_split(self.corpus)
        for seed in range(self.arguments.seeds):
            for pipeline in (OURS, PEER):
                trained = self.train(pipeline, f"{pipeline}-{seed}", **{"system.seed": seed})
                nlp = spacy.load(trained.folder / "model-best")
                docs = load_tagged(self.corpus, split, nlp, quick=self.arguments.quick)
                rows.append(
                    {
                        "corpus": self.task.corpus,
                        "pipeline": pipeline,
                        "seed": seed,
                        "split": split,
                        "score": score_tagger(nlp, docs, self.task.score),
                        "dev_score": max(mark.score for mark in trained.evaluations),
                        "seconds": round(trained.seconds, 1),
                        "n_steps": trained.evaluations[-1].step,
                        **code_revision(),
                    }
                )
        return rows

    def speed(self) -> dict[str, Any]:
        """Time both pipelines of seed 0, in turns. RETURNS: Words per second, and their ratio."""
        split = test_split(self.corpus)
        tasks, n_words = {}, 0
        for pipeline in (OURS, PEER):
            nlp = spacy.load(self.folder / f"{pipeline}-0" / "model-best")
            gold = load_tagged(self.corpus, split, nlp, quick=self.arguments.quick)
            n_words = count_words(gold)

            def prepare(_: int, nlp: Any = nlp, gold: Any = gold) -> Any:
                docs = [bare_doc(doc, nlp) for doc in gold]
                return lambda: [None for _ in nlp.pipe(docs)]

            prepare(0)()
            tasks[pipeline] = prepare
        n_rounds = 1 if self.arguments.quick else N_ROUNDS
        seconds = interleave(tasks, n_rounds)
        summary = {
            name: speed_summary([n_words] * n_rounds, values) for name, values in seconds.items()
        }
        return {**summary, "ratio": paired_ratio(seconds[PEER], seconds[OURS])}


def summarize_tags(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sum up runs that differ in nothing but the seed.

    rows (Sequence[dict[str, Any]]): From TagBenchmark.run.
    RETURNS (list[dict[str, Any]]): `corpus`, `pipeline`, `split`, `n_seeds`, mean and sample
        standard deviation of the score (None for one seed), `longest_seconds`.
    """
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["corpus"], row["pipeline"]), []).append(row)
    return [
        {
            "corpus": corpus,
            "pipeline": pipeline,
            "split": members[0]["split"],
            "n_seeds": len(members),
            "mean": round(mean(row["score"] for row in members), 4),
            "deviation": (
                round(stdev(row["score"] for row in members), 4) if len(members) > 1 else None
            ),
            "longest_seconds": max(row["seconds"] for row in members),
        }
        for (corpus, pipeline), members in groups.items()
    ]


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write tags.json."""
    parser = make_parser(PROGRAM, __doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of each training (10)")
    parser.add_argument("--seeds", type=int, default=None, help="how many (3)")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--resume", action="store_true", help="keep the corpora of the report")
    arguments = parse(parser, argv)
    arguments.seeds = arguments.seeds or (1 if arguments.quick else 3)
    results: dict[str, Any] = {"runs": [], "summary": [], "speed": {}, "plans": {}}
    results |= earlier_results(arguments, PROGRAM) or {}
    for name in [name for name in arguments.only if name not in results["plans"]]:
        corpus = find_tag_corpus(name, arguments.data)
        if corpus is None:
            print(f"{name} is left out: it does not come with the project (--data FOLDER)")
            continue
        benchmark = TagBenchmark(TASKS[name], corpus, arguments)
        results["runs"] += benchmark.run()
        results["summary"] = summarize_tags(results["runs"])
        results["speed"][name] = benchmark.speed()
        results["plans"][name] = benchmark.plans
        _write(arguments, results)
    _print(results)


def _write(arguments: argparse.Namespace, results: dict[str, Any]) -> dict[str, Any]:
    report = make_report(
        PROGRAM,
        arguments,
        json.loads(json.dumps(results)),
        minutes=arguments.minutes,
        about=__doc__,
    )
    write_report(report, arguments.output)
    return report


def _print(results: dict[str, Any]) -> None:
    keys = ("corpus", "pipeline", "split", "n_seeds", "mean", "deviation", "longest_seconds")
    rows = [tuple(row[key] for key in keys) for row in results["summary"]]
    print_table(keys, rows)
    speeds = [
        (name, *(speed[p]["words_per_second"] for p in (OURS, PEER)), speed["ratio"])
        for name, speed in results["speed"].items()
    ]
    print_table(("words/s", OURS, PEER, "ratio"), speeds)


if __name__ == "__main__":
    main()
