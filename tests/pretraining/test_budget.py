import pytest
from accelerate import Accelerator

from spacy_spanbert.pretraining.budget import (
    MEASURED,
    WARM_UP,
    StepClock,
    measured_steps,
    planned_steps,
)
from spacy_spanbert.pretraining.checkpoint import Progress
from spacy_spanbert.pretraining.settings import BudgetSettings

TIMED = WARM_UP + MEASURED


@pytest.mark.parametrize(
    ("budget", "expected"),
    [({"steps": 7}, 7), ({"epochs": 2.5}, 25), ({"epochs": 0.001}, 1), ({"minutes": 3}, None)],
)
def test_budgets_become_steps_where_nothing_has_to_be_measured(budget, expected):
    assert planned_steps(BudgetSettings(**budget), n_windows=100, step_windows=10) == expected


def test_minutes_are_filled_with_steps_and_evaluations():
    # warm-up is slow, then half a second a step; an evaluation of 5 s every 10 steps
    seconds = [9.0] * WARM_UP + [0.5] * MEASURED
    total = measured_steps(1, seconds, evaluation_seconds=5.0, evaluate_every=10)
    assert total is not None
    spent = sum(seconds) + (total - TIMED) * (0.5 + 5.0 / 10) + 5.0
    assert 60 - 1.0 <= spent <= 60


def test_too_few_steps_tell_nothing_unless_the_time_is_over():
    assert measured_steps(5, [0.5] * (TIMED - 1), 0.0, 10) is None
    assert measured_steps(0.01, [0.5, 0.5], 0.0, 10) == 2


def test_a_twentieth_of_the_time_is_measured_and_a_slow_step_counts():
    # the machine is slower after a while: one step in ten takes five seconds
    seconds = [0.5] * 9 + [5.0]
    assert measured_steps(60, seconds * 18, 0.0, 1000) is None
    total = measured_steps(60, seconds * 20, 0.0, 1000)
    assert total == pytest.approx(3600 / 0.95, rel=0.01)


def test_minutes_become_steps_once_and_the_time_of_earlier_tries_counts():
    accelerator = Accelerator(cpu=True)
    progress = Progress(step=100, seconds=60.0)
    clock = StepClock(2.0, 1000, progress)
    became = []
    for _ in range(TIMED + 2):
        progress.step += 1
        became.append(clock.add(0.5, accelerator))
    assert became == [False] * (TIMED - 1) + [True, False, False]
    assert progress.total_steps == 100 + round(60.0 / 0.5)
    assert progress.seconds == 60.0 + 0.5 * (TIMED + 2)


def test_steps_with_a_frozen_encoder_are_paid_for_and_tell_nothing():
    accelerator, progress = Accelerator(cpu=True), Progress(head_warmup_steps=20)
    clock = StepClock(2.0, 100, progress)
    clock.add_evaluation(4.0)
    while progress.total_steps is None:
        progress.step += 1
        # with the whole encoder, a step takes five times as long
        clock.add(0.1 if progress.step <= 20 else 0.5, accelerator)
    assert progress.step == 20 + TIMED
    n_left = progress.total_steps - progress.step
    spent = 4.0 + 20 * 0.1 + TIMED * 0.5 + n_left * (0.5 + 4.0 / 100) + 4.0
    assert 120 - 1.0 <= spent <= 120


def test_minutes_that_are_over_before_the_encoder_learns_end_the_run():
    progress = Progress(head_warmup_steps=100)
    clock = StepClock(0.1, 1000, progress)
    clock.add_evaluation(1.5)
    for _ in range(4):
        progress.step += 1
        became = clock.add(1.0, Accelerator(cpu=True))
    assert (became, progress.total_steps) == (False, None)
    progress.step += 1
    assert clock.add(1.0, Accelerator(cpu=True))
    assert progress.total_steps == 5


def test_a_budget_in_steps_is_left_alone():
    progress = Progress(total_steps=3)
    assert not StepClock(None, 10, progress).add(100.0, Accelerator(cpu=True))
    assert (progress.total_steps, progress.seconds) == (3, 100.0)
