"""The options of `python -m spacy spanbert annotate`, and what `--help` says of each."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Model = Annotated[
    str, Argument(metavar="MODEL", help="Pipeline: a folder, or an installed package")
]
Source = Annotated[
    Path,
    Argument(
        metavar="INPUT",
        help="A .txt, .jsonl or .spacy file, plain or .gz; a folder of these; - for stdin",
    ),
]
Output = Annotated[
    Path,
    Argument(
        metavar="OUTPUT",
        help="A .spacy, .jsonl, .html or .conll file; a folder for brat, or for spacy",
    ),
]
Unit = Annotated[
    str,
    Option(
        help="What a record of a .txt file is: the document, a paragraph (what stands between "
        "empty lines) or a line"
    ),
]
SourceFormat = Annotated[
    str | None,
    Option("--from", help="Format of INPUT: text, jsonl or spacy; else told by the suffix"),
]
TargetFormat = Annotated[
    str | None,
    Option("--to", help="Format of OUTPUT: spacy, jsonl, brat, conll or html; else by the suffix"),
]
SpansKey = Annotated[
    str | None, Option(help="Key of doc.spans; else the only one the pipeline writes, or sc")
]
BatchSize = Annotated[
    int, Option(help="Records that go through the pipeline together; fewer if they are long")
]
Processes = Annotated[int, Option(help="Processes; -1: one for each processor")]
RecordsPerPart = Annotated[
    int,
    Option(help="Records that are finished together: an interruption loses no more than these"),
]
OnBadRecord = Annotated[
    str, Option(help="Bad records: skip them and report them, or stop at the first")
]
ProblemsFile = Annotated[
    Path | None, Option(help="List every problem here; printed are the first of each kind")
]
Resume = Annotated[bool, Option("--resume", help="Go on with an interrupted run")]
Overwrite = Annotated[
    bool,
    Option(
        "--overwrite",
        help="Throw an interrupted run away; replace OUTPUT even if it is a folder with files",
    ),
]
Title = Annotated[str | None, Option(help="Title of the page; else the name of the input")]
ShowProgress = Annotated[
    bool | None, Option(help="Show a bar with words per second; else on a terminal only")
]
Code = Annotated[Path | None, Option(help="Python file with functions that the pipeline needs")]
GpuId = Annotated[int, Option(help="GPU to use; -1: none")]
