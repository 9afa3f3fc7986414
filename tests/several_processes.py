"""Run a program of its own, for what only a process of its own can show."""

import os
import subprocess
import sys
from pathlib import Path

TIMEOUT = 240  # seconds: a fork that hangs must fail


def assert_done(code: str, *arguments: str | Path, n_threads: int = 1) -> None:
    """Run Python code that prints nothing but "done" when all it asserts holds.

    code (str): The program.
    arguments (str | Path): Its `sys.argv` from 1 on.
    n_threads (int): Threads of OpenMP.
    RAISES (AssertionError): If it fails, warns, or prints anything else.
    """
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": str(n_threads)},
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "done\n", ""), run.stderr
