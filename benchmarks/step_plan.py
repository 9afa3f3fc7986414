"""How many steps of `spacy train` fit into a time: a short run before tells."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.train_command import TrainingRun, run_training

# Of the time limit: what a run may take longer than it was thought to.
MARGIN = 0.04
N_EVALUATIONS = 5
CALIBRATION = {"training.max_steps": 100, "training.eval_frequency": 50}
QUICK = {"training.max_steps": 4, "training.eval_frequency": 2}
ABOUT_TIME = (
    "`minutes` limits the whole command `spacy train`: start, initialization, steps, evaluations "
    "and saving. How many steps fit is estimated by a short run before; `seconds` is what the "
    "command took."
)


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


@dataclass(frozen=True)
class StepPlan:
    """How long to train.

    overrides (dict[str, int]): Values of the config, by dotted name.
    costs (Costs): What the plan rests on.
    """

    overrides: dict[str, int]
    costs: Costs


def fit_steps(
    config: Path, folder: Path, overrides: Mapping[str, Any], minutes: float, *, quick: bool
) -> StepPlan:
    """Train for a few steps, and plan how many fit.

    config (Path): The config.
    folder (Path): Where the short run goes; it is deleted.
    overrides (Mapping[str, Any]): Values of the config, by dotted name.
    minutes (float): The time limit.
    quick (bool): A handful of steps, whatever the time.
    RETURNS (StepPlan): `max_steps` and `eval_frequency`, and what they rest on.
    """
    steps = QUICK if quick else CALIBRATION
    trial = run_training(config, folder, {**overrides, **steps})
    shutil.rmtree(trial.folder)
    costs = estimate_costs(trial)
    if quick:
        return StepPlan(QUICK, costs)
    shortest = steps["training.eval_frequency"]
    return StepPlan(_steps(*plan_steps(costs, 60 * minutes, shortest)), costs)


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
    return _steps(eval_frequency * n_evaluations, eval_frequency)


def _steps(max_steps: int, eval_frequency: int) -> dict[str, int]:
    return {"training.max_steps": max_steps, "training.eval_frequency": eval_frequency}
