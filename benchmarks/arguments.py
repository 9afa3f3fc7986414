"""Options that all programs share."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
# Folders that git ignores.
QUICK_RESULTS = ROOT / "output" / "benchmarks"
WORK = ROOT / "training" / "benchmarks"
FOLDER_OPTIONS = ("--data", "--output", "--work")
# Options whose values are not published.
PATH_OPTIONS = (*FOLDER_OPTIONS, "--markdown")


def make_parser(program: str, description: str | None) -> argparse.ArgumentParser:
    """Make a parser with the shared options.

    program (str): The module's name, such as "annotate_speed".
    description (str | None): What it measures; its first paragraph is shown.
    RETURNS (argparse.ArgumentParser): A program may add options of its own.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks.{program}",
        description=(description or "").split("\n\n")[0],
        allow_abbrev=False,
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a few hundred words, to see that it runs: the numbers mean nothing",
    )
    parser.add_argument(
        "--data", type=Path, help="folder of corpora with genia/train.jsonl and genia/dev.jsonl"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="folder for the results (benchmarks/results; with --quick, output/benchmarks)",
    )
    parser.add_argument(
        "--work", type=Path, default=WORK, help="folder for corpora and pipelines made on the way"
    )
    return parser


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the options, and note for the report the command and how busy the machine is.

    parser (argparse.ArgumentParser): From make_parser.
    argv (Sequence[str] | None): The options; None for those of the command line.
    RETURNS (argparse.Namespace): With `command`, `load` (processes that ran in the minute before),
        `earlier_commands` (see report.earlier_results) and a folder in `output`.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    arguments = parser.parse_args(argv)
    arguments.load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    arguments.earlier_commands = []
    arguments.command = f"{parser.prog} {shlex.join(_without_folders(argv))}".rstrip()
    if arguments.output is None:
        arguments.output = QUICK_RESULTS if arguments.quick else RESULTS
    return arguments


def _without_folders(argv: Sequence[str]) -> list[str]:
    """Where folders lie is nobody's business: results are published."""
    words: list[str] = []
    hide_next = ""
    for word in argv:
        name, equals, _ = word.partition("=")
        if hide_next:
            words.append(hide_next)
        elif equals and name in PATH_OPTIONS:
            words.append(f"{name}={name[2:].upper()}")
        else:
            words.append(word)
        hide_next = word[2:].upper() if word in PATH_OPTIONS else ""
    return words
