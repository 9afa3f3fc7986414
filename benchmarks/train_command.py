"""Runs of `python -m spacy train`, with the time of every evaluation.

Nothing is added to the training: the clock reads the lines that the command prints.
"""

import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.arguments import ROOT

# Epoch, step, losses and scores, the score that chooses the best pipeline.
_EVALUATION = re.compile(r"^\s*(\d+)\s+(\d+)\s+(?:[\d.]+\s+)+([\d.]+)\s*$")
# Of the time limit: what a run may take longer than it was thought to.
MARGIN = 0.04
N_EVALUATIONS = 5
N_LAST_LINES = 30


@dataclass(frozen=True)
class Evaluation:
    """One line of the training log.

    step (int): The step, from 0.
    seconds (float): Since the command was started.
    score (float): The score that chooses the best pipeline, 0 to 1.
    """

    step: int
    seconds: float
    score: float


@dataclass(frozen=True)
class TrainingRun:
    """A finished training.

    folder (Path): With model-best and model-last.
    seconds (float): Of the whole command: start, initialization, steps, evaluations, saving.
    evaluations (list[Evaluation]): In order.
    """

    folder: Path
    seconds: float
    evaluations: list[Evaluation]


@dataclass(frozen=True)
class Costs:
    """What the parts of a run cost on this machine, in seconds.

    start (float): Until the first evaluation, after one step, is over; with reading the corpus.
    step (float): Of training, with its share of an evaluation.
    end (float): After the last evaluation.
    """

    start: float
    step: float
    end: float


def run_training(config: Path, folder: Path, overrides: Mapping[str, Any]) -> TrainingRun:
    """Run `spacy train`.

    config (Path): The config.
    folder (Path): Where the pipelines and train.log go.
    overrides (Mapping[str, Any]): Values of the config, by dotted name.
    RETURNS (TrainingRun): What came of it.
    RAISES (RuntimeError): If the command fails; with the end of what it said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "spacy", "train", str(config), "--output", str(folder)]
    for name, value in overrides.items():
        words += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
    start = perf_counter()
    evaluations: list[Evaluation] = []
    last_lines: deque[str] = deque(maxlen=N_LAST_LINES)
    with (
        (folder / "train.log").open("w", encoding="utf8") as log,
        subprocess.Popen(
            words,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            seconds = perf_counter() - start
            log.write(f"{seconds:9.2f}  {line}")
            last_lines.append(line)
            if found := _EVALUATION.match(line):
                step, score = int(found.group(2)), float(found.group(3))
                evaluations.append(Evaluation(step, seconds, score))
    if process.returncode != 0:
        code = process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise RuntimeError(f"spacy train {how}; it said last:\n{''.join(last_lines)}")
    return TrainingRun(folder, perf_counter() - start, evaluations)


def estimate_costs(run: TrainingRun) -> Costs:
    """Work out what the parts of a short run cost.

    Evaluations are counted in with the steps before them: a longer run, which evaluates less often,
    is a little faster than estimated, never slower.

    run (TrainingRun): With two evaluations or more.
    RETURNS (Costs): All above 0.
    """
    marks = run.evaluations
    interval = median(after.seconds - before.seconds for before, after in pairwise(marks))
    return Costs(
        start=marks[0].seconds,
        step=max(interval, 0.001) / (marks[1].step - marks[0].step),
        end=max(run.seconds - marks[-1].seconds, 0.001),
    )


def plan_steps(
    costs: Costs, seconds: float, shortest: int = 1, n_evaluations: int = N_EVALUATIONS
) -> tuple[int, int]:
    """Find how many steps fit into a time, everything else that a run costs included.

    costs (Costs): From estimate_costs.
    seconds (float): The time limit.
    shortest (int): Steps between two evaluations, at least: those of the run that was measured.
    n_evaluations (int): How often to evaluate, besides once after the first step, at most.
    RETURNS (tuple[int, int]): `max_steps` and `eval_frequency`; the last step is evaluated.
    RAISES (SystemExit): If not even one evaluation fits.
    """
    n_steps = int((seconds * (1 - MARGIN) - costs.start - costs.end) / costs.step)
    if n_steps < shortest:
        raise SystemExit(
            f"In {seconds:.0f} s nothing can be trained here: start and end take "
            f"{costs.start + costs.end:.0f} s, a step {costs.step:.2f} s"
        )
    n_evaluations = min(n_evaluations, n_steps // shortest)
    eval_frequency = n_steps // n_evaluations
    return eval_frequency * n_evaluations, eval_frequency


def fixed_steps(n_steps: int) -> dict[str, int]:
    """Write down a given number of steps, with evaluations spread over them.

    n_steps (int): At least 1; rounded down so that the last step is evaluated.
    RETURNS (dict[str, int]): Values of the config, by dotted name.
    """
    n_evaluations = min(N_EVALUATIONS, n_steps)
    eval_frequency = n_steps // n_evaluations
    return {
        "training.max_steps": eval_frequency * n_evaluations,
        "training.eval_frequency": eval_frequency,
    }
