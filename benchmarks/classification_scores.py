"""What texts and pairs share: contenders take turns, and their scores and speeds are summed up."""

from collections.abc import Sequence
from statistics import mean, median, stdev
from typing import Any

from spacy import Language
from spacy.scorer import Scorer
from spacy.training import Example

from benchmarks.classification import Contender, LabelledText, Scores, Task, bare
from benchmarks.report import print_table
from benchmarks.timing import interleave, paired_ratio
from spacy_spanbert.data.labelled_convert import labelled_docs

N_ROUNDS = 3  # of prediction, after each training
KEYS = ("macro_f", "train_per_second", "predict_per_second")


def measure(contenders: dict[str, Contender], task: Task, n_seeds: int) -> list[dict[str, Any]]:
    """Train all contenders in turn, then let them predict in turn, seed by seed.

    contenders (dict[str, Contender]): By name.
    task (Task): The records.
    n_seeds (int): Seeds, from 0.
    RETURNS (list[dict[str, Any]]): One row a contender and seed; `predict_seconds` of each round.
    """
    runs = []
    for seed in range(n_seeds):
        trained = {name: contender(task, seed) for name, contender in contenders.items()}
        scores = {
            name: score(task.test, predict(task.test)) for name, (_, predict) in trained.items()
        }
        seconds = interleave(
            {
                name: lambda _, predict=predict: lambda: predict(task.test)
                for name, (_, predict) in trained.items()
            },
            N_ROUNDS,
        )
        runs += [
            {
                "contender": name,
                "seed": seed,
                "train_per_second": round(speed, 1),
                "predict_per_second": round(len(task.test) / median(seconds[name]), 1),
                "predict_seconds": [round(value, 4) for value in seconds[name]],
                **scores[name],
            }
            for name, (speed, _) in trained.items()
        ]
    return runs


def score(records: Sequence[LabelledText], predicted: Scores) -> dict[str, Any]:
    """Score predictions.

    records (Sequence[LabelledText]): The gold.
    predicted (Scores): Of each record a score by label.
    RETURNS (dict[str, Any]): `accuracy`, `macro_f` and `f_per_label`, 0 to 1.
    """
    nlp = Language()
    examples = []
    for gold, cats in zip(labelled_docs(records, nlp), predicted, strict=True):
        doc = bare(LabelledText((gold.text,)), nlp)
        doc.cats = cats
        examples.append(Example(doc, gold))
    labels = sorted({label for record in records for label in record.labels or ()})
    scores = Scorer.score_cats(examples, "cats", labels=labels, multi_label=False)
    return {
        "accuracy": round(scores["cats_micro_f"], 4),
        "macro_f": round(scores["cats_macro_f"], 4),
        "f_per_label": {
            label: round(values["f"], 4) for label, values in scores["cats_f_per_type"].items()
        },
    }


def summarize(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take the mean over seeds.

    runs (Sequence[dict[str, Any]]): From measure.
    RETURNS (list[dict[str, Any]]): One row a contender; `deviation` of the accuracy is the sample
        standard deviation, None for one seed.
    """
    names = dict.fromkeys(run["contender"] for run in runs)
    rows = []
    for name in names:
        members = [run for run in runs if run["contender"] == name]
        accuracies = [run["accuracy"] for run in members]
        rows.append(
            {
                "contender": name,
                "n_seeds": len(members),
                "accuracy": round(mean(accuracies), 4),
                "deviation": round(stdev(accuracies), 4) if len(members) > 1 else None,
                **{key: _mean(members, key) for key in KEYS},
                "f_per_label": {
                    label: round(mean(run["f_per_label"][label] for run in members), 4)
                    for label in members[0]["f_per_label"]
                },
            }
        )
    return rows


def _mean(runs: Sequence[dict[str, Any]], key: str) -> float:
    return round(mean(run[key] for run in runs), 4)


def ratios(runs: Sequence[dict[str, Any]], ours: Sequence[str], peer: str) -> dict[str, Any]:
    """Tell how many times as fast as the peer each of ours is.

    runs (Sequence[dict[str, Any]]): From measure.
    ours (Sequence[str]): Names.
    peer (str): Its name.
    RETURNS (dict[str, Any]): By name, of training and of prediction: the median of the ratios of
        the same seed, or round; empty without the peer.
    """
    by_name = {name: [run for run in runs if run["contender"] == name] for name in (*ours, peer)}
    if not by_name[peer]:
        return {}
    seconds = {
        name: [value for run in members for value in run["predict_seconds"]]
        for name, members in by_name.items()
    }
    return {
        name: {
            "train_per_second": round(
                median(
                    own["train_per_second"] / beside["train_per_second"]
                    for own, beside in zip(by_name[name], by_name[peer], strict=True)
                ),
                3,
            ),
            "predict_per_second": paired_ratio(seconds[peer], seconds[name]),
        }
        for name in ours
    }


def print_summary(summary: Sequence[dict[str, Any]], things: str, title: str) -> None:
    """Print a table, a row a contender.

    summary (Sequence[dict[str, Any]]): From summarize.
    things (str): What records are, as in "pairs".
    title (str): Above it.
    """
    header = (
        "",
        "seeds",
        "accuracy",
        "deviation",
        "macro F1",
        f"training {things}/s",
        f"{things}/s",
    )
    keys = ("contender", "n_seeds", "accuracy", "deviation", *KEYS)
    print_table(header, [tuple(row[key] for key in keys) for row in summary], title)
