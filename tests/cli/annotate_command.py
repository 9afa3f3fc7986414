"""Runs of `python -m spacy spanbert annotate` inside the tests' process, and what they wrote."""

import gzip
import json
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from spacy_spanbert.cli import app


def annotate(*arguments: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["annotate", *map(str, arguments)], input=stdin)


def text_of(result: Result) -> str:
    return " ".join(result.output.split())


def records_of(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return [json.loads(line) for line in text.splitlines()]
