"""Runs all programs in order, each in a process of its own, and then fills the README's table."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from benchmarks.arguments import FOLDER_OPTIONS, ROOT

# What is short comes first.
PROGRAMS = (
    "word_senses",
    "annotate_speed",
    "training_speed",
    "optimizer_step",
    "crf_speed",
    "relation_speed",
    "pretraining_speed",
    "texts",
    "span_finder",
    "pairs",
    "relations",
    "peak_memory",
    "scaling",
    "tag_choices",
    "tags",
    "litbank_f1",
    "genia_f1",
    "representations",
    "pretraining_gain",
)
NEEDS_DATA = ("genia_f1", "pairs", "pretraining_gain", "relations", "texts")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the programs.

    argv (Sequence[str] | None): Options; None for those of the command line.
    RETURNS (int): 0 if all succeeded, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few hundred words each, no README")
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=PROGRAMS)
    for option in FOLDER_OPTIONS:
        parser.add_argument(option, type=Path, help="as of each program")
    arguments = parser.parse_args(argv)
    options = ["--quick"] if arguments.quick else []
    for option in FOLDER_OPTIONS:
        if folder := getattr(arguments, option[2:]):
            options += [option, str(folder.resolve())]
    failed = [name for name in PROGRAMS if name in arguments.only and not _run(name, options)]
    if not arguments.quick and arguments.output is None and not _call("readme_table", []):
        failed.append("readme_table")
    if failed:
        print(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def _run(name: str, options: list[str]) -> bool:
    if name in NEEDS_DATA and "--data" not in options:
        print(f"== {name}: left out, its corpus does not come with the project (--data FOLDER)")
        return True
    print(f"== {name}", flush=True)
    start = perf_counter()
    succeeded = _call(name, options)
    print(f"== {name}: {perf_counter() - start:,.0f} s", flush=True)
    return succeeded


def _call(name: str, options: list[str]) -> bool:
    """RETURNS (bool): Whether it succeeded."""
    words = [sys.executable, "-m", f"benchmarks.{name}", *options]
    return subprocess.run(words, cwd=ROOT).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
