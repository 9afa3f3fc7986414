"""`python -m spacy spanbert report`: the scores of `spacy evaluate --output` as a table."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import srsly
from typer import Argument, Option, echo
from wasabi import msg, table

from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.errors import SpanbertError

Row = tuple[str, ...]
# rows of the first table: name, and what stands between the key and p, r, f in the JSON
KINDS = (
    ("all spans", ""),
    ("inside another", "_inside"),
    ("containing another", "_containing"),
    ("boundaries only", "_boundaries"),
)


@app.command("report")
@clean_errors()
def report_cli(
    metrics: Annotated[Path, Argument(help="JSON file that `spacy evaluate --output` wrote")],
    spans_key: Annotated[str, Option(help="Key of doc.spans")] = "sc",
    page: Annotated[Path | None, Option(help="Page of annotated text to point to")] = None,
) -> None:
    """Print scores of nested spans: overall, by label, by length."""
    echo(render_report(read_scores(metrics), spans_key))
    if page is not None:
        if not page.is_file():
            raise SpanbertError(f"there is no page {page}: run `annotate` first")
        msg.good(f"Annotated text, spans one above the other: {page}")


def read_scores(path: Path) -> dict[str, Any]:
    """Read the JSON of `spacy evaluate --output`.

    path (Path): The file.
    RETURNS (dict[str, Any]): The scores.
    RAISES (SpanbertError): If it is not there, or is not JSON.
    """
    if not path.is_file():
        raise SpanbertError(f"there is no file {path}: `spacy evaluate --output` writes one")
    try:
        scores = srsly.read_json(path)
    except ValueError as error:
        raise SpanbertError(
            f"{path} is not the JSON of `spacy evaluate --output`: {error}"
        ) from None
    if not isinstance(scores, dict):
        raise SpanbertError(f"{path} holds no scores: expected a JSON object")
    return scores


def render_report(scores: Mapping[str, Any], spans_key: str) -> str:
    """Write scores as plain text.

    scores (Mapping[str, Any]): As `spacy-spanbert.span_scorer.v1` gives them.
    spans_key (str): Key of `doc.spans`.
    RETURNS (str): Three tables, in percent; "-" where there was nothing to score.
    RAISES (SpanbertError): If there are no scores of that key.
    """
    prefix = f"spans_{spans_key}"
    if f"{prefix}_f" not in scores:
        keys = [key[6:-9] for key in scores if key.endswith("_per_type")]
        there = ", ".join(sorted(keys)) or "none"
        raise SpanbertError(f"no scores of doc.spans[{spans_key!r}]; there are scores of: {there}")
    kinds = [
        (name, *(_percent(scores.get(f"{prefix}{kind}_{part}")) for part in "prf"))
        for name, kind in KINDS
    ]
    labels = [_row(label, row) for label, row in _rows_of(scores, f"{prefix}_per_type")]
    lengths = [
        (*_row(name, row), str(row.get("n_gold", "")))
        for name, row in _rows_of(scores, f"{prefix}_per_length")
    ]
    return "\n".join(
        [
            _draw(("spans", "P", "R", "F"), kinds),
            _draw(("label", "P", "R", "F"), labels),
            _draw(("words", "P", "R", "F", "gold"), lengths),
        ]
    )


def _rows_of(scores: Mapping[str, Any], key: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    rows = scores.get(key) or {}
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise SpanbertError(
            f"{key!r} of the scores is {rows!r:.60}, not an object of objects with p, r and f: "
            "write the file anew with `spacy evaluate --output`"
        )
    return rows.items()


def _row(name: str, values: Mapping[str, Any]) -> Row:
    return (name, *(_percent(values.get(part)) for part in "prf"))


def _percent(value: Any) -> str:
    if not isinstance(value, int | float | None):
        raise SpanbertError(
            f"a score is {value!r:.60}, not a number: write the file anew with "
            "`spacy evaluate --output`"
        )
    return "-" if value is None else f"{100 * value:.1f}"


def _draw(header: Row, rows: list[Row]) -> str:
    return table(rows, header=header, divider=True, aligns=["l", *"r" * (len(header) - 1)])
