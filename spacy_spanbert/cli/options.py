"""Options that several commands of `python -m spacy spanbert` have, and what `--help` says."""

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
Gold = Annotated[
    Path,
    Argument(metavar="CORPUS", help="Gold: .spacy; of labelled texts or pairs also .jsonl or .tsv"),
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
SpansKey = Annotated[
    str | None,
    Option(help="Key of doc.spans; else the only one the pipeline writes or is given, or sc"),
]
GoldSpansKey = Annotated[str, Option(help="Key of doc.spans")]
Group = Annotated[
    str | None,
    Option(
        help="Make one document of consecutive records with the same value of this key, such as "
        "doc_id; each becomes a sentence (none: a record is a document)"
    ),
]
BatchSize = Annotated[
    int, Option(help="Records that go through the pipeline together; fewer if they are long")
]
OnError = Annotated[str, Option(help="What is wrong: skip it and report it, or stop at the first")]
ProblemsFile = Annotated[
    Path | None, Option(help="List every problem here; printed are the first of each kind")
]
ShowProgress = Annotated[
    bool | None, Option(help="Show a bar with words per second; else on a terminal only")
]
Code = Annotated[Path | None, Option(help="Python file with functions that the pipeline needs")]
GpuId = Annotated[int, Option("--gpu-id", "-g", help="GPU to use; -1: none")]
