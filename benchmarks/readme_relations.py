"""What the README says of relations."""

from collections.abc import Iterator
from typing import Any

from benchmarks.readme_cells import Report, Row, f1_cell, number_cell
from benchmarks.relation_corpora import TASKS
from benchmarks.relations import RULE

NAMES = {"conll04": "CoNLL04", "scierc": "SciERC", "bionne_r_en": "BioNNE-R"}
SPLITS = {task.corpus: task.split for task in TASKS}
# what gold spans are set beside, the first that there is
BESIDE = {
    "gold, outermost": "the same with outermost spans only",
    RULE: "a rule that knows only the labels of the spans",
}


def relation_rows(report: Report) -> Iterator[Row]:
    """Write the rows of relations.json.

    report (Report): The program's report.
    YIELDS (Row): Of each corpus and kind of spans the F1; on nested spans beside outermost ones.
    """
    # what was chosen by is not quoted
    rows = {
        (row["corpus"], row["spans"]): row
        for row in report["results"]["summary"]
        if row["split"] == SPLITS[row["corpus"]]
    }
    for (corpus, spans), row in rows.items():
        if spans in BESIDE:
            continue
        kind = "gold spans" if spans == "gold" else spans
        name = f"{NAMES[corpus]} {row['split']} relation F1, {kind}"
        beside = [name for name in BESIDE if spans == "gold" and (corpus, name) in rows]
        other = rows[corpus, beside[0]] if beside else None
        if other is not None:
            name += f"; beside it {BESIDE[beside[0]]}"
        cell = "" if other is None else _cell(other)
        gain = "" if other is None else f"{100 * (row['f_mean'] - other['f_mean']):+.1f} points"
        yield name, _cell(row), cell, gain


def _cell(row: dict[str, Any]) -> str:
    return f"{row['f_mean']:.3f}" if row["spans"] == RULE else f1_cell(row)


def relation_speed_rows(report: Report) -> Iterator[Row]:
    """Write the rows of relation_speed.json.

    report (Report): The program's report.
    YIELDS (Row): Speed beside the loop, and cost in the number of pairs.
    """
    results = report["results"]
    ours, loop = (results[name]["pairs_per_second"] for name in ("ours", "pair_loop"))
    name = "pairs of spans/s, the encoder left out; beside it pairs in a Python loop"
    yield name, number_cell(ours), number_cell(loop), f"{results['ratio']:.1f} ×"
    series = results["pairs"]
    name = f"exponent of the cost in pairs, a Doc of {series['n_spans']} spans (1 is linear)"
    yield name, f"{series['fit']['exponent']:.2f}", "", ""
