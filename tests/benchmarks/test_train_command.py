"""Costs and plans of trainings, and what is read from the log of `spacy train`."""

from pathlib import Path

import pytest

from benchmarks.train_command import (
    MARGIN,
    Costs,
    Evaluation,
    TrainingRun,
    estimate_costs,
    plan_steps,
    run_training,
)


def simulated_run(costs: Costs, n_steps: int, eval_frequency: int) -> TrainingRun:
    """Play a training with exact costs."""
    seconds, marks = costs.start, []
    for step in range(n_steps + 1):
        seconds += costs.step
        if step % eval_frequency == 0:
            seconds += costs.evaluation
            marks.append(Evaluation(step, seconds, 0.5))
    return TrainingRun(Path("nowhere"), seconds + costs.end, costs.start, marks)


@pytest.mark.parametrize("eval_frequency", [2, 5, 30])
def test_costs_of_an_exact_run_are_found_exactly(eval_frequency: int):
    costs = Costs(start=7.0, step=0.25, evaluation=3.0, end=1.5)
    found = estimate_costs(simulated_run(costs, 3 * eval_frequency, eval_frequency))
    assert vars(found) == pytest.approx(vars(costs))


def test_two_evaluations_are_enough_for_costs():
    costs = Costs(start=7.0, step=0.25, evaluation=3.0, end=1.5)
    assert vars(estimate_costs(simulated_run(costs, 10, 10))) == pytest.approx(vars(costs))


def test_noise_makes_no_cost_negative():
    marks = [Evaluation(0, 9.0, 0.0), Evaluation(5, 10.0, 0.0), Evaluation(10, 11.0, 0.0)]
    costs = estimate_costs(TrainingRun(Path("nowhere"), 11.0, 1.0, marks))
    assert min(vars(costs).values()) > 0


@pytest.mark.parametrize("seconds", [60.0, 600.0, 1200.0])
def test_a_planned_run_ends_in_time_and_ends_with_an_evaluation(seconds: float):
    costs = Costs(start=9.0, step=0.31, evaluation=2.5, end=1.0)
    n_steps, eval_frequency = plan_steps(costs, seconds)
    run = simulated_run(costs, n_steps, eval_frequency)
    assert run.evaluations[-1].step == n_steps
    assert run.seconds <= seconds
    # One more step between evaluations would not fit, but for the margin.
    longer = simulated_run(costs, 8 * (eval_frequency + 1), eval_frequency + 1)
    assert longer.seconds > seconds * (1 - MARGIN)


def test_a_time_limit_in_which_nothing_fits_is_refused():
    with pytest.raises(SystemExit, match="In 20 s nothing can be trained here"):
        plan_steps(Costs(start=9.0, step=1.0, evaluation=2.5, end=1.0), 20)


def test_a_failing_training_raises_with_what_the_command_said(tmp_path: Path):
    config = tmp_path / "empty.cfg"
    config.write_text("[nlp]\nlang = 'en'\n", encoding="utf8")
    with pytest.raises(RuntimeError, match=r"(?s)spacy train failed.*'training'"):
        run_training(config, tmp_path / "out", {})
    assert "'training'" in (tmp_path / "out" / "train.log").read_text(encoding="utf8")
