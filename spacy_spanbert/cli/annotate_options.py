"""The options that only `python -m spacy spanbert annotate` has, and what `--help` says of each."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Output = Annotated[
    Path,
    Argument(
        metavar="OUTPUT",
        help="A .spacy, .jsonl, .html or .conll file; a folder for brat, or for spacy",
    ),
]
TargetFormat = Annotated[
    str | None,
    Option("--to", help="Format of OUTPUT: spacy, jsonl, brat, conll or html; else by the suffix"),
]
Processes = Annotated[int, Option(help="Processes; -1: one for each processor")]
RecordsPerPart = Annotated[
    int,
    Option(help="Records that are finished together: an interruption loses no more than these"),
]
OnBadRecord = Annotated[
    str, Option(help="Bad records: skip them and report them, or stop at the first")
]
Resume = Annotated[bool, Option("--resume", help="Go on with an interrupted run")]
Overwrite = Annotated[
    bool,
    Option(
        "--overwrite",
        help="Throw an interrupted run away; replace OUTPUT even if it is a folder with files",
    ),
]
Title = Annotated[str | None, Option(help="Title of an .html page; else the name of the input")]
