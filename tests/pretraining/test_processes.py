import os
import subprocess
import sys
from pathlib import Path

import pytest

from spacy_spanbert.pretraining.checkpoint import load_progress
from spacy_spanbert.pretraining.log import read_log
from tests.cli.small_pretraining import STEPS, pretrain_words, write_small_text
from tests.pretraining.train_simple import train

ROOT = Path(__file__).parents[2]


def run_in_two(module: str, *arguments: object) -> str:
    """Run a module in two processes; give what they printed."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc_per_node", "2", "-m", module),
            *map(str, arguments),
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


def train_in_two(*arguments: object) -> None:
    run_in_two("tests.pretraining.train_simple", *arguments)


@pytest.mark.slow
def test_two_processes_have_the_loss_curve_of_one(tmp_path, tiny_bert):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    train(one, tiny_bert)
    train_in_two(two, tiny_bert)
    expected, found = read_log(one), read_log(two)
    assert len(expected) == len(found) == 6 + 3
    for line, other in zip(expected, found, strict=True):
        assert line.keys() == other.keys()
        for key in line.keys() - {"pieces_per_second", "part"}:
            assert other[key] == pytest.approx(line[key], rel=1e-5), (line["step"], key)


@pytest.mark.slow
def test_ctrl_c_in_one_process_stops_all_after_the_same_step(tmp_path, tiny_bert):
    train_in_two(tmp_path, tiny_bert, 1)
    assert load_progress(tmp_path / "checkpoint-last").step == 3


@pytest.mark.slow
def test_one_of_two_processes_speaks_for_both(tmp_path, tiny_bert):
    text = write_small_text(tmp_path / "text.txt")
    words = pretrain_words(text, tmp_path / "pretrained", tiny_bert)
    run = run_in_two("spacy", "spanbert", *words)
    assert run.count("6 steps") == run.count("loss curve:") == run.count("in the whole run") == 1
    counts = read_log(tmp_path / "pretrained")[-2]["counts"]
    assert counts["windows"] == STEPS * 256 // 32
