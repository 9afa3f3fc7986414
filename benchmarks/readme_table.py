"""Writes the results into README.md, between its markers, from the reports in benchmarks/results.

Nothing is measured here: the README quotes what the reports say, and a test compares the two.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.arguments import RESULTS, ROOT
from benchmarks.report import markdown_table, write_text

START, END = "<!-- results -->", "<!-- /results -->"
HEADER = ("", "spacy-spanbert", "spaCy `spancat`", "ratio")
Row = tuple[str, str, str, str]
Report = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> None:
    """Write the table into the README."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readme_table", description=__doc__)
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the reports")
    arguments = parser.parse_args(argv)
    text = arguments.readme.read_text(encoding="utf8")
    write_text(arguments.readme, replace_results(text, render(load_reports(arguments.results))))


def load_reports(folder: Path) -> dict[str, Report]:
    """Read the reports.

    folder (Path): Where they are; those that are missing are left out of the table.
    RETURNS (dict[str, Report]): Reports by program, in the table's order.
    """
    paths = {name: folder / f"{name}.json" for name in SECTIONS}
    return {
        name: json.loads(path.read_text(encoding="utf8"))
        for name, path in paths.items()
        if path.is_file()
    }


def render(reports: dict[str, Report]) -> str:
    """Render the table and how it came about.

    reports (dict[str, Report]): From load_reports.
    RETURNS (str): Markdown, with a line break at the end; nothing without reports.
    """
    if not reports:
        return ""
    rows = [row for name, report in reports.items() for row in SECTIONS[name](report)]
    sources = "".join(f"- {_source(report)}\n" for report in reports.values())
    return f"{markdown_table(HEADER, rows)}\n{sources}"


def replace_results(readme: str, results: str) -> str:
    """Put the results between the markers.

    readme (str): The README.
    results (str): From render.
    RETURNS (str): The README with these results.
    RAISES (SystemExit): If the markers are not there, once each and in order.
    """
    before, start, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end) or START in rest or END in after or END in before:
        raise SystemExit(f"Expected the lines {START} and {END} in the README, once each")
    return f"{before}{START}\n{results}{END}{after}"


def _annotate_speed(report: Report) -> Iterator[Row]:
    speeds, ratios = report["results"]["speeds"], report["results"]["ratios"]
    peer = speeds["spancat"]["words_per_second"]
    for precision in ("auto", "float32"):
        ours = speeds[f"spanbert, {precision}"]["words_per_second"]
        ratio = ratios[f"to spancat, {precision}"]
        name = f"annotating LitBank dev, words/s, precision {precision}"
        yield name, _number(ours), _number(peer), f"{ratio:.1f} ×"
    for precision in ("auto", "float32"):
        alone = speeds[f"encoder alone, {precision}"]["words_per_second"]
        share = ratios[f"to encoder alone, {precision}"]
        name = f"the same as a share of the encoder alone ({_number(alone)} words/s), {precision}"
        yield name, f"{share:.2f}", "", ""


def _training_speed(report: Report) -> Iterator[Row]:
    speeds, ratios = report["results"]["speeds"], report["results"]["ratios"]
    peer = speeds["spancat"]["words_per_second"]
    for precision in ("auto", "float32"):
        ours = speeds[f"spanbert, {precision}"]["words_per_second"]
        ratio = ratios[f"to spancat, {precision}"]
        name = f"training, words/s, precision {precision}"
        yield name, _number(ours), _number(peer), f"{ratio:.1f} ×"


def _peak_memory(report: Report) -> Iterator[Row]:
    peaks = {
        (row["pipeline"], row["max_length"]): row["peak_mb"]
        for row in report["results"]["annotation"]
    }
    for pipeline, length in peaks:
        if pipeline == "spanbert":
            ours, peer = peaks["spanbert", length], peaks["spancat", length]
            name = f"peak memory of that, MB, spans up to {length} words"
            yield name, _number(ours), _number(peer), f"{ours / peer:.2f}"


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
        yield name, _f1_cell(row), "" if peer is None else _f1_cell(peer), difference


def _pretraining_speed(report: Report) -> Iterator[Row]:
    speeds, ratios = report["results"]["speeds"], report["results"]["ratios"]
    for ours, trainer in (("float32", "float32"), ("auto", "float32"), ("auto", "bf16")):
        ratio = ratios[f"ours, {ours} to Trainer, {trainer}"]
        name = (
            f"pretraining (MLM), pieces/s, precision {ours}; beside it Hugging Face's `Trainer`, "
            f"{trainer}"
        )
        cells = [
            _number(speeds[contender]["pieces_per_second"])
            for contender in (f"ours, {ours}", f"Trainer, {trainer}")
        ]
        yield name, *cells, f"{ratio:.1f} ×"
    use = report["results"]["utilization"]
    peak = f"{use['peak_tflops']:.2f} TFLOP/s"
    name = f"the same as a share of the peak of {use['dtype']} matrix products ({peak}), auto"
    yield name, f"{use['share']:.2f}", "", ""
    extra = f"{100 * report['results']['sbo_extra']:+.0f} %"
    yield "time of a step with the span boundary objective, over MLM alone", extra, "", ""


def _pretraining_gain(report: Report) -> Iterator[Row]:
    rows = report["results"]["summary"]
    baselines = {row["experiment"]: row for row in rows if row["is_baseline"]}
    for row in rows:
        if row["gain"] is None:
            continue
        baseline = baselines[row["experiment"]]
        corpus = {"litbank": "LitBank", "genia": "GENIA"}[row["corpus"]]
        name = f"{corpus} dev F1, encoder: {row['arm']}; beside it: {baseline['arm']}"
        cells = _f1_cell(row), _f1_cell(baseline)
        yield name, *cells, f"{100 * row['gain']:+.1f} points"


SECTIONS: dict[str, Callable[[Report], Iterator[Row]]] = {
    "annotate_speed": _annotate_speed,
    "peak_memory": _peak_memory,
    "training_speed": _training_speed,
    "scaling": _scaling,
    "litbank_f1": _f1,
    "genia_f1": _f1,
    "pretraining_speed": _pretraining_speed,
    "pretraining_gain": _pretraining_gain,
}


def _f1_cell(row: dict[str, Any]) -> str:
    spread = "" if row["f_deviation"] is None else f" ± {row['f_deviation']:.3f}"
    seeds = "1 seed" if row["n_seeds"] == 1 else f"{row['n_seeds']} seeds"
    return f"{row['f_mean']:.3f}{spread} ({seeds}, {row['longest_seconds'] / 60:.0f} min)"


def _source(report: Report) -> str:
    machine = report["machine"]
    bfloat16 = ", ".join(machine["bfloat16"]) or "no bfloat16"
    return (
        f"`{report['command']}`: {report['date']}, {machine['cpu']}, {machine['n_cores']} cores, "
        f"{bfloat16}, torch {report['versions']['torch']}, spaCy {report['versions']['spacy']}"
        f"{_load(machine)}"
    )


def _load(machine: dict[str, Any]) -> str:
    """Say that the machine was busy, if it was."""
    load = machine["load"]
    return "" if load is None or load < 1 else f"; other programs were running (load {load:.1f})"


def _number(value: float) -> str:
    """Three digits that count: more would pretend."""
    return f"{float(f'{value:.3g}'):,.0f}"


if __name__ == "__main__":
    main()
