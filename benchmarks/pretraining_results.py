"""What pretraining_gain found, summed up and printed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.pretraining_experiments import EXPERIMENTS, Arm, Experiment
from benchmarks.report import print_table
from benchmarks.representations import HEADLINES
from benchmarks.scores import summarize

# Experiment, arm, seed: what makes a fine-tuning what it is.
Key = Callable[[Experiment, Arm, int], dict[str, Any]]


def summarize_experiments(runs: Sequence[dict[str, Any]], key: Key) -> list[dict[str, Any]]:
    """Sum up fine-tunings by experiment.

    runs (Sequence[dict[str, Any]]): All fine-tunings; those of other budgets are left out.
    key (Callable): Tells the entries that a fine-tuning with these options has.
    RETURNS (list[dict[str, Any]]): A row for each arm that has runs: as `scores.summarize` makes
        it, with `experiment`, `corpus`, `arm`, `pretraining_minutes` (the budget; None without),
        `is_baseline`, and `gain`: mean F1 over that of the baseline, None for the baseline itself
        or without its runs.
    """
    rows: list[dict[str, Any]] = []
    for experiment in EXPERIMENTS:
        found = dict(_arm_rows(experiment, runs, key))
        baseline = found.get(experiment.baseline.name)
        for name, row in found.items():
            is_baseline = row is baseline
            gain = None
            if baseline is not None and not is_baseline:
                gain = round(row["f_mean"] - baseline["f_mean"], 4)
            names = {"experiment": experiment.name, "arm": name, "is_baseline": is_baseline}
            rows.append({**names, **row, "gain": gain})
    return rows


def _arm_rows(
    experiment: Experiment, runs: Sequence[dict[str, Any]], key: Key
) -> Iterator[tuple[str, dict[str, Any]]]:
    corpus = experiment.corpus
    if corpus is None:
        return
    for arm in experiment.all_arms():
        wanted = key(experiment, arm, 0)
        del wanted["seed"]
        members = [run for run in runs if wanted.items() <= run.items()]
        if members:
            (row,) = summarize(members, HEADLINES[corpus], ("corpus",))
            yield arm.name, {**row, "pretraining_minutes": wanted["pretraining_minutes"]}


def print_report(report: dict[str, Any]) -> None:
    """Print the tables.

    report (dict[str, Any]): Of pretraining_gain.
    """
    results = report["results"]
    header = (
        *("pretraining", "minutes", "steps", "pieces/s", "MLM at start", "heads alone", "best"),
        *("token MLM", "perplexity", "unigram", "NSP accuracy"),
    )
    rows = [
        (
            *(run[name] for name in ("recipe", "minutes", "n_steps", "pieces_per_second")),
            *(_loss(run[name]) for name in ("start", "heads_alone", "best")),
            run["token_mlm"]["loss"],
            run["token_mlm"]["perplexity"],
            run["unigram_loss"],
            run["best"].get("nsp_accuracy"),
        )
        for run in results["pretrainings"]
    ]
    print_table(header, rows, "Held-out losses, nats a piece")
    titles = {experiment.name: experiment.title for experiment in EXPERIMENTS}
    keys = ("arm", "pretraining_minutes", "n_seeds")
    keys += ("f_mean", "f_deviation", "gain", "longest_seconds")
    for name, title in titles.items():
        rows = [
            tuple(row[key] for key in keys)
            for row in results["summary"]
            if row["experiment"] == name
        ]
        if rows:
            head = ("encoder", "minutes", "seeds", "dev F1", "deviation", "gain", "seconds")
            print_table(head, rows, f"{name}: {title}")


def _loss(mark: dict[str, Any] | None) -> float | None:
    return None if mark is None else mark.get("mlm_loss")
