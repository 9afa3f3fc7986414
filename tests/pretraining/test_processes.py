import os
import subprocess
import sys
from pathlib import Path

import pytest

from spacy_spanbert.pretraining.checkpoint import load_progress
from spacy_spanbert.pretraining.log import read_log
from tests.pretraining.train_simple import train

ROOT = Path(__file__).parents[2]


def train_in_two(*arguments: object) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc_per_node", "2", "-m", "tests.pretraining.train_simple"),
            *map(str, arguments),
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr


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
