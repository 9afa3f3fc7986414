"""Writes results into README.md and docs/scale.md, between markers, from benchmarks/results.

Nothing is measured here: the pages quote what the reports say, and a test compares them.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.arguments import RESULTS, ROOT
from benchmarks.readme_cells import Report, Row, cores_text, f1_cell, number_cell
from benchmarks.readme_pretraining import pretraining_gain_rows, pretraining_speed_rows
from benchmarks.readme_relations import relation_rows, relation_speed_rows
from benchmarks.readme_tasks import crf_rows, finder_rows, pair_rows, tag_rows, text_rows
from benchmarks.report import markdown_table, write_text
from benchmarks.scale_page import scale_rows
from benchmarks.tag_choices_page import page_link


@dataclass(frozen=True)
class Table:
    """One table of a page.

    name (str): Of its markers.
    header (Sequence[str]): Titles of the columns.
    sections (Mapping[str, Callable[[Report], Iterator[Row]]]): What to say of a program's report.
    page (str): The page's path in the repository.
    """

    name: str
    header: Sequence[str]
    sections: Mapping[str, Callable[[Report], Iterator[Row]]]
    page: str = "README.md"

    @property
    def markers(self) -> tuple[str, str]:
        """RETURNS (tuple[str, str]): The lines before and behind it."""
        return f"<!-- {self.name} -->", f"<!-- /{self.name} -->"


def main(argv: Sequence[str] | None = None) -> None:
    """Write the tables into their pages."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readme_table", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="folder that the pages are in")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the reports")
    arguments = parser.parse_args(argv)
    for table in TABLES:
        page = arguments.root / table.page
        results = render(table, load_reports(table, arguments.results))
        write_text(page, replace_results(page.read_text(encoding="utf8"), table, results))


def load_reports(table: Table, folder: Path) -> dict[str, Report]:
    """Read the reports of a table.

    table (Table): The table.
    folder (Path): Where they are; those that are missing are left out of the table.
    RETURNS (dict[str, Report]): Reports by program, in the table's order.
    """
    paths = {name: folder / f"{name}.json" for name in table.sections}
    return {
        name: json.loads(path.read_text(encoding="utf8"))
        for name, path in paths.items()
        if path.is_file()
    }


def render(table: Table, reports: dict[str, Report]) -> str:
    """Render a table and how it came about.

    table (Table): The table.
    reports (dict[str, Report]): From load_reports.
    RETURNS (str): Markdown, with a line break at the end; nothing without reports.
    """
    if not reports:
        return ""
    rows = [row for name, report in reports.items() for row in table.sections[name](report)]
    sources = "".join(f"- {_source(report)}\n" for report in reports.values())
    return f"{markdown_table(table.header, rows)}\n{sources}"


def replace_results(page: str, table: Table, results: str) -> str:
    """Put the results between a table's markers.

    page (str): The page's text.
    table (Table): The table.
    results (str): From render.
    RETURNS (str): The page with these results.
    RAISES (SystemExit): If the markers are not there, once each and in order.
    """
    first, last = table.markers
    before, start, rest = page.partition(first)
    _, end, after = rest.partition(last)
    if not (start and end) or first in rest or last in after or last in before:
        raise SystemExit(f"Expected the lines {first} and {last} in {table.page}, once each")
    return f"{before}{first}\n{results}{last}{after}"


def _annotate_speed(report: Report) -> Iterator[Row]:
    speeds, ratios = report["results"]["speeds"], report["results"]["ratios"]
    peer = speeds["spancat"]["words_per_second"]
    for precision in ("auto", "float32"):
        ours = speeds[f"spanbert, {precision}"]["words_per_second"]
        ratio = ratios[f"to spancat, {precision}"]
        name = f"annotating LitBank dev, words/s, precision {precision}"
        yield name, number_cell(ours), number_cell(peer), f"{ratio:.1f} ×"
    for precision in ("auto", "float32"):
        alone = speeds[f"encoder alone, {precision}"]["words_per_second"]
        share = ratios[f"to encoder alone, {precision}"]
        name = (
            f"the same as a share of the encoder alone ({number_cell(alone)} words/s), {precision}"
        )
        yield name, f"{share:.2f}", "", ""


def _training_speed(report: Report) -> Iterator[Row]:
    speeds, ratios = report["results"]["speeds"], report["results"]["ratios"]
    peer = speeds["spancat"]["words_per_second"]
    for precision in ("auto", "float32"):
        ours = speeds[f"spanbert, {precision}"]["words_per_second"]
        ratio = ratios[f"to spancat, {precision}"]
        name = f"training, words/s, precision {precision}"
        yield name, number_cell(ours), number_cell(peer), f"{ratio:.1f} ×"


def _peak_memory(report: Report) -> Iterator[Row]:
    peaks = {
        (row["pipeline"], row["max_length"]): row["peak_mb"]
        for row in report["results"]["annotation"]
    }
    for pipeline, length in peaks:
        if pipeline == "spanbert":
            ours, peer = peaks["spanbert", length], peaks["spancat", length]
            name = f"peak memory of that, MB, spans up to {length} words"
            yield name, number_cell(ours), number_cell(peer), f"{ours / peer:.2f}"


def _scaling(report: Report) -> Iterator[Row]:
    for key, name in (("document_length", "document length"), ("max_length", "longest span")):
        series = report["results"][key]
        x = [point["x"] for point in series["points"]]
        exponent = series["fit"]["exponent"]
        title = f"exponent of the cost in {name}, {x[0]:,} to {x[-1]:,} words (1 is linear)"
        yield title, f"{exponent:.2f}", "", ""


def _f1(report: Report) -> Iterator[Row]:
    corpus = {"litbank_f1": "LitBank", "genia_f1": "GENIA"}[report["benchmark"]]
    tokens = {"gold": "the corpus's tokens", "spacy": "spaCy's tokens"}
    by_pipeline = {(row["pipeline"], row["layout"]): row for row in report["results"]["summary"]}
    for (pipeline, layout), row in by_pipeline.items():
        if pipeline != "spanbert":
            continue
        peer = by_pipeline.get(("spancat", layout))
        difference = "" if peer is None else f"{100 * (row['f_mean'] - peer['f_mean']):+.1f} points"
        name = (
            f"{corpus} dev F1, {layout}, {tokens[row['tokens']]}, at most "
            f"{report['settings']['minutes']:g} minutes of training"
        )
        yield name, f1_cell(row), "" if peer is None else _peer_cell(report, peer), difference


def _peer_cell(report: Report, peer: dict[str, Any]) -> str:
    """Write the F1 of a peer, and whether it was stopped before it could learn no more."""
    runs = [
        run
        for run in report["results"]["runs"]
        if (run["pipeline"], run["layout"]) == (peer["pipeline"], peer["layout"])
    ]
    curves = [[point["score"] for point in run["curve"]] for run in runs]
    is_rising = any(curve[-1] > max(curve[:-1], default=0.0) for curve in curves)
    remark = f"stopped after {runs[0]['n_steps']} steps, still rising" if is_rising else ""
    return f1_cell(peer, remark)


TABLES = (
    Table(
        "results",
        ("", "spacy-spanbert", "spaCy `spancat`", "ratio"),
        {
            "annotate_speed": _annotate_speed,
            "peak_memory": _peak_memory,
            "training_speed": _training_speed,
            "scaling": _scaling,
            "litbank_f1": _f1,
            "genia_f1": _f1,
        },
    ),
    Table(
        "tasks",
        ("", "spacy-spanbert", "beside it", "ratio or gain"),
        {
            "tags": tag_rows,
            "tag_choices": lambda _: iter(()),  # a page of its own
            "crf_speed": crf_rows,
            "texts": text_rows,
            "pairs": pair_rows,
            "span_finder": finder_rows,
            "relations": relation_rows,
            "relation_speed": relation_speed_rows,
        },
    ),
    Table(
        "pretraining",
        ("", "spacy-spanbert", "beside it", "ratio or gain"),
        {"pretraining_speed": pretraining_speed_rows, "pretraining_gain": pretraining_gain_rows},
    ),
    Table(
        "measured",
        ("on a CPU", "pieces/s", "share of the peak", "3.3 billion words, 40 times"),
        {"pretraining_speed": scale_rows},
        page="docs/scale.md",
    ),
)


def _source(report: Report) -> str:
    machine = report["machine"]
    bfloat16 = ", ".join(machine["bfloat16"]) or "no bfloat16"
    earlier = ", ".join(f"`{command}`" for command in report.get("earlier_commands", ()))
    after = f" (after {earlier})" if earlier else ""
    return (
        f"`{report['command']}`{after}: {report['date']}, {machine['cpu']}, {cores_text(machine)}, "
        f"{bfloat16}, torch {report['versions']['torch']}, spaCy {report['versions']['spacy']}"
        f"{_load(machine)}{page_link(report)}"
    )


def _load(machine: dict[str, Any]) -> str:
    """Say that the machine was busy, if it was."""
    load = machine["load"]
    return "" if load is None or load < 1 else f"; other programs were running (load {load:.1f})"


if __name__ == "__main__":
    main()
