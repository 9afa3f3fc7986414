"""How many steps a run has."""

from statistics import median

from spacy_spanbert.pretraining.settings import BudgetSettings

# Steps whose time is not counted, for the machine warms up, and steps that are.
WARM_UP = 3
MEASURED = 12


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


def measured_steps(
    minutes: float, seconds: list[float], evaluation_seconds: float, evaluate_every: int
) -> int | None:
    """Turn minutes into steps, once enough steps were timed.

    minutes (float): The budget.
    seconds (list[float]): Time of each step so far.
    evaluation_seconds (float): Time of one evaluation with saving.
    evaluate_every (int): Steps between two evaluations.
    RETURNS (int | None): Steps of the whole run, those that are done among them; None while too
        few were timed.
    """
    spent = sum(seconds)
    if len(seconds) < WARM_UP + MEASURED and spent < 60 * minutes:
        return None
    step = median(seconds[WARM_UP:] or seconds)
    left = 60 * minutes - spent - evaluation_seconds
    return len(seconds) + max(0, int(left / (step + evaluation_seconds / evaluate_every)))
