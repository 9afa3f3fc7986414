"""`python -m spacy spanbert pretrain` and `fill-mask`, on a little text."""

import builtins
import json
import shutil
import signal
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer
from typer.testing import CliRunner

from spacy_spanbert.cli import app
from spacy_spanbert.folder_lock import FolderLock
from spacy_spanbert.pretraining.checkpoint import load_progress
from spacy_spanbert.pretraining.log import read_log
from spacy_spanbert.pretraining.loop import Pretrainer
from tests.cli.small_pretraining import (
    CONFIG,
    STEPS,
    pretrain_words,
    run_pretrain,
    write_small_text,
)
from tests.pretraining.simple import folder_bytes
from tests.tiny_encoder import write_tiny_bert


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return write_small_text(tmp_path / "text.txt")


def test_it_pretrains_and_says_what_it_does(text, tmp_path, tiny_bert):
    output = tmp_path / "pretrained"
    text.write_bytes(text.read_bytes() + b" caf\xe9")
    words = pretrain_words(text, output, tiny_bert)
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "give --errors replace (in the config: [pretraining.corpus] errors" in " ".join(
        result.output.split()
    )
    result = CliRunner().invoke(app, [*words, "--errors", "replace"])
    assert result.exit_code == 0, result.output
    for words in (
        "not UTF-8: 1",
        "documents",
        "pieces per word",
        "no weights for",
        "held-out loss",
        "6 steps",
        "in the whole run",
        "spans masked",
        "sbo cannot ask",
    ):
        assert words in result.output
    steps = [line["step"] for line in read_log(output) if line["part"] == "train"]
    assert steps == list(range(1, STEPS + 1))
    assert (output / "loss.png").stat().st_size > 1000
    for name in ("checkpoint-best", "checkpoint-last"):
        AutoModel.from_pretrained(output / name, add_pooling_layer=False)
        assert AutoTokenizer.from_pretrained(output / name)("the house")["input_ids"]


def test_a_finished_run_is_not_done_again_and_another_one_is_refused(text, tmp_path, tiny_bert):
    output = tmp_path / "pretrained"
    run_pretrain(text, output, tiny_bert)
    log = read_log(output)
    assert run_pretrain(text, output, tiny_bert).exit_code == 0
    assert read_log(output) == log
    result = run_pretrain(text, output, tiny_bert, **{"training.learn_rate": 0.5})
    assert result.exit_code == 1
    assert "training.learn_rate was 0.0001 and is 0.5" in " ".join(result.output.split())


def test_a_trained_encoder_is_not_written_over_when_its_run_is_lost(text, tmp_path, tiny_bert):
    output = tmp_path / "pretrained"
    run_pretrain(text, output, tiny_bert)
    best = folder_bytes(output / "checkpoint-best")
    for name in ("optimizer.safetensors", "pretraining_heads.safetensors"):
        (output / "checkpoint-last" / name).write_bytes(b"{")
        said = " ".join(run_pretrain(text, output, tiny_bert).output.split())
        assert f"{name} cannot be read: " in said
        assert f'output folder, with [pretraining.encoder] checkpoint = "{output}/check' in said
    text.unlink()  # what is refused is refused before the text is looked for
    path = output / "checkpoint-last" / "pretraining.json"
    for loss in (lambda: path.write_text("{"), path.unlink, lambda: shutil.rmtree(path.parent)):
        loss()
        result = run_pretrain(text, output, tiny_bert)
        assert result.exit_code == 1
        assert f"Move {output} away, or name another" in " ".join(result.output.split())
        assert folder_bytes(output / "checkpoint-best") == best


def test_a_best_checkpoint_that_was_moved_away_is_missed(text, tmp_path, tiny_bert):
    output = tmp_path / "pretrained"
    run_pretrain(text, output, tiny_bert)
    (output / "checkpoint-best").rename(tmp_path / "mine")
    result = run_pretrain(text, output, tiny_bert)
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert "is at its end, but checkpoint-best is gone. checkpoint-last holds the encoder" in said


def test_a_run_goes_on_with_another_best_checkpoint_if_that_is_gone(
    text, tmp_path, tiny_bert, monkeypatch
):
    output, step = tmp_path / "pretrained", Pretrainer._step

    def step_that_is_killed(trainer, prefetcher, report):
        if trainer.progress.step == 4:
            raise KeyboardInterrupt
        step(trainer, prefetcher, report)

    with monkeypatch.context() as patch:
        patch.setattr(Pretrainer, "_step", step_that_is_killed)
        run_pretrain(text, output, tiny_bert)
    last = load_progress(output / "checkpoint-last")
    assert last.step == 3
    # no later loss is as low
    last.best_loss = 0.0
    (output / "checkpoint-last" / "pretraining.json").write_text(json.dumps(asdict(last)), "utf8")
    shutil.rmtree(output / "checkpoint-best")
    result = run_pretrain(text, output, tiny_bert)
    assert result.exit_code == 0, result.output
    said = " ".join(result.output.split())
    assert "checkpoint-best is gone: the best checkpoint from here on is kept" in said
    assert load_progress(output / "checkpoint-best").step > 3


def test_two_runs_do_not_work_on_one_folder(text, tmp_path, tiny_bert):
    pytest.importorskip("fcntl", reason="there is no lock on this system")
    output = tmp_path / "pretrained"
    output.mkdir()
    with FolderLock(output):
        result = run_pretrain(text, output, tiny_bert)
    assert result.exit_code == 1
    assert f"{output}: another run is at work on it." in " ".join(result.output.split())
    assert [path.name for path in output.iterdir()] == ["lock"]


def test_a_best_checkpoint_that_was_being_replaced_is_put_back(text, tmp_path, tiny_bert):
    output = tmp_path / "pretrained"
    run_pretrain(text, output, tiny_bert)
    aside = output / ".checkpoint-best-writing-abc"
    aside.mkdir()
    (output / "checkpoint-best").rename(aside / "old")
    assert run_pretrain(text, output, tiny_bert).exit_code == 0
    assert (output / "checkpoint-best" / "model.safetensors").is_file()
    assert not aside.exists()


def test_new_heads_depend_on_the_seed_alone(text, tmp_path, tiny_bert):
    losses = []
    for number, seed in enumerate((0, 0, 1)):
        torch.manual_seed(number)
        output = tmp_path / str(number)
        run_pretrain(text, output, tiny_bert, **{"budget.steps": 2, "training.seed": seed})
        losses.append(read_log(output)[0]["loss"])
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.usefixtures("ctrl_c_arrives")
def test_ctrl_c_before_the_minutes_are_steps_is_no_success(text, tmp_path, tiny_bert, monkeypatch):
    step = Pretrainer._step

    def interrupted_step(trainer, prefetcher, report):
        if trainer.progress.step == 1:
            signal.raise_signal(signal.SIGINT)
        step(trainer, prefetcher, report)

    monkeypatch.setattr(Pretrainer, "_step", interrupted_step)
    minutes = {"budget.minutes": 60, "budget.steps": "null"}
    text.write_text(text.read_text("utf8").replace("\n\n", "\n"), "utf8")
    result = run_pretrain(text, tmp_path / "pretrained", tiny_bert, **minutes)
    assert result.exit_code == 130
    said = " ".join(result.output.split())
    assert "Stopped after step 2, before it was known how many there are" in said
    assert "NOTE: nothing is held out (the text is a single document; " in said
    assert "checkpoint-best is simply the last" in said
    assert "✔" not in said


def test_an_objective_without_targets_is_refused_before_training(text, tmp_path, tiny_bert):
    result = run_pretrain(text, tmp_path / "pretrained", tiny_bert, **{"objectives.removed": 1.0})
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert "[pretraining.objectives] removed would learn nothing" in said
    assert "spacy-spanbert.PieceDeletion.v1" in said
    assert not (tmp_path / "pretrained" / "log.jsonl").exists()


def test_an_edited_text_is_noticed(text, tmp_path, tiny_bert):
    output = tmp_path / "pretrained"
    run_pretrain(text, output, tiny_bert)
    text.write_text(text.read_text("utf8") + " More.", encoding="utf8")
    result = run_pretrain(text, output, tiny_bert)
    assert result.exit_code == 1
    assert "text.txt was changed" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"packing.window": 4}, "[pretraining.packing] window: Input should be greater than"),
        ({"packing.window": 4000}, "window is 4000 pieces, but the encoder reads"),
        ({"budget.steps": "null"}, "exactly one of steps, epochs and minutes, but got none"),
        ({"corpus.lang": "zzz"}, "spaCy has no language 'zzz'"),
        ({"training.head_warmup_steps": 6}, "in the first 6 the heads learn alone: the encoder"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(values, message, text, tmp_path, tiny_bert):
    result = run_pretrain(text, tmp_path / "pretrained", tiny_bert, **values)
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
    assert "Traceback" not in result.output
    corpora = tmp_path / "pretrained" / "corpus"
    assert not corpora.exists() or not list(corpora.iterdir())


def test_an_option_that_does_not_exist_is_said_in_a_line(text, tmp_path, tiny_bert):
    words = pretrain_words(text, tmp_path / "pretrained", tiny_bert)
    result = CliRunner().invoke(app, [*words, "--foo", "1"])
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert "There is no option --foo." in said
    assert "--pretraining.training.learn_rate 5e-5" in said
    assert isinstance(result.exception, SystemExit)


def test_insertion_keeps_to_what_the_encoder_reads(text, tmp_path):
    encoder = write_tiny_bert(tmp_path / "encoder", max_pieces=32)
    values = {
        "corruption.@corruptions": "spacy-spanbert.PieceInsertion.v1",
        "objectives": '{"inserted": 1.0}',
    }
    output = tmp_path / "pretrained"
    result = run_pretrain(text, output, encoder, **values)
    assert result.exit_code == 0, result.output
    assert "set [pretraining.packing] window = 27 for all of it" in " ".join(result.output.split())
    assert read_log(output)[-2]["counts"]["no_room"] > 0
    output, longest = tmp_path / "other", {"corruption.max_window": 33}
    result = run_pretrain(text, output, encoder, **values, **longest)
    assert result.exit_code == 1
    assert "max_window" in " ".join(result.output.split())
    assert not (output / "corpus").exists()  # seen before the text is read


def test_missing_text_is_said_in_a_line(tmp_path, tiny_bert):
    result = run_pretrain(tmp_path / "none.txt", tmp_path / "pretrained", tiny_bert)
    assert result.exit_code == 1
    assert "none.txt" in "".join(result.output.split())


def test_a_vocabulary_and_an_encoder_from_scratch(text, tmp_path):
    output = tmp_path / "pretrained"
    left_by_a_killed_try = output / "vocabulary" / "tokenizer.json"
    left_by_a_killed_try.parent.mkdir(parents=True)
    left_by_a_killed_try.write_text('{"version": ', encoding="utf8")
    words = ["pretrain", CONFIG.replace("adapt", "tiny"), "--paths.text", str(text)]
    values = {
        "paths.output": output,
        "pretraining.vocabulary.size": 300,
        "pretraining.budget.minutes": "null",
        "pretraining.budget.steps": 2,
        "pretraining.training.step_pieces": 256,
        "pretraining.encoder.size.width": 32,
    }
    words += [part for name, value in values.items() for part in (f"--{name}", str(value))]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    tokenizer = AutoTokenizer.from_pretrained(output / "checkpoint-last")
    module = AutoModel.from_pretrained(output / "checkpoint-last")
    assert len(tokenizer) == module.config.vocab_size <= 300


def test_masks_are_filled_and_a_checkpoint_without_heads_is_refused(text, tmp_path, tiny_bert):
    output = tmp_path / "pretrained"
    run_pretrain(text, output, tiny_bert)
    words = ["fill-mask", str(output / "checkpoint-last"), "he [MASK] the house", "--top", "3"]
    for more in ([], ["--boundary"]):
        result = CliRunner().invoke(app, [*words, *more])
        assert result.exit_code == 0, result.output
        assert "mask 1" in result.output
        assert result.output.count("%") == 3
    result = CliRunner().invoke(app, ["fill-mask", str(tiny_bert), "he [MASK]"])
    assert result.exit_code == 1
    assert "has no head for mlm" in " ".join(result.output.split())


def test_a_missing_package_names_the_extra(text, tmp_path, tiny_bert, monkeypatch):
    real_import = builtins.__import__

    def import_without(name, *arguments, **options):
        if name == "spacy_spanbert.pretraining.run":
            raise ModuleNotFoundError("No module named 'accelerate'", name="accelerate")
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", import_without)
    result = run_pretrain(text, tmp_path / "pretrained", tiny_bert)
    assert result.exit_code == 1
    output = " ".join(result.output.split())
    assert "needs the package accelerate: pip install 'spacy-spanbert[pretrain]'" in output


@pytest.mark.parametrize("name", ["matplotlib", "tensorboard"])
def test_packages_of_logs_and_curves_are_looked_for_at_the_start(
    name, text, tmp_path, tiny_bert, monkeypatch
):
    monkeypatch.setitem(sys.modules, name, None)
    result = run_pretrain(text, tmp_path / "pretrained", tiny_bert)
    assert result.exit_code == 1
    assert f"needs the package {name}: pip install" in " ".join(result.output.split())
    assert not (tmp_path / "pretrained").exists()
