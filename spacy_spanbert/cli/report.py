"""`python -m spacy spanbert report`: the scores of `evaluate --output` as tables."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import srsly
from typer import Argument, Option, echo
from wasabi import msg, table

from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.errors import SpanbertError

Row = tuple[str, ...]
# rows of a first table: name, and what stands before p, r, f in the JSON
Kinds = tuple[tuple[str, str], ...]
SPANS: Kinds = (
    ("all spans", ""),
    ("inside another", "_inside"),
    ("containing another", "_containing"),
    ("boundaries only", "_boundaries"),
)
RELATIONS: Kinds = (
    ("strict", ""),
    ("labels of spans left aside", "_relaxed"),
    ("between nested spans", "_nested"),
)


@app.command("report")
@clean_errors()
def report_cli(
    metrics: Annotated[
        Path, Argument(help="JSON file that `evaluate --output` wrote: spaCy's, or ours")
    ],
    spans_key: Annotated[
        str | None, Option(help="Key of doc.spans; else all that there are scores of")
    ] = None,
    page: Annotated[Path | None, Option(help="Page of annotated text to point to")] = None,
) -> None:
    """Print scores of spans and relations: overall, by label, by length and distance."""
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


def render_report(scores: Mapping[str, Any], spans_key: str | None = None) -> str:
    """Write scores as plain text.

    scores (Mapping[str, Any]): As `spacy-spanbert.span_scorer.v1`, `candidate_scorer.v1` and
        `relation_scorer.v1` give them, or spaCy's scorer of spans.
    spans_key (str | None): Key of `doc.spans`; None: all that there are scores of, if any.
    RETURNS (str): Tables of spans and of relations, in percent; "-" where there was nothing to
        score.
    RAISES (SpanbertError): If there are no scores of that key, or none of spans and relations.
    """
    keys = _spans_keys(scores)
    if spans_key is not None and spans_key not in keys:
        there = ", ".join(keys) or "none"
        raise SpanbertError(f"no scores of doc.spans[{spans_key!r}]; there are scores of: {there}")
    tables = []
    for key in keys if spans_key is None else [spans_key]:
        overall = _overall(scores, f"spans_{key}", SPANS)
        tables += [_draw((f"spans {key!r}", "P", "R", "F"), overall)]
        tables += _details(scores, f"spans_{key}", "label", "length", "words")
    if "relations_f" in scores:
        tables += [_draw(("relations", "P", "R", "F"), _overall(scores, "relations", RELATIONS))]
        tables += _details(scores, "relations", "type", "distance", "words between")
    if not tables:
        there = ", ".join(sorted(scores)) or "none"
        raise SpanbertError(f"no scores of spans or of relations; there are: {there}")
    return "\n".join(tables)


def _spans_keys(scores: Mapping[str, Any]) -> list[str]:
    """Collect the keys of doc.spans; the kinds of spans of a key are none of their own."""
    names = [name[:-2] for name in scores if name.startswith("spans_") and name.endswith("_f")]
    kinds = {f"{name}{kind}" for name in names for _, kind in SPANS if kind}
    return sorted(name.removeprefix("spans_") for name in names if name not in kinds)


def _overall(scores: Mapping[str, Any], prefix: str, kinds: Kinds) -> list[Row]:
    return [
        (name, *(_percent(scores.get(f"{prefix}{kind}_{part}")) for part in "prf"))
        for name, kind in kinds
    ]


def _details(
    scores: Mapping[str, Any], prefix: str, label: str, by_size: str, unit: str
) -> Iterator[str]:
    """Draw the tables by label and by size, if there are such scores."""
    labels = [_row(name, row) for name, row in _rows_of(scores, f"{prefix}_per_type")]
    sizes = [
        (*_row(name, row), str(row.get("n_gold", "")))
        for name, row in _rows_of(scores, f"{prefix}_per_{by_size}")
    ]
    if labels:
        yield _draw((label, "P", "R", "F"), labels)
    if sizes:
        yield _draw((unit, "P", "R", "F", "gold"), sizes)


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
