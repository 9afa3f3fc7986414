import os
import subprocess
import sys
from pathlib import Path

import pytest

from spacy_spanbert.pretraining.log import read_log
from tests.pretraining.train_simple import train

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_two_processes_have_the_loss_curve_of_one(tmp_path, tiny_bert):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    train(one, tiny_bert)
    run = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc_per_node", "2", "-m", "tests.pretraining.train_simple"),
            *(str(two), str(tiny_bert)),
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    expected, found = read_log(one), read_log(two)
    assert len(expected) == len(found) == 6 + 3
    for line, other in zip(expected, found, strict=True):
        assert line.keys() == other.keys()
        for key in line.keys() - {"pieces_per_second", "part"}:
            assert other[key] == pytest.approx(line[key], rel=1e-5), (line["step"], key)
