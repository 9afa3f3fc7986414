from itertools import pairwise

import pytest
import torch

from spacy_spanbert.pretraining.budget import measured_steps, planned_steps
from spacy_spanbert.pretraining.optimizer import learn_rate, make_optimizer, set_learn_rate
from spacy_spanbert.pretraining.settings import BudgetSettings, TrainingSettings
from tests.pretraining.simple import make_model


def test_only_matrices_decay_and_lower_layers_learn_less():
    model = make_model()
    settings = TrainingSettings(layer_lr_decay=0.5, weight_decay=0.1)
    optimizer = make_optimizer(model, settings)
    set_learn_rate(optimizer, heads=0.8, encoder=0.8)
    found = {
        id(parameter): (group["lr"], group["weight_decay"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    depths = {"encoder.embeddings": 0.1, "encoder.encoder.layer.0.": 0.2, "layer.1.": 0.4}
    for name, parameter in model.named_parameters():
        rate = next((rate for part, rate in depths.items() if part in name), 0.8)
        decay = 0.1 if parameter.ndim > 1 else 0.0
        assert found[id(parameter)] == pytest.approx((rate, decay)), name
    assert len(found) == len(list(model.parameters()))


def test_the_learning_rate_rises_and_falls_in_straight_lines():
    settings = TrainingSettings(learn_rate=1.0, warmup_steps=4)
    rates = [learn_rate(step, 12, settings) for step in range(12)]
    assert rates[:5] == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    falls = [before - after for before, after in pairwise(rates[4:])]
    assert falls == pytest.approx([1 / 8] * 7)
    assert rates[-1] > 0


def test_without_a_known_end_it_does_not_fall():
    settings = TrainingSettings(learn_rate=1.0, warmup_steps=2)
    assert [learn_rate(step, None, settings) for step in range(4)] == [0.5, 1, 1, 1]


@pytest.mark.parametrize("total_steps", [None, 20])
def test_the_encoder_warms_up_from_its_own_first_step(total_steps):
    settings = TrainingSettings(learn_rate=1.0, warmup_steps=4)
    rates = [learn_rate(step, total_steps, settings, first=8) for step in range(20)]
    own_steps = None if total_steps is None else total_steps - 8
    assert rates == [0.0] * 8 + [learn_rate(step, own_steps, settings) for step in range(12)]
    assert rates[8] == 0.25


def test_heads_and_encoder_have_rates_of_their_own():
    model = make_model()
    optimizer = make_optimizer(model, TrainingSettings())
    set_learn_rate(optimizer, heads=0.5, encoder=0.25)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in model.named_parameters():
        assert rates[id(parameter)] == (0.25 if name.startswith("encoder.") else 0.5), name


def test_a_run_shorter_than_its_warm_up_has_both():
    settings = TrainingSettings(learn_rate=1.0, warmup_steps=1000)
    rates = [learn_rate(step, 10, settings) for step in range(10)]
    assert max(rates) == 1
    assert rates[0] < 1 > rates[-1]


@pytest.mark.parametrize(
    ("budget", "steps"),
    [({"steps": 7}, 7), ({"epochs": 2}, 20), ({"epochs": 0.01}, 1), ({"minutes": 3}, None)],
)
def test_budgets_in_steps(budget, steps):
    assert planned_steps(BudgetSettings(**budget), n_windows=100, step_windows=10) == steps


def test_minutes_are_measured():
    assert measured_steps(1, [1.0] * 5, 2.0, 100) is None
    # 15 s are spent, an evaluation at the end takes 2 s, one every 20 steps 0.1 s a step
    seconds = [9.0] + [0.5] * 14
    assert measured_steps(1, seconds, 2.0, 20) == 15 + int((60 - 16 - 2) / 0.6)
    assert measured_steps(0.1, [4.0, 4.0], 1.0, 20) == 2


def test_a_step_with_a_decayed_rate_is_a_smaller_step():
    model = make_model()
    optimizer = make_optimizer(model, TrainingSettings(layer_lr_decay=0.1, weight_decay=0))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    set_learn_rate(optimizer, heads=0.1, encoder=0.1)
    optimizer.step()
    moved = {name: (p - before[name]).abs().max().item() for name, p in model.named_parameters()}
    assert moved["output_bias"] == pytest.approx(0.1, rel=1e-3)
    lowest = moved["encoder.embeddings.word_embeddings.weight"]
    assert lowest == pytest.approx(1e-4, rel=1e-2)
