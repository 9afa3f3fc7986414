"""Costs and plans of trainings."""

from pathlib import Path

import pytest

from benchmarks.step_plan import MARGIN, Costs, estimate_costs, fixed_steps, plan_steps
from benchmarks.train_command import Evaluation, TrainingRun


def simulated_run(n_steps: int, eval_frequency: int) -> TrainingRun:
    """Play a training: 9 s before the first step, 0.31 s a step, 2.5 s an evaluation, 1 s after."""
    seconds, marks = 9.0, []
    for step in range(n_steps + 1):
        seconds += 0.31
        if step % eval_frequency == 0:
            seconds += 2.5
            marks.append(Evaluation(step, seconds, 0.5))
    return TrainingRun(Path("nowhere"), seconds + 1, marks)


@pytest.mark.parametrize("n_evaluations", [1, 2, 5])
def test_costs_of_an_exact_run_are_found_exactly(n_evaluations: int):
    costs = estimate_costs(simulated_run(50 * n_evaluations, 50))
    step = (50 * 0.31 + 2.5) / 50
    assert vars(costs) == pytest.approx({"start": 9 + 0.31 + 2.5, "step": step, "end": 1})


def test_a_slow_first_evaluation_makes_no_step_cheap():
    marks = [Evaluation(0, 99.0, 0.0), Evaluation(5, 101.0, 0.0), Evaluation(10, 103.0, 0.0)]
    assert estimate_costs(TrainingRun(Path("nowhere"), 104.0, marks)) == Costs(99.0, 0.4, 1.0)


@pytest.mark.parametrize("seconds", [60.0, 600.0, 1200.0])
def test_a_planned_run_ends_in_time_and_ends_with_an_evaluation(seconds: float):
    costs = estimate_costs(simulated_run(100, 50))
    n_steps, eval_frequency = plan_steps(costs, seconds, 50)
    assert n_steps % eval_frequency == 0
    assert eval_frequency >= 50
    run = simulated_run(n_steps, eval_frequency)
    assert run.evaluations[-1].step == n_steps
    assert 0.75 * seconds < run.seconds <= seconds * (1 - MARGIN)


def test_a_time_limit_in_which_nothing_fits_is_refused():
    with pytest.raises(SystemExit, match="In 20 s nothing can be trained here"):
        plan_steps(Costs(start=9.0, step=1.0, end=1.0), 20, 50)


@pytest.mark.parametrize(("n_steps", "expected"), [(1, (1, 1)), (4, (4, 1)), (1352, (1350, 270))])
def test_the_last_of_the_given_steps_is_evaluated(n_steps, expected):
    steps = fixed_steps(n_steps)
    assert (steps["training.max_steps"], steps["training.eval_frequency"]) == expected
