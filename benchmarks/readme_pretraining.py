"""What the README says of pretraining."""

from collections.abc import Iterator
from typing import Any

from benchmarks.readme_cells import Report, Row, f1_cell, number_cell


def pretraining_speed_rows(report: Report) -> Iterator[Row]:
    """Say how fast pretraining is.

    report (Report): Of pretraining_speed.
    YIELDS (Row): Rows of the table.
    """
    speeds, ratios = report["results"]["speeds"], report["results"]["ratios"]
    for ours, trainer in (("float32", "float32"), ("auto", "float32"), ("auto", "bf16")):
        ratio = ratios[f"ours, {ours} to Trainer, {trainer}"]
        name = (
            f"pretraining (MLM), pieces/s, precision {ours}; beside it Hugging Face's `Trainer`, "
            f"{trainer}"
        )
        cells = [
            number_cell(speeds[contender]["pieces_per_second"])
            for contender in (f"ours, {ours}", f"Trainer, {trainer}")
        ]
        yield name, *cells, f"{ratio:.1f} ×"
    use = report["results"]["utilization"]
    peak = f"{use['peak_tflops']:.2f} TFLOP/s"
    name = f"the same as a share of the peak of {use['dtype']} matrix products ({peak}), auto"
    yield name, f"{use['share']:.2f}", "", ""
    extra = f"{100 * report['results']['sbo_extra']:+.0f} %"
    yield "time of a step with the span boundary objective, over MLM alone", extra, "", ""


def pretraining_gain_rows(report: Report) -> Iterator[Row]:
    """Say what pretraining is worth: dev F1 after it and without, then losses on held-out text.

    report (Report): Of pretraining_gain.
    YIELDS (Row): Rows of the table.
    """
    rows = report["results"]["summary"]
    baselines = {row["experiment"]: row for row in rows if row["is_baseline"]}
    for row in rows:
        if row["gain"] is None:
            continue
        baseline = baselines[row["experiment"]]
        corpus = {"litbank": "LitBank", "genia": "GENIA"}[row["corpus"]]
        name = f"{corpus} dev F1, encoder: {_named(row)}; beside it: {_named(baseline)}"
        cells = f1_cell(row), f1_cell(baseline)
        yield name, *cells, f"{100 * row['gain']:+.1f} points"
    for run in report["results"]["pretrainings"]:
        yield from _loss_rows(run)


def _named(row: dict[str, Any]) -> str:
    minutes = row["pretraining_minutes"]
    return row["arm"] if minutes is None else f"{row['arm']}, {minutes:g} minutes"


def _loss_rows(run: dict[str, Any]) -> Iterator[Row]:
    best, before = run["best"], run["heads_alone"]
    name = (
        f"held-out MLM loss, nats a piece: {run['recipe']}, {run['n_steps']:,} steps in "
        f"{run['training_seconds'] / 60:.0f} minutes; beside it "
    )
    if before is None:
        others, unigram = "a unigram model", run["unigram_loss"]
    else:
        others, unigram = "the same with only the heads trained", before["mlm_loss"]
    cells = f"{best['mlm_loss']:.2f} (perplexity {best['mlm_perplexity']:.0f})", f"{unigram:.2f}"
    yield f"{name}{others}", *cells, f"{best['mlm_loss'] - unigram:+.2f}"
    if "nsp_accuracy" in best:
        yield f"held-out NSP accuracy: {run['recipe']}", f"{best['nsp_accuracy']:.2f}", "0.50", ""
