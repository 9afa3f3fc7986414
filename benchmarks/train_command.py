"""Runs of `python -m spacy train`, with the time of every evaluation.

Nothing is added to the training: the clock reads the lines that the command prints.
"""

import json
import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.arguments import ROOT

# Epoch, step, losses and scores, the score that chooses the best pipeline.
_EVALUATION = re.compile(r"^\s*(\d+)\s+(\d+)\s+(?:[\d.]+\s+)+([\d.]+)\s*$")
N_LAST_LINES = 30


@dataclass(frozen=True)
class Evaluation:
    """One line of the training log.

    step (int): The step, from 0.
    seconds (float): Since the command was started.
    score (float): The score that chooses the best pipeline, 0 to 1.
    """

    step: int
    seconds: float
    score: float


@dataclass(frozen=True)
class TrainingRun:
    """A finished training.

    folder (Path): With model-best and model-last.
    seconds (float): Of the whole command: start, initialization, steps, evaluations, saving.
    evaluations (list[Evaluation]): In order.
    """

    folder: Path
    seconds: float
    evaluations: list[Evaluation]


def run_training(config: Path, folder: Path, overrides: Mapping[str, Any]) -> TrainingRun:
    """Run `spacy train`.

    config (Path): The config.
    folder (Path): Where the pipelines and train.log go.
    overrides (Mapping[str, Any]): Values of the config, by dotted name.
    RETURNS (TrainingRun): What came of it.
    RAISES (RuntimeError): If the command fails; with the end of what it said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "spacy", "train", str(config), "--output", str(folder)]
    for name, value in overrides.items():
        words += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
    start = perf_counter()
    evaluations: list[Evaluation] = []
    last_lines: deque[str] = deque(maxlen=N_LAST_LINES)
    with (
        (folder / "train.log").open("w", encoding="utf8") as log,
        subprocess.Popen(
            words,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            seconds = perf_counter() - start
            log.write(f"{seconds:9.2f}  {line}")
            last_lines.append(line)
            if found := _EVALUATION.match(line):
                step, score = int(found.group(2)), float(found.group(3))
                evaluations.append(Evaluation(step, seconds, score))
    if process.returncode != 0:
        code = process.returncode
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise RuntimeError(f"spacy train {how}; it said last:\n{''.join(last_lines)}")
    return TrainingRun(folder, perf_counter() - start, evaluations)
