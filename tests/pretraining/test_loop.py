import json
import signal

import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file
from transformers import AutoModel

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining import budget, loop
from spacy_spanbert.pretraining.accelerator import make_accelerator
from spacy_spanbert.pretraining.budget import MEASURED, WARM_UP
from spacy_spanbert.pretraining.checkpoint import (
    BEST,
    LAST,
    Progress,
    load_progress,
    save_pretraining,
)
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from spacy_spanbert.pretraining.divergence import PretrainingError
from spacy_spanbert.pretraining.log import read_log
from spacy_spanbert.pretraining.loop import Pretrainer
from spacy_spanbert.pretraining.sampling import WindowNumber, spread_sample
from tests.pretraining.simple import (
    folder_bytes,
    lines_without_times,
    make_model,
    make_settings,
    make_text,
    make_trainer,
)


@pytest.mark.parametrize("n_steps", [0, 3])
def test_parameters_that_rest_are_looked_for_only_if_heads_learn_alone(
    tmp_path, tiny_bert, n_steps
):
    settings = make_settings(tmp_path / "run", head_warmup_steps=3)
    settings.output.mkdir()
    accelerator = make_accelerator(settings.training)
    # 0: skipped, because the checkpoint had all heads
    progress = Progress(head_warmup_steps=n_steps)
    tokenizer = load_tokenizer(tiny_bert)
    Pretrainer(
        settings, make_model(), tokenizer, make_text(), None, accelerator, progress, lambda _: None
    )
    assert accelerator.ddp_handler.to_kwargs().get("find_unused_parameters", False) == bool(n_steps)


def test_it_learns_the_pattern(tmp_path, tiny_bert):
    settings = make_settings(
        *(tmp_path / "run", {"steps": 200}),
        **{"step_pieces": 240, "batch_pieces": 240, "evaluate_every": 100, "warmup_steps": 20},
    )
    make_trainer(settings, tiny_bert).run()
    losses = [line for line in read_log(settings.output) if line["part"] == "held_out"]
    assert losses[-1]["mlm_loss"] < 0.8 * losses[0]["mlm_loss"]
    assert losses[-1]["mlm_accuracy"] > losses[0]["mlm_accuracy"]


@pytest.fixture
def another_precision():
    """Accelerate keeps the first precision of a process for good."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.usefixtures("another_precision")
@pytest.mark.parametrize(
    ("log_every", "precision"), [(1, "float32"), (3, "float32"), (3, "bfloat16")]
)
def test_a_run_that_was_interrupted_goes_on_as_if_it_had_not_been(
    log_every, precision, tmp_path, tiny_bert
):
    values = {"log_every": log_every, "precision": precision}
    whole = make_settings(tmp_path / "whole", **values)
    trainer = make_trainer(whole, tiny_bert, accelerator=make_accelerator(whole.training))
    assert (trainer.accelerator.mixed_precision == "bf16") == (precision == "bfloat16")
    trainer.run()
    broken = make_settings(tmp_path / "broken", **values)
    trainer = make_trainer(broken, tiny_bert, accelerator=make_accelerator(broken.training))
    step = trainer._step

    def step_that_is_killed(prefetcher, report):
        if trainer.progress.step == 6:
            raise KeyboardInterrupt
        return step(prefetcher, report)

    trainer._step = step_that_is_killed
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    assert load_progress(broken.output / LAST).step == 4
    make_trainer(broken, tiny_bert, accelerator=make_accelerator(broken.training)).run()
    assert lines_without_times(broken.output) == lines_without_times(whole.output)
    for name in ("model.safetensors", "pretraining_heads.safetensors", "optimizer.safetensors"):
        one, other = (folder_bytes(run.output / LAST)[name] for run in (whole, broken))
        assert one == other, name


@pytest.mark.usefixtures("ctrl_c_arrives")
def test_ctrl_c_saves_and_stops(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run")
    said = []
    trainer = make_trainer(settings, tiny_bert, say=said.append)
    step = trainer._step

    def interrupted_step(prefetcher, report):
        if trainer.progress.step == 5:
            signal.raise_signal(signal.SIGINT)
        return step(prefetcher, report)

    trainer._step = interrupted_step
    assert trainer.run().step == 6
    assert load_progress(settings.output / LAST).step == 6
    assert any("stopping after this step" in line for line in said)
    whole = make_settings(tmp_path / "whole")
    make_trainer(whole, tiny_bert).run()
    make_trainer(settings, tiny_bert).run()
    one, other = (folder_bytes(run.output / LAST)["model.safetensors"] for run in (whole, settings))
    assert one == other


def test_the_best_checkpoint_is_the_one_with_the_lowest_held_out_loss(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run")
    make_trainer(settings, tiny_bert).run()
    losses = {
        line["step"]: line["loss"]
        for line in read_log(settings.output)
        if line["part"] == "held_out"
    }
    best = json.loads((settings.output / BEST / "pretraining.json").read_text())
    assert losses.keys() == {0, 4, 8, 10}
    assert best["step"] == min(losses, key=losses.__getitem__)
    assert not (settings.output / BEST / "optimizer.safetensors").exists()


def test_plain_transformers_loads_the_encoder(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run", {"steps": 2})
    trainer = make_trainer(settings, tiny_bert)
    trainer.run()
    loaded = AutoModel.from_pretrained(settings.output / LAST, add_pooling_layer=False).eval()
    encoder = trainer.accelerator.unwrap_model(trainer.model).encoder.eval()
    ids = torch.arange(4, 14)[None]
    with torch.no_grad():
        found, expected = (m(input_ids=ids).last_hidden_state for m in (loaded, encoder))
    torch.testing.assert_close(found, expected)


def test_new_heads_learn_alone_at_first(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run", {"minutes": 1e-9}, head_warmup_steps=3)
    model, said = make_model(), []
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    make_trainer(settings, tiny_bert, model=model, say=said.append).run()
    assert "WARNING: the time is over before the encoder began to learn" in "".join(said)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]) == name.startswith("encoder."), name


@pytest.mark.parametrize("budget", [{"steps": 3}, {"epochs": 0.5}])
def test_a_run_in_which_the_encoder_would_not_learn_is_refused(budget, tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run", budget, head_warmup_steps=3)
    with pytest.raises(
        PretrainingError, match=r"would not learn at all\. Lower .*head_warmup_steps"
    ):
        make_trainer(settings, tiny_bert)
    assert not (settings.output / LAST).exists()


def test_it_evaluates_where_the_heads_end_to_learn_alone(tmp_path, tiny_bert):
    values = {"evaluate_every": 4, "head_warmup_steps": 5}
    settings = make_settings(tmp_path / "run", {"steps": 10}, **values)
    make_trainer(settings, tiny_bert).run()
    lines = [line for line in read_log(settings.output) if line["part"] == "held_out"]
    assert [line["step"] for line in lines] == [0, 4, 5, 8, 10]


def test_the_encoder_begins_to_learn_slowly(tmp_path, tiny_bert):
    rates = {"learn_rate": 0.01, "warmup_steps": 4, "head_warmup_steps": 4}
    settings = make_settings(tmp_path / "run", {"steps": 12}, **rates)
    trainer = make_trainer(settings, tiny_bert)
    step, found = trainer._step, []

    def step_and_remember(prefetcher, report):
        step(prefetcher, report)
        groups = trainer.optimizer.optimizer.param_groups
        found.append(max(group["lr"] for group in groups if group["is_encoder"]))

    trainer._step = step_and_remember
    trainer.run()
    assert found[:9] == pytest.approx([0, 0, 0, 0, 0.0025, 0.005, 0.0075, 0.01, 0.01])
    assert found[9:] == pytest.approx([0.0075, 0.005, 0.0025])
    lines = [line for line in read_log(settings.output) if line["part"] == "train"]
    assert [line["encoder_learn_rate"] for line in lines] == pytest.approx(found)
    assert [line["learn_rate"] for line in lines][:5] == pytest.approx(
        [0.0025, 0.005, 0.0075, 0.01, 0.01]
    )


def test_minutes_become_steps_once(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run", {"minutes": 0.02}, evaluate_every=1000)
    said = []
    progress = make_trainer(settings, tiny_bert, say=said.append).run()
    assert progress.step == progress.total_steps
    assert sum("minutes are" in line for line in said) == 1
    assert load_progress(settings.output / LAST).total_steps == progress.total_steps


def test_minutes_become_steps_when_the_encoder_learns_and_a_kill_does_not_change_them(
    tmp_path, tiny_bert, monkeypatch
):
    monkeypatch.setattr(budget, "TIMED_SHARE", 0.0)
    values = {"evaluate_every": 1000, "head_warmup_steps": 4}
    settings = make_settings(tmp_path / "run", {"minutes": 10}, **values)
    trainer = make_trainer(settings, tiny_bert)
    step, is_known = trainer._step, []
    n_measuring = 4 + WARM_UP + MEASURED

    def step_that_is_killed(prefetcher, report):
        is_known.append(trainer.progress.total_steps is not None)
        if trainer.progress.step == n_measuring + 1:
            raise KeyboardInterrupt
        step(prefetcher, report)

    trainer._step = step_that_is_killed
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    assert is_known == [False] * n_measuring + [True, True]
    stored = load_progress(settings.output / LAST)
    # of the last evaluation, that of the heads alone
    assert (stored.step, stored.total_steps) == (4, trainer.progress.total_steps)
    assert make_trainer(settings, tiny_bert).progress.total_steps == stored.total_steps


def test_a_checkpoint_whose_replacement_was_cut_short_is_put_back(tmp_path, tiny_bert):
    folder = tmp_path / LAST
    tokenizer = load_tokenizer(tiny_bert)
    save_pretraining(folder, make_model(), tokenizer, Progress(step=7))
    aside = tmp_path / f".{LAST}-writing-abc"
    (aside / "new").mkdir(parents=True)
    folder.rename(aside / "old")
    assert load_progress(folder).step == 7
    assert not aside.exists()


def test_a_best_checkpoint_is_found_again_after_a_kill_between_best_and_last(
    tmp_path, tiny_bert, monkeypatch
):
    whole, broken = (make_settings(tmp_path / name) for name in ("whole", "broken"))
    make_trainer(whole, tiny_bert).run()
    saved = []

    def save_until_killed(folder, *arguments):
        if len(saved) == 3:  # both of step 0, the first of step 4
            raise KeyboardInterrupt
        saved.append(folder.name)
        save_pretraining(folder, *arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop, "save_pretraining", save_until_killed)
        make_trainer(broken, tiny_bert).run()
    make_trainer(broken, tiny_bert).run()
    for name in ("model.safetensors", "pretraining_heads.safetensors"):
        one, other = (folder_bytes(run.output / BEST)[name] for run in (whole, broken))
        assert one == other
    best = json.loads((whole.output / BEST / "pretraining.json").read_text())
    assert best["step"] > 0


def test_saving_is_no_step_of_the_optimizer(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run")
    make_trainer(settings, tiny_bert).run()
    state = load_file(settings.output / LAST / "optimizer.safetensors")
    steps = {tensor.item() for name, tensor in state.items() if name.endswith("/step")}
    assert steps == {10}


def test_minutes_of_an_earlier_try_count(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run", {"minutes": 30}, evaluate_every=1000)
    trainer = make_trainer(settings, tiny_bert)
    trainer.progress.seconds = 30 * 60.0
    assert trainer.run().step == 1


def test_counts_of_the_run_are_logged_and_kept(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run")
    progress = make_trainer(settings, tiny_bert).run()
    lines = [line["counts"] for line in read_log(settings.output) if line["part"] == "train"]
    assert [counts["windows"] for counts in lines] == [3 * step for step in range(1, 11)]
    assert lines[-1] == progress.counts == load_progress(settings.output / LAST).counts
    assert progress.counts["sbo_at_text_edge"] == progress.counts["windows"]


def test_an_objective_that_is_never_asked_stops_the_run_before_it_begins(tmp_path, tiny_bert):
    text = make_text(seed=3)
    text.corruption = TokenMasking()
    with pytest.raises(SpanbertError, match="sbo and inserted and removed would learn nothing"):
        make_trainer(make_settings(tmp_path / "run"), tiny_bert, train=text)


def test_held_out_text_is_evaluated_on_windows_from_all_parts(tmp_path, tiny_bert):
    settings = make_settings(tmp_path / "run", {"steps": 1}, evaluate_windows=3)
    trainer = make_trainer(settings, tiny_bert)
    read = []
    evaluate = trainer.runner.evaluate

    def evaluate_and_remember(text, numbers, tally):
        read.append(numbers)
        evaluate(text, numbers, tally)

    trainer.runner.evaluate = evaluate_and_remember
    trainer.run()
    chosen = [WindowNumber(0, index) for index in spread_sample(5, 3, 3)]
    assert read == [chosen, chosen]
