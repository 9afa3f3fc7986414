"""An interrupted run, resumed, gives byte for byte what it would have given."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.data.ruler_pipeline import make_pipeline

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork and SIGKILL")


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=pipe, stderr=subprocess.STDOUT)


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output


@pytest.mark.slow
@pytest.mark.parametrize(("name", "format_"), [("out.jsonl", "jsonl"), ("out", "brat")])
def test_killed_before_any_file_operation_a_run_can_be_resumed(
    tmp_path: Path, name: str, format_: str
) -> None:
    output = finish(start("-m", "tests.cli.crash_at_every_step", tmp_path, name, format_))
    assert int(output.splitlines()[-1]) > 20


@pytest.mark.slow
def test_a_killed_command_is_resumed(tmp_path: Path) -> None:
    make_pipeline("test_slow").to_disk(tmp_path / "model")
    lines = [f"Lord Grenville left Paris in {1700 + i}." for i in range(60)]
    (tmp_path / "in.txt").write_text("\n".join(lines))

    def annotate(output: Path, *options: str) -> subprocess.Popen[str]:
        code = "tests/data/ruler_pipeline.py"
        arguments = [tmp_path / "model", tmp_path / "in.txt", output, "--unit", "line"]
        settings = ["--batch-size", "2", "--records-per-part", "4", "--code", code]
        return start("-m", "spacy", "spanbert", "annotate", *arguments, *settings, *options)

    whole = annotate(tmp_path / "whole.spacy")
    killed = annotate(tmp_path / "killed.spacy")
    parts = tmp_path / "killed.spacy.parts"
    for n_parts, options in ((2, []), (5, ["--resume"])):
        if killed.poll() is not None:
            killed = annotate(tmp_path / "killed.spacy", *options)
        wait_for(parts / f"part-{n_parts:06d}.json", killed)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        assert not (tmp_path / "killed.spacy").exists()
    n_finished = len(list(parts.glob("part-*.json")))
    assert 5 < n_finished < 15

    resumed = finish(annotate(tmp_path / "killed.spacy", "--resume"))
    assert " ".join(resumed.split()).find(f"of an interrupted run {4 * n_finished}") > 0
    finish(whole)
    assert (tmp_path / "killed.spacy").read_bytes() == (tmp_path / "whole.spacy").read_bytes()
    assert not parts.exists()


def wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 300
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_manifest_names_all_that_the_parts_depend_on(tmp_path: Path) -> None:
    make_pipeline().to_disk(tmp_path / "model")
    (tmp_path / "in.jsonl").write_text('{"text": "Paris"}\nbroken\n')
    arguments = [tmp_path / "model", tmp_path / "in.jsonl", tmp_path / "out.jsonl"]
    settings = ["--records-per-part", "1", "--on-error", "stop"]
    process = start("-m", "spacy", "spanbert", "annotate", *arguments, *settings)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 1
    assert "in.jsonl:2: Expected one JSON object a line" in " ".join(output.split())
    assert "Go on with them: --resume" in output
    manifest = json.loads((tmp_path / "out.jsonl.parts" / "manifest.json").read_text())
    (state,) = manifest["the input"]
    assert state[:2] == [str(tmp_path / "in.jsonl"), 25]
    assert manifest["--records-per-part"] == 1
    assert len(manifest["the pipeline"]["files"]) > 3
