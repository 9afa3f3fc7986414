"""Does pretraining pay? Dev F1 on nested spans after pretraining, and without, all else equal.

Each experiment pretrains through `spacy spanbert pretrain` with a budget in minutes, and fine-tunes
each encoder through `spacy train` with configs/spans.cfg, the same steps and the same seeds. Losses
on held-out text come with it. The report is written after every training; --resume goes on.
"""

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.arguments import ROOT, make_parser, parse
from benchmarks.corpora import find_corpus, write_corpus
from benchmarks.peers import ENCODER, SPANBERT_CONFIG
from benchmarks.pretraining_command import (
    open_tokenized,
    run_pretraining,
    summarize_run,
    token_mlm,
    write_untrained,
)
from benchmarks.pretraining_experiments import (
    EXPERIMENTS,
    QUICK,
    QUICK_ADAPT,
    QUICK_SCRATCH,
    Arm,
    Experiment,
    Recipe,
)
from benchmarks.pretraining_results import print_report, summarize_experiments
from benchmarks.pretraining_text import find_texts
from benchmarks.report import code_revision, earlier_results, make_report, write_report
from benchmarks.representations import HEADLINES
from benchmarks.scores import ABOUT_SCORES, score_model
from benchmarks.step_plan import fixed_steps
from benchmarks.train_command import run_training
from spacy_spanbert.pretraining.checkpoint import BEST
from spacy_spanbert.pretraining.prepare import VOCABULARY
from spacy_spanbert.pretraining.run import CACHE

ABOUT_TIME = (
    "`minutes` is the budget of [pretraining.budget], turned into steps when some were timed; "
    "`training_seconds` is what these and the evaluations took, `seconds` the whole command, with "
    "vocabulary and tokenization where they were not there yet."
)
ABOUT_LOSSES = (
    "On held-out documents, in nats a target. `start`, `heads_alone`, `best` and `end` are of what "
    "the run itself asks; `token_mlm` asks for single pieces, 15 %, alike of all runs on a text."
)
EVALUATED_WINDOWS = 500
WINDOW = 128


class Gain:
    """Pretrains, fine-tunes, and writes the report after each training, so that none is lost.

    arguments (argparse.Namespace): The options.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.work: Path = arguments.work.resolve() / "pretraining_gain"
        self._written: set[str] = set()
        self.experiments = [e for e in EXPERIMENTS if e.name in arguments.only]
        self.results: dict[str, Any] = {"pretrainings": [], "runs": [], "summary": []}
        if earlier := earlier_results(arguments, "pretraining_gain"):
            self.results |= {key: earlier[key] for key in ("pretrainings", "runs")}
        elif not arguments.resume:
            shutil.rmtree(self.work, ignore_errors=True)

    def run(self) -> dict[str, Any]:
        """Do all that has no result yet. RETURNS (dict[str, Any]): The report."""
        for experiment in self.experiments:
            for arm in experiment.all_arms():
                if arm.recipe is not None and arm.is_pretrained:
                    self._pretrain(arm.recipe)
            for seed in range(self.arguments.seeds if experiment.corpus else 0):
                for arm in experiment.all_arms():
                    self._fine_tune(experiment, arm, seed)
        return self.write()

    def write(self) -> dict[str, Any]:
        """Write the report. RETURNS (dict[str, Any]): The report."""
        self.results["summary"] = summarize_experiments(self.results["runs"], self._key)
        report = make_report(
            "pretraining_gain",
            self.arguments,
            self.results,
            minutes=self.arguments.minutes,
            fine_tuning_steps=self.arguments.steps,
            n_seeds=self.arguments.seeds,
            tokens=HEADLINES,
            scores=ABOUT_SCORES,
            time=ABOUT_TIME,
            losses=ABOUT_LOSSES,
        )
        write_report(report, self.arguments.output)
        return report

    def _minutes(self, recipe: Recipe) -> float:
        return self.arguments.minutes or recipe.minutes

    def _folder(self, recipe: Recipe) -> Path:
        name = "".join(letter if letter.isalnum() else "_" for letter in recipe.name)
        return self.work / f"{name}_{self._minutes(recipe):g}_minutes"

    def _pretrain(self, recipe: Recipe) -> Path:
        """Pretrain, unless that is done. RETURNS (Path): The run's output folder."""
        folder, minutes = self._folder(recipe), self._minutes(recipe)
        names = {"recipe": recipe.name, "minutes": minutes}
        is_done = any(names.items() <= entry.items() for entry in self.results["pretrainings"])
        if is_done and (folder / BEST).is_dir():
            return folder
        print(f"== pretraining: {recipe.name}, {minutes:g} minutes", flush=True)
        texts = find_texts(recipe.text, self.arguments.data, self.work, quick=self.arguments.quick)
        changes = {"pretraining.budget.minutes": minutes, **recipe.changes}
        if self.arguments.quick:
            changes |= QUICK | (QUICK_ADAPT if "adapt" in recipe.config else QUICK_SCRATCH)
        if recipe.base is not None:
            changes |= self._take_over(self._pretrain(recipe.base), folder)
        seconds = run_pretraining(
            ROOT / "configs" / recipe.config,
            folder,
            {**changes, "pretraining.corpus.text": [str(text.resolve()) for text in texts]},
        )
        # of a checkpoint that is gone
        known = [e for e in self.results["pretrainings"] if not names.items() <= e.items()]
        self.results["pretrainings"] = [
            *known,
            {
                **names,
                "config": recipe.config,
                "text": recipe.text,
                "changes": recipe.changes,
                "seconds": round(seconds, 1),
                **summarize_run(folder),
                "token_mlm": token_mlm(
                    folder / BEST,
                    open_tokenized(folder),
                    window=WINDOW,
                    n_windows=4 if self.arguments.quick else EVALUATED_WINDOWS,
                ),
                **code_revision(),
            },
        ]
        self._keep_curve(folder)
        self.write()
        return folder

    def _take_over(self, base: Path, folder: Path) -> dict[str, Any]:
        """Use vocabulary and tokenized text of another run again: they take minutes, and are alike.

        RETURNS: What the config has to say of it.
        """
        if not (folder / CACHE).is_dir():
            shutil.copytree(base / CACHE, folder / CACHE, copy_function=os.link)
        return {
            "pretraining.vocabulary.train": False,
            "pretraining.vocabulary.tokenizer": str(base / VOCABULARY),
        }

    def _keep_curve(self, folder: Path) -> None:
        curves = self.arguments.output / "pretraining_gain"
        curves.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / "loss.png", curves / f"{folder.name}.png")

    def _encoder(self, arm: Arm) -> str:
        """RETURNS (str): What [paths] encoder is told."""
        if arm.recipe is None:
            return ENCODER
        folder = self._pretrain(arm.recipe)
        if arm.is_pretrained:
            return str(folder / BEST)
        untrained = folder.with_name(f"{folder.name}_untrained")
        if not untrained.is_dir():
            write_untrained(folder, untrained)
        return str(untrained)

    def _key(self, experiment: Experiment, arm: Arm, seed: int) -> dict[str, Any]:
        """What makes a fine-tuning what it is."""
        minutes = None
        if arm.recipe and arm.is_pretrained:
            # --minutes is of the experiments that are asked for; others were run without it
            is_asked = experiment in self.experiments
            minutes = self._minutes(arm.recipe) if is_asked else arm.recipe.minutes
        return {
            "corpus": experiment.corpus,
            "arm": arm.name,
            "seed": seed,
            "pretraining_minutes": minutes,
            "n_steps": self.arguments.steps,
        }

    def _fine_tune(self, experiment: Experiment, arm: Arm, seed: int) -> None:
        key, corpus = self._key(experiment, arm, seed), experiment.corpus
        assert corpus is not None
        if any(key.items() <= run.items() for run in self.results["runs"]):
            return
        print(f"== {corpus}: {arm.name}, seed {seed}", flush=True)
        source, folder = find_corpus(corpus, self.arguments.data), self._write_corpus(corpus)
        trained = run_training(
            SPANBERT_CONFIG,
            folder / "pipeline",
            {
                "paths.train": str(folder / "train.spacy"),
                "paths.dev": str(folder / "dev.spacy"),
                "paths.encoder": self._encoder(arm),
                "system.seed": seed,
                **fixed_steps(self.arguments.steps),
                **arm.changes,
            },
        )
        scores = score_model(trained.folder, source, layout="sentences", quick=self.arguments.quick)
        shutil.rmtree(trained.folder)
        seconds = round(trained.seconds, 1)
        result = {"changes": arm.changes, "minutes": None, "seconds": seconds, "scores": scores}
        self.results["runs"].append({**key, **result, **code_revision()})
        self.write()

    def _write_corpus(self, corpus: str) -> Path:
        folder = self.work / corpus
        if corpus not in self._written:
            write_corpus(
                find_corpus(corpus, self.arguments.data),
                folder,
                layout="sentences",
                retokenize=HEADLINES[corpus] == "spacy",
                quick=self.arguments.quick,
            )
            self._written.add(corpus)
        return folder


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write pretraining_gain.json."""
    names = [experiment.name for experiment in EXPERIMENTS]
    parser = make_parser("pretraining_gain", __doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="experiments")
    minutes = "of each pretraining (8, 12, 20 or 40)"
    parser.add_argument("--minutes", type=float, default=None, help=minutes)
    parser.add_argument("--steps", type=int, default=None, help="of each fine-tuning (1,100)")
    parser.add_argument("--seeds", type=int, default=None, help="of each fine-tuning (3)")
    parser.add_argument("--resume", action="store_true", help="keep the runs of the report")
    arguments = parse(parser, argv)
    if arguments.data is None:
        raise SystemExit("The texts do not come with the project: give --data FOLDER")
    arguments.steps = arguments.steps or (2 if arguments.quick else 1100)
    arguments.seeds = arguments.seeds or (1 if arguments.quick else 3)
    print_report(Gain(arguments).run())


if __name__ == "__main__":
    main()
