"""Dev F1 of all choices of the span scorer and its training, on LitBank and GENIA.

Each choice changes one thing of the shipped config and trains for the same number of steps, through
`spacy train`. GENIA (with --data) on spaCy's tokens of the text, LitBank on the corpus's tokens.
"""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thinc.api import Config

from benchmarks.arguments import ROOT, make_parser, parse
from benchmarks.choices import SHIPPED, Choice, all_choices, changed_config, shipped_config
from benchmarks.corpora import find_corpus, write_corpus
from benchmarks.peers import ENCODER
from benchmarks.readme_cells import cores_text
from benchmarks.report import (
    code_revision,
    earlier_results,
    make_report,
    markdown_table,
    print_table,
    write_report,
    write_text,
)
from benchmarks.scores import ABOUT_SCORES, score_model, summarize
from benchmarks.train_command import run_training

CORPORA = {"litbank": "LitBank", "genia": "GENIA"}
ABOUT_TOKENS = {
    "litbank": "LitBank on the corpus's tokens",
    "genia": "GENIA on spaCy's tokens of the text",
}
HEADLINES = {"litbank": "gold", "genia": "spacy"}
QUICK_GROUPS = ("biaffine", "a Doc is of")


class Comparison:
    """Trains and scores choices, and writes the report after each.

    arguments (argparse.Namespace): The options.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.config = shipped_config()
        self.choices = [
            choice
            for choice in all_choices(self.config)
            if choice == SHIPPED or not arguments.groups or choice.group in arguments.groups
        ]
        names = ["litbank"] + (["genia"] if arguments.data else [])
        self.corpora = {name: find_corpus(name, arguments.data) for name in names}
        self.results: dict[str, Any] = {"runs": self._finished_runs(), "summary": {}}

    def run(self) -> dict[str, Any]:
        """Train everything that has no result yet. RETURNS (dict[str, Any]): The report."""
        for corpus in self.corpora:
            for choice in self.choices:
                for seed in range(self.arguments.seeds):
                    if not self._is_done(corpus, choice, seed):
                        self._add(corpus, choice, seed)
        return self.write()

    def write(self) -> dict[str, Any]:
        """Write the report. RETURNS (dict[str, Any]): The report."""
        for corpus, tokens in HEADLINES.items():
            runs = [run for run in self.results["runs"] if run["corpus"] == corpus]
            self.results["summary"][corpus] = summarize(runs, tokens, ("group", "choice"))
        report = make_report(
            "representations",
            self.arguments,
            self.results,
            n_steps=self.arguments.steps,
            tokens=HEADLINES,
            scores=ABOUT_SCORES,
        )
        write_report(report, self.arguments.output)
        return report

    def _add(self, corpus: str, choice: Choice, seed: int) -> None:
        config = changed_config(self.config, choice)
        twin = self._shipped_run(corpus, choice, config, seed)
        result = twin or self._train(corpus, choice, config, seed)
        kept = {key: result[key] for key in ("seconds", "scores")}
        names = {"corpus": corpus, "group": choice.group, "choice": choice.name, "seed": seed}
        steps = {"n_steps": self.arguments.steps, "minutes": None}
        self.results["runs"].append({**names, **steps, **kept, **code_revision()})
        self.write()

    def _train(self, corpus: str, choice: Choice, config: Config, seed: int) -> dict[str, Any]:
        folder: Path = self.arguments.work / "representations" / corpus
        write_corpus(
            self.corpora[corpus],
            folder,
            layout=choice.layout,
            retokenize=HEADLINES[corpus] == "spacy",
            quick=self.arguments.quick,
        )
        config.to_disk(folder / "config.cfg")
        steps = self.arguments.steps
        trained = run_training(
            folder / "config.cfg",
            folder / "pipeline",
            {
                "paths.train": str(folder / "train.spacy"),
                "paths.dev": str(folder / "dev.spacy"),
                "paths.encoder": ENCODER,
                "system.seed": seed,
                "training.max_steps": steps,
                "training.eval_frequency": max(1, steps // 3),
            },
        )
        scores = score_model(
            trained.folder, self.corpora[corpus], layout=choice.layout, quick=self.arguments.quick
        )
        shutil.rmtree(trained.folder)
        return {"seconds": round(trained.seconds, 1), "scores": scores}

    def _shipped_run(
        self, corpus: str, choice: Choice, config: Config, seed: int
    ) -> dict[str, Any] | None:
        """Find the run of the shipped config if the choice is what it says."""
        if choice.layout != SHIPPED.layout or config != self.config:
            return None
        return self._find(corpus, SHIPPED, seed)

    def _find(self, corpus: str, choice: Choice, seed: int) -> dict[str, Any] | None:
        wanted = (corpus, choice.group, choice.name, seed)
        for run in self.results["runs"]:
            if (run["corpus"], run["group"], run["choice"], run["seed"]) == wanted:
                return run
        return None

    def _is_done(self, corpus: str, choice: Choice, seed: int) -> bool:
        return self._find(corpus, choice, seed) is not None

    def _finished_runs(self) -> list[dict[str, Any]]:
        n_steps = self.arguments.steps
        earlier = earlier_results(
            self.arguments, "representations", lambda run: run["n_steps"] == n_steps
        )
        return earlier["runs"] if earlier else []


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write representations.json and the Markdown table."""
    parser = make_parser("representations", __doc__)
    parser.add_argument("--steps", type=int, default=None, help="of training, for each (600)")
    parser.add_argument("--seeds", type=int, default=None, help="how many (2)")
    parser.add_argument("--groups", nargs="+", default=None, help="only these, by name")
    parser.add_argument("--resume", action="store_true", help="keep the runs of the report")
    parser.add_argument(
        "--markdown", type=Path, help="the table (docs/representations.md; with --quick, --output)"
    )
    arguments = parse(parser, argv)
    arguments.steps = arguments.steps or (2 if arguments.quick else 600)
    arguments.seeds = arguments.seeds or (1 if arguments.quick else 2)
    if arguments.quick and not arguments.groups:
        arguments.groups = QUICK_GROUPS[:1]
    report = Comparison(arguments).run()
    print_table(*table(report))
    folder = arguments.output if arguments.quick else ROOT / "docs"
    path = arguments.markdown or folder / "representations.md"
    write_text(path, markdown(report))
    print(path)


def table(report: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """Lay the results out, a row a choice.

    report (dict[str, Any]): This program's report.
    RETURNS (tuple[list[str], list[list[Any]]]): Header and rows.
    """
    summaries = {name: rows for name, rows in report["results"]["summary"].items() if rows}
    header = ["", "choice"]
    cells: dict[tuple[str, str], dict[str, list[Any]]] = {}
    for name, rows in summaries.items():
        header += [f"{CORPORA[name]} F1", "±", "seconds"]
        for row in rows:
            values = [f"{row['f_mean']:.3f}", _deviation(row), row["longest_seconds"]]
            cells.setdefault((row["group"], row["choice"]), {})[name] = values
    nothing = [None, None, None]
    return header, [
        [*names, *(cell for name in summaries for cell in found.get(name, nothing))]
        for names, found in cells.items()
    ]


def markdown(report: dict[str, Any]) -> str:
    """Render the results for the docs.

    report (dict[str, Any]): This program's report.
    RETURNS (str): A page.
    """
    machine, commands = report["machine"], [*report.get("earlier_commands", ()), report["command"]]
    tokens = [ABOUT_TOKENS[name] for name, rows in report["results"]["summary"].items() if rows]
    return (
        "# Choices of the span scorer, measured\n\n"
        "Each row changes one thing of `configs/spans.cfg` and trains for "
        f"{report['settings']['n_steps']:,} steps. F1 on dev: {', '.join(tokens)}, mean of the "
        "seeds with the sample standard deviation, which tells what a difference means; a row "
        "without one is of a single seed. Seconds are of the whole training command.\n\n"
        f"{markdown_table(*table(report))}\n{_not_measured(report)}"
        f"{report['date']}, {machine['cpu']}, {cores_text(machine)}: "
        f"{', '.join(f'`{command}`' for command in commands)}.\n"
    )


def _not_measured(report: dict[str, Any]) -> str:
    """Name the choices that were compared on no corpus, and the corpora that none was on."""
    summaries = report["results"]["summary"]
    found = {(row["group"], row["choice"]) for rows in summaries.values() for row in rows}
    missing: dict[str, list[str]] = {}
    for choice in all_choices(shipped_config()):
        if (choice.group, choice.name) not in found:
            missing.setdefault(choice.group, []).append(choice.name)
    parts = [f"{group}: {', '.join(names)}" for group, names in missing.items()]
    parts += [f"any on {CORPORA[name]}" for name in CORPORA if not summaries.get(name)]
    return f"Not measured: {'; '.join(parts)}.\n\n" if parts else ""


def _deviation(row: dict[str, Any]) -> str | None:
    return None if row["f_deviation"] is None else f"{row['f_deviation']:.3f}"


if __name__ == "__main__":
    main()
