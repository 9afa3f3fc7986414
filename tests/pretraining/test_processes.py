import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from spacy_spanbert.pretraining.checkpoint import LAST
from spacy_spanbert.pretraining.log import read_log
from tests.cli.small_pretraining import STEPS, pretrain_words, write_small_text
from tests.pretraining.simple import folder_bytes, lines_without_times
from tests.pretraining.train_simple import train

ROOT = Path(__file__).parents[2]
LEARNED = ("model.safetensors", "pretraining_heads.safetensors", "optimizer.safetensors")


def run_in_two(module: str, *arguments: object, **environment: str) -> str:
    """Run a module in two processes; give what they printed."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
            *("--nproc_per_node", "2", "-m", module),
            *map(str, arguments),
        ],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


def train_in_two(tokenizer: Path, *runs: object, **environment: str) -> str:
    return run_in_two("tests.pretraining.train_simple", tokenizer, *runs, **environment)


def assert_equal_curves(expected: Path, found: Path, rel: float) -> None:
    lines, others = read_log(expected), read_log(found)
    assert len(lines) == len(others) == 6 + 4
    for line, other in zip(lines, others, strict=True):
        assert line.keys() == other.keys()
        for key in line.keys() - {"pieces_per_second", "part"}:
            assert other[key] == pytest.approx(line[key], rel=rel), (line["step"], key)


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> tuple[Path, Path, str]:
    """One that was left alone, one that got Ctrl-C and went on, and what was said of both."""
    folder = tmp_path_factory.mktemp("two")
    whole, continued = folder / "whole", folder / "continued"
    said = train_in_two(tiny_bert, whole, f"{continued}=1", continued)
    return whole, continued, said


@pytest.mark.slow
def test_two_processes_have_the_loss_curve_of_one(tmp_path, tiny_bert, two_runs):
    train(tmp_path, tiny_bert)
    whole, _, _ = two_runs
    assert_equal_curves(tmp_path, whole, 1e-5)


@pytest.mark.slow
def test_ctrl_c_in_one_process_stops_all_and_they_go_on_to_the_last_bit(two_runs):
    whole, continued, said = two_runs
    assert re.findall(r"continued stopped after step (\d)", said) == ["3", "6"]
    assert lines_without_times(continued) == lines_without_times(whole)
    for name in LEARNED:
        one, other = (folder_bytes(run / LAST)[name] for run in (continued, whole))
        assert one == other, name


@pytest.mark.slow
def test_a_divided_model_has_the_loss_curve_of_a_whole_one_and_goes_on(tmp_path, tiny_bert):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    train(one, tiny_bert)
    fsdp = {"ACCELERATE_USE_FSDP": "true", "FSDP_VERSION": "2"}
    said = train_in_two(tiny_bert, f"{two}=1", two, **fsdp)
    assert re.findall(r"two stopped after step (\d)", said) == ["3", "6"]
    assert_equal_curves(one, two, 1e-4)
    for name in LEARNED:
        expected, found = (load_file(run / LAST / name) for run in (one, two))
        assert expected.keys() == found.keys()
        for key, tensor in expected.items():
            torch.testing.assert_close(found[key], tensor, rtol=1e-3, atol=1e-5, msg=key)


@pytest.mark.slow
def test_one_of_two_processes_speaks_and_reads_for_both(tmp_path, tiny_bert):
    text = write_small_text(tmp_path / "text.txt")
    words = pretrain_words(text, tmp_path / "pretrained", tiny_bert)
    run = run_in_two("tests.pretraining.command_counting_reads", *words)
    assert run.count("read by process 0") == run.count("read by process") == 1
    assert run.count("6 steps") == run.count("loss curve:") == run.count("in the whole run") == 1
    # threads of a group that is still there may abort a process that ends
    assert run.count("still together: False") == 2
    counts = read_log(tmp_path / "pretrained")[-2]["counts"]
    assert counts["windows"] == STEPS * 256 // 32
