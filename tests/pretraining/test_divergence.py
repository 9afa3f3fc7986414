import json

import pytest
import torch
from safetensors.torch import load

from spacy_spanbert.pretraining.checkpoint import BEST, LAST
from spacy_spanbert.pretraining.divergence import PretrainingError
from spacy_spanbert.pretraining.settings import EncoderSettings
from tests.pretraining.simple import folder_bytes, make_model, make_settings, make_trainer


def change_steps(trainer, *, before=lambda: None, after=lambda: None):
    """Have something done around each step."""
    step = trainer._step

    def changed(*arguments):
        before()
        step(*arguments)
        after()

    trainer._step = changed
    return trainer


@pytest.mark.parametrize(
    ("learn_rate", "held_out", "message"),
    [
        (1e38, True, "Some weights are not numbers after step 1"),
        (1e38, False, "Some weights are not numbers after step 1"),
        # numbers still, but too large to compute with
        (1e36, True, "The held-out loss after step 1 is not a number"),
    ],
)
def test_weights_that_are_broken_are_not_saved(learn_rate, held_out, message, tmp_path, tiny_bert):
    rates = {"learn_rate": learn_rate, "warmup_steps": 0, "evaluate_every": 1}
    settings = make_settings(tmp_path / "run", {"steps": 1}, **rates)
    trainer = make_trainer(settings, tiny_bert, held_out=held_out)
    good = {}

    def remember():
        good.update({name: folder_bytes(settings.output / name) for name in (BEST, LAST)})

    with pytest.raises(PretrainingError, match=f"{message}.*not saved.*Lower .* learn_rate"):
        change_steps(trainer, before=remember).run()
    for name, files in good.items():
        assert folder_bytes(settings.output / name) == files
    for tensor in load(good[LAST]["model.safetensors"]).values():
        assert torch.isfinite(tensor).all()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.nan, r"Before the first step, some weights are not numbers \(heads\.mlm\.dense\.w"),
        (3e38, "The held-out loss before the first step is not a number"),
    ],
)
def test_an_encoder_that_is_broken_as_it_comes_is_refused(value, message, tmp_path, tiny_bert):
    model = make_model()
    with torch.no_grad():
        model.heads["mlm"].dense.bias.fill_(value)
        model.heads["mlm"].dense.weight.fill_(value)
    settings = make_settings(tmp_path / "run")
    with pytest.raises(PretrainingError, match=f"{message}.*Nothing was saved. Name another"):
        make_trainer(settings, tiny_bert, model=model).run()
    assert not list(settings.output.glob("checkpoint-*"))


def test_a_loss_that_is_no_number_is_reported(tmp_path, tiny_bert):
    model = make_model()
    trainer = make_trainer(make_settings(tmp_path / "run"), tiny_bert, model=model, held_out=False)

    def break_bias():
        with torch.no_grad():
            model.heads["mlm"].dense.bias.fill_(torch.nan)

    with pytest.raises(PretrainingError, match=r"step 0 is not a number.*Lower .* learn_rate"):
        change_steps(trainer, before=break_bias).run()


def fail_after(n_steps, settings, tiny_bert):
    """Break the weights after some steps; give the message."""
    model = make_model()
    trainer = make_trainer(settings, tiny_bert, model=model, held_out=False)

    def break_bias():
        if trainer.progress.step == n_steps:
            with torch.no_grad():
                model.heads["mlm"].dense.bias.fill_(torch.nan)

    with pytest.raises(PretrainingError) as raised:
        change_steps(trainer, before=break_bias).run()
    return str(raised.value)


def test_the_advice_can_be_followed(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run", evaluate_every=2)
    said = fail_after(3, settings, tiny_bert)
    assert "in another output folder: this one goes on with its own settings only" in said
    best = json.dumps(str(settings.output / BEST))
    assert f"what it learned in 2 steps, set [pretraining.encoder] checkpoint = {best}" in said
    assert "in place of" not in said


def test_the_advice_names_no_best_checkpoint_that_learned_nothing(tmp_path, tiny_bert):
    said = fail_after(1, make_settings(tmp_path / "run", evaluate_every=2), tiny_bert)
    assert "in another output folder" in said
    assert BEST not in said


def test_the_advice_for_an_encoder_from_scratch_says_what_to_leave_out(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run", evaluate_every=2)
    settings.encoder = EncoderSettings(size={"width": 16, "n_heads": 2})
    said = fail_after(3, settings, tiny_bert)
    assert "there, in place of [pretraining.encoder.size] and of [pretraining.vocabulary]" in said
