"""How many steps a run has."""

from statistics import mean

import torch
from accelerate import Accelerator

from spacy_spanbert.pretraining.checkpoint import Progress
from spacy_spanbert.pretraining.divergence import PretrainingError
from spacy_spanbert.pretraining.settings import BudgetSettings

# Steps whose time is not counted, for the machine warms up, and steps that are, at least.
WARM_UP = 3
MEASURED = 12
# Share of the minutes that is timed: a few seconds tell little of an hour on a shared machine.
TIMED_SHARE = 0.05


def planned_steps(budget: BudgetSettings, n_windows: int, step_windows: int) -> int | None:
    """Turn a budget into steps, where no measurement is needed.

    budget (BudgetSettings): Of the config.
    n_windows (int): Windows of an epoch.
    step_windows (int): Windows of a step.
    RETURNS (int | None): At least 1; None for a budget in minutes.
    """
    if budget.steps is not None:
        return budget.steps
    if budget.epochs is not None:
        return max(1, round(budget.epochs * n_windows / step_windows))
    return None


def check_encoder_learns(progress: Progress) -> None:
    """Refuse a new run that is over before its encoder begins to learn.

    progress (Progress): Before the first step, with the steps of the run.
    RAISES (PretrainingError): If the heads learn alone in all of them.
    """
    n_alone, total = progress.head_warmup_steps, progress.total_steps
    if total is not None and n_alone >= total:
        raise PretrainingError(
            f"The run has {total:,} steps, and in the first {n_alone:,} the heads learn alone: the "
            "encoder would not learn at all. Lower [pretraining.training] head_warmup_steps, or "
            "raise [pretraining.budget]."
        )


def measured_steps(
    minutes: float, seconds: list[float], evaluation_seconds: float, evaluate_every: int
) -> int | None:
    """Turn minutes into steps, once enough steps were timed.

    minutes (float): What is left of the budget before these steps; 0 or less if nothing is.
    seconds (list[float]): Time of each step so far.
    evaluation_seconds (float): Time of one evaluation with saving.
    evaluate_every (int): Steps between two evaluations.
    RETURNS (int | None): Steps that fit, those that are done among them; None while too few were
        timed.
    """
    spent = sum(seconds)
    is_enough = len(seconds) >= WARM_UP + MEASURED and spent >= TIMED_SHARE * 60 * minutes
    if not is_enough and spent < 60 * minutes:
        return None
    left = 60 * minutes - spent - evaluation_seconds
    if left <= 0:
        return len(seconds)
    step = mean(seconds[WARM_UP:] or seconds)
    return len(seconds) + int(left / (step + evaluation_seconds / evaluate_every))


class StepClock:
    """Times the steps, and turns a budget in minutes into steps once enough were timed.

    Steps with a frozen encoder are quicker than those that follow, so that they are paid for but
    tell nothing about what is to come.

    minutes (float | None): The budget; None if it is in steps already.
    evaluate_every (int): Steps between two evaluations.
    progress (Progress): Of the run; told the time, and its steps when they are known.
    """

    def __init__(self, minutes: float | None, evaluate_every: int, progress: Progress) -> None:
        self.minutes = minutes
        self.evaluate_every = evaluate_every
        self.progress = progress
        self._evaluation_seconds = 0.0
        self._seconds: list[float] = []

    def add_evaluation(self, seconds: float) -> None:
        """Count an evaluation.

        seconds (float): How long it took, with saving.
        """
        self._evaluation_seconds = seconds
        self.progress.seconds += seconds

    def add(self, seconds: float, accelerator: Accelerator) -> bool:
        """Count a step that the progress counts already; all processes must call this together.

        seconds (float): How long it took.
        accelerator (Accelerator): Knows the processes.
        RETURNS (bool): Whether the minutes became steps right now.
        """
        if self.progress.step > self.progress.head_warmup_steps:
            self._seconds.append(seconds)
        self.progress.seconds += seconds
        if self.progress.total_steps is not None or self.minutes is None:
            return False
        # of earlier tries, with a frozen encoder, and of evaluations
        earlier_steps = self.progress.step - len(self._seconds)
        earlier_seconds = self.progress.seconds - sum(self._seconds)
        total = measured_steps(
            self.minutes - earlier_seconds / 60,
            self._seconds,
            self._evaluation_seconds,
            self.evaluate_every,
        )
        mine = torch.tensor([-1 if total is None else total], device=accelerator.device)
        totals = accelerator.gather(mine)
        if not (totals >= 0).any():
            return False
        # the slowest process decides, so that all do the same steps
        self.progress.total_steps = earlier_steps + int(totals[totals >= 0].min())
        return True
