import pytest
import torch
from accelerate import Accelerator

from spacy_spanbert.pretraining.sampling import Sampler, WindowNumber
from spacy_spanbert.pretraining.steps import Prefetcher, StepRunner
from spacy_spanbert.pretraining.tallies import Tally, total_loss
from tests.pretraining.simple import ALL_OBJECTIVES, make_model, make_text

NUMBERS = [WindowNumber(0, index) for index in range(9)]


def gradients(model, batch_pieces):
    model.zero_grad()
    text = make_text()
    tally = Tally(list(model.weights))
    runner = StepRunner(Accelerator(cpu=True), model, model.weights, batch_pieces)
    runner.backward([text.read(number) for number in NUMBERS], tally)
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return found, tally.take(runner.accelerator)


@pytest.mark.parametrize("batch_pieces", [1, 30, 70])
def test_the_gradient_does_not_depend_on_how_a_step_is_divided(batch_pieces):
    model = make_model()
    whole, scores = gradients(model, 10_000)
    divided, divided_scores = gradients(model, batch_pieces)
    assert whole.keys() == divided.keys() == dict(model.named_parameters()).keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(divided[name], gradient, rtol=1e-4, atol=1e-6, msg=name)
    for name, score in scores.items():
        assert divided_scores[name].loss == pytest.approx(score.loss, rel=1e-5)
        assert divided_scores[name].n_targets == score.n_targets


def test_the_gradient_is_that_of_the_weighted_mean_losses():
    model = make_model().double()
    gradients(model, 10_000)
    parameter = model.heads["sbo"].positions.weight
    direction = torch.randn_like(parameter)
    slope = (parameter.grad * direction).sum().item()
    losses = []
    for step in (0.01, -0.02):  # there and back to the other side
        with torch.no_grad():
            parameter += step * direction
        losses.append(total_loss(gradients(model, 10_000)[1], model.weights))
    assert (losses[0] - losses[1]) / 0.02 == pytest.approx(slope, rel=1e-2)


def test_evaluation_changes_nothing_and_forgets_no_objective():
    model = make_model(dropout=0.5)
    runner = StepRunner(Accelerator(cpu=True), model, model.weights, 50)
    results = []
    for _ in range(2):
        tally = Tally(list(model.weights))
        runner.evaluate(make_text(), NUMBERS, tally)
        results.append(tally.take(runner.accelerator))
    assert results[0] == results[1]
    assert results[0].keys() == ALL_OBJECTIVES.keys()
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_prefetcher_gives_what_is_asked_for_whatever_it_prepared():
    text, sampler = make_text(), Sampler(12, 3, 0)
    prefetcher = Prefetcher(text)
    try:
        for step, following in ((0, 1), (1, 5), (2, None), (5, 6)):
            wanted = sampler.step(step)
            ahead = None if following is None else sampler.step(following)
            items = prefetcher.take(wanted, ahead)
            expected = [text.read(number) for number in wanted]
            assert [item[0].ids.tolist() for item in items] == [
                item[0].ids.tolist() for item in expected
            ]
    finally:
        prefetcher.close()


def test_a_tally_adds_up_and_begins_anew():
    model = make_model({"mlm": 1.0})
    accelerator = Accelerator(cpu=True)
    runner = StepRunner(accelerator, model, model.weights, 10_000)
    tally = Tally(["mlm"])
    runner.evaluate(make_text(), NUMBERS[:4], tally)
    runner.evaluate(make_text(), NUMBERS[4:], tally)
    score = tally.take(accelerator)["mlm"]
    whole = Tally(["mlm"])
    runner.evaluate(make_text(), NUMBERS, whole)
    assert score.loss == pytest.approx(whole.take(accelerator)["mlm"].loss, rel=1e-5)
    assert score.n_targets == 27
    assert tally.take(accelerator) == {}


def test_a_bias_that_no_objective_asks_does_not_learn():
    # data parallelism waits for the gradient of all that learns
    for objectives, learns in (({"nsp": 1.0}, False), ({"sbo": 1.0}, True)):
        model = make_model(objectives)
        assert model.output_bias.requires_grad == learns
        found, _ = gradients(model, 10_000)
        assert found.keys() == {n for n, p in model.named_parameters() if p.requires_grad}
