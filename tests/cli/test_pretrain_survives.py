"""`python -m spacy spanbert pretrain` is killed, or runs out of disk, and goes on."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spacy_spanbert.pretraining.checkpoint import load_progress
from spacy_spanbert.pretraining.log import read_log
from spacy_spanbert.pretraining.loop import Pretrainer
from tests.cli.small_pretraining import pretrain_words, run_pretrain, write_small_text
from tests.pretraining.simple import folder_bytes, lines_without_times

ROOT = Path(__file__).parents[2]
LONG = {"budget.steps": 60, "training.evaluate_every": 5, "training.precision": "float32"}


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return write_small_text(tmp_path / "text.txt")


def kill_after(n_lines: int, delay: float, text: Path, output: Path, checkpoint: Path) -> None:
    """Run the command in a process of its own, and kill it when the log has so many lines."""
    words = pretrain_words(text, output, checkpoint, **LONG)
    process = subprocess.Popen(
        [sys.executable, "-m", "spacy", "spanbert", *words],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and len(read_log(output)) < n_lines:
        time.sleep(0.002)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors.decode()


@pytest.mark.slow
def test_a_run_killed_twice_has_the_losses_of_one_that_was_not(text, tmp_path, tiny_bert):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run_pretrain(text, whole, tiny_bert, **LONG).exit_code == 0
    moments = random.Random(0)
    for n_lines in (9, 30):
        kill_after(n_lines, moments.uniform(0, 0.05), text, killed, tiny_bert)
        assert load_progress(killed / "checkpoint-last").step < 60
    result = run_pretrain(text, killed, tiny_bert, **LONG)
    assert result.exit_code == 0, result.output
    assert "going on after step" in result.output
    assert lines_without_times(killed) == lines_without_times(whole)
    for name in ("model.safetensors", "pretraining_heads.safetensors", "optimizer.safetensors"):
        one, other = (folder_bytes(run / "checkpoint-last")[name] for run in (whole, killed))
        assert one == other, name


@contextmanager
def no_file_larger_than(n_bytes: int) -> Iterator[None]:
    """What a full disk does, done to this process: writing fails in the middle of a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_checkpoint_and_is_said_in_a_line(
    text, tmp_path, tiny_bert, monkeypatch
):
    output, whole = tmp_path / "pretrained", tmp_path / "whole"
    evaluate = Pretrainer._evaluate
    before = {}

    def evaluate_on_a_full_disk(trainer, log):
        if trainer.progress.step == 0:
            return evaluate(trainer, log)
        before.update(folder_bytes(output / "checkpoint-last"))
        with no_file_larger_than(50_000):
            return evaluate(trainer, log)

    with monkeypatch.context() as patch:
        patch.setattr(Pretrainer, "_evaluate", evaluate_on_a_full_disk)
        result = run_pretrain(text, output, tiny_bert)
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert f"Cannot write {output}/checkpoint-" in said
    assert "File too large. Make room on the disk" in said
    assert "Traceback" not in result.output
    assert before
    assert folder_bytes(output / "checkpoint-last") == before
    assert not list(output.glob(".checkpoint*"))
    assert run_pretrain(text, output, tiny_bert).exit_code == 0
    run_pretrain(text, whole, tiny_bert)
    assert lines_without_times(output) == lines_without_times(whole)


def test_a_log_that_cannot_be_written_is_named(text, tmp_path, tiny_bert):
    output = tmp_path / "pretrained"
    (output / "log.jsonl").mkdir(parents=True)
    result = run_pretrain(text, output, tiny_bert)
    assert result.exit_code == 1
    assert f"Cannot write {output / 'log.jsonl'}: Is a directory" in " ".join(result.output.split())
    assert read_log(output) == []
