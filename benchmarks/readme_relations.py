"""What the README says of relations."""

from collections.abc import Iterator

from benchmarks.readme_cells import Report, Row, number_cell, seeds_text

NAMES = {"conll04": "CoNLL04", "scierc": "SciERC", "bionne_r_en": "BioNNE-R"}


def relation_rows(report: Report) -> Iterator[Row]:
    """Write the rows of relations.json.

    report (Report): The program's report.
    YIELDS (Row): Of each corpus and kind of spans the F1; on nested spans beside outermost ones.
    """
    rows = {(row["corpus"], row["spans"]): row for row in report["results"]["summary"]}
    for (corpus, spans), row in rows.items():
        if spans == "gold, outermost":
            continue
        flat = rows.get((corpus, "gold, outermost")) if spans == "gold" else None
        kind = "gold spans" if spans == "gold" else spans
        name = f"{NAMES[corpus]} {row['split']} relation F1, {kind}"
        if flat is not None:
            name += "; beside it the same with outermost spans only"
        beside = "" if flat is None else f"{flat['f_mean']:.3f}"
        gain = "" if flat is None else f"{100 * (row['f_mean'] - flat['f_mean']):+.1f} points"
        own = f"{row['f_mean']:.3f} ({seeds_text(row['n_seeds'])})"
        yield name, own, beside, gain


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
