"""The options that only `python -m spacy spanbert vectors` has, and what `--help` says of each."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

Output = Annotated[
    Path, Argument(metavar="OUTPUT", help="A .safetensors, .npz or .parquet file of vectors")
]
Of = Annotated[str, Option(help="What has a row each: words, spans or documents")]
NumberType = Annotated[str, Option("--dtype", help="float32, or float16 for half the size")]
Layers = Annotated[
    str | None,
    Option(help="last, last_four_mean or numbers such as -1,-2; else as the pipeline has it"),
]
Pooling = Annotated[
    str | None, Option(help="Of a word's pieces: mean or first; else as the pipeline has it")
]
Transform = Annotated[
    Path | None, Option(help="Centring or whitening that --fit wrote; else the pipeline's own")
]
Fit = Annotated[
    str | None,
    Option(help="Write no vectors, but a centre or whiten fitted on those of the words"),
]
Query = Annotated[
    str | None,
    Option(help="Text whose nearest neighbours in OUTPUT are shown; made first if it is new"),
]
Word = Annotated[str | None, Option(help="Word of the query; else all of it")]
Top = Annotated[int | None, Option(min=1, help="How many neighbours of the query; else 10")]
