"""F1 on a dev corpus after training for a given time: what litbank_f1 and genia_f1 share."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.arguments import make_parser, parse
from benchmarks.corpora import GROUPS, find_corpus, write_corpus
from benchmarks.peers import ENCODER, SPANBERT_CONFIG, SPANCAT_CONFIG, encoder_folder
from benchmarks.report import code_revision, earlier_results, make_report, print_table, write_report
from benchmarks.scores import ABOUT_SCORES, score_model, summarize
from benchmarks.step_plan import ABOUT_TIME, QUICK, fit_steps, fixed_steps
from benchmarks.train_command import TrainingRun, run_training

OURS, PEER = "spanbert", "spancat"
ABOUT_PEER = (
    "spancat on sentences, until its patience of 1,600 steps ends or --peer-steps are done; no "
    "time limit"
)


@dataclass(frozen=True)
class F1Task:
    """A corpus, and how it is measured.

    program (str): Module and report.
    corpus (str): The corpus's folder.
    minutes (float): Time limit of a training.
    layouts (tuple[str, ...]): Of "sentences" (a record is a Doc) and "documents".
    tokens (str): "gold", the corpus's own, or "spacy", those that the pipeline makes of the text.
        Both are scored, this is the headline. With "spacy", training uses them too.
    """

    program: str
    corpus: str
    minutes: float
    layouts: tuple[str, ...]
    tokens: str


class F1Benchmark:
    """Trains, scores, and writes the report after each training, so that none is lost.

    task (F1Task): What to measure.
    arguments (argparse.Namespace): The options.
    """

    def __init__(self, task: F1Task, arguments: argparse.Namespace) -> None:
        self.task = task
        self.arguments = arguments
        self.corpus = find_corpus(task.corpus, arguments.data)
        self.results: dict[str, Any] = {
            "runs": self._finished_runs(),
            "summary": [],
            "left_out": {},
            "plans": {},
        }

    def train_ours(self, layout: str) -> None:
        """Train our pipeline with each seed.

        layout (str): "sentences" or "documents".
        """
        folder = self._write_corpus(layout)
        overrides = {**_paths(folder), "paths.encoder": ENCODER}
        for seed in self._missing_seeds(OURS, layout, self.arguments.seeds):
            if layout not in self.results["plans"]:
                self.results["plans"][layout] = self._plan(folder, overrides)
            steps = self.results["plans"][layout]["overrides"]
            trained = run_training(
                SPANBERT_CONFIG,
                folder / f"{OURS}-{seed}",
                {**overrides, **steps, "system.seed": seed},
            )
            self._add(OURS, layout, seed, self.arguments.minutes, trained)

    def train_peer(self) -> None:
        """Train spancat on sentences, until its own patience ends or so many steps are done."""
        folder = self._write_corpus("sentences")
        overrides = {**_paths(folder), "paths.encoder": encoder_folder()}
        n_steps = self.arguments.peer_steps
        steps = QUICK if self.arguments.quick else fixed_steps(n_steps) if n_steps else {}
        for seed in self._missing_seeds(PEER, "sentences", self.arguments.peer_seeds):
            trained = run_training(
                SPANCAT_CONFIG,
                folder / f"{PEER}-{seed}",
                {**overrides, **steps, "system.seed": seed},
            )
            self._add(PEER, "sentences", seed, None, trained)

    def write(self) -> dict[str, Any]:
        """Write the report. RETURNS (dict[str, Any]): The report."""
        self.results["summary"] = summarize(self.results["runs"], self.task.tokens)
        report = make_report(
            self.task.program,
            self.arguments,
            self.results,
            minutes=self.arguments.minutes,
            tokens=self.task.tokens,
            time=ABOUT_TIME,
            scores=ABOUT_SCORES,
            peer=ABOUT_PEER,
        )
        write_report(report, self.arguments.output)
        return report

    def _plan(self, folder: Path, overrides: dict[str, Any]) -> dict[str, Any]:
        """Choose the steps. RETURNS: Overrides of the config, and the costs they rest on."""
        if self.arguments.steps:
            return {"overrides": fixed_steps(self.arguments.steps), "costs": None}
        minutes, quick = self.arguments.minutes, self.arguments.quick
        plan = fit_steps(SPANBERT_CONFIG, folder / "calibration", overrides, minutes, quick=quick)
        costs = {name: round(value, 4) for name, value in vars(plan.costs).items()}
        return {"overrides": plan.overrides, "costs": costs}

    def _write_corpus(self, layout: str) -> Path:
        folder: Path = self.arguments.work / self.task.program / layout
        self.results["left_out"][layout] = write_corpus(
            self.corpus,
            folder,
            layout=layout,
            retokenize=self.task.tokens == "spacy",
            quick=self.arguments.quick,
        )
        return folder

    def _add(
        self, pipeline: str, layout: str, seed: int, minutes: float | None, trained: TrainingRun
    ) -> None:
        scores = score_model(trained.folder, self.corpus, layout=layout, quick=self.arguments.quick)
        curve = [
            {"step": mark.step, "seconds": round(mark.seconds, 1), "score": mark.score}
            for mark in trained.evaluations
        ]
        self.results["runs"].append(
            {
                "pipeline": pipeline,
                "layout": layout,
                "seed": seed,
                "minutes": minutes,
                "seconds": round(trained.seconds, 1),
                "n_steps": trained.evaluations[-1].step,
                "scores": scores,
                "curve": curve,
                **code_revision(),
            }
        )
        self.write()

    def _missing_seeds(self, pipeline: str, layout: str, n_seeds: int) -> list[int]:
        done = {(run["pipeline"], run["layout"], run["seed"]) for run in self.results["runs"]}
        return [seed for seed in range(n_seeds) if (pipeline, layout, seed) not in done]

    def _finished_runs(self) -> list[dict[str, Any]]:
        same = (None, self.arguments.minutes)
        earlier = earlier_results(
            self.arguments, self.task.program, lambda run: run["minutes"] in same
        )
        return earlier["runs"] if earlier else []


def run(task: F1Task, description: str | None, argv: Sequence[str] | None) -> None:
    """Run a whole benchmark, and print its table.

    task (F1Task): What to measure.
    description (str | None): The program's docstring.
    argv (Sequence[str] | None): Options; None for those of the command line.
    """
    parser = make_parser(task.program, description)
    parser.add_argument(
        "--minutes", type=float, default=task.minutes, help=f"for each seed ({task.minutes:g})"
    )
    parser.add_argument(
        "--steps", type=int, default=None, help="of each training, instead of an estimate"
    )
    parser.add_argument("--seeds", type=int, default=None, help="how many (3)")
    parser.add_argument(
        "--layouts", nargs="+", choices=GROUPS, default=list(task.layouts), help="what a Doc is"
    )
    parser.add_argument("--peer-seeds", type=int, default=1, help="of spancat, hours each (1)")
    parser.add_argument("--peer-steps", type=int, help="of spancat, whatever its patience")
    parser.add_argument("--skip-peer", action="store_true", help="do not train spancat")
    parser.add_argument("--resume", action="store_true", help="keep the runs of the report")
    arguments = parse(parser, argv)
    arguments.seeds = arguments.seeds or (1 if arguments.quick else 3)
    benchmark = F1Benchmark(task, arguments)
    for layout in arguments.layouts:
        benchmark.train_ours(layout)
    if not arguments.skip_peer:
        benchmark.train_peer()
    _print(benchmark.write())


def _paths(folder: Path) -> dict[str, str]:
    return {f"paths.{split}": str(folder / f"{split}.spacy") for split in ("train", "dev")}


def _print(report: dict[str, Any]) -> None:
    keys = ("pipeline", "layout", "n_seeds", "f_mean", "f_deviation", "longest_seconds")
    rows = [
        (*(row[key] for key in keys), row["is_in_time"]) for row in report["results"]["summary"]
    ]
    header = ("", "a Doc is of", "seeds", "F1", "deviation", "seconds", "in time")
    title = f"{report['benchmark']}: dev F1 on {report['settings']['tokens']} tokens"
    print_table(header, rows, title)
