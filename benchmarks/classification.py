"""What texts and pairs share: training for some epochs, prediction, and scores of both."""

import contextlib
import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from time import perf_counter
from typing import Any

from spacy import Language
from spacy.scorer import Scorer
from spacy.training import Example
from spacy.util import load_config, load_model_from_config, minibatch
from thinc.api import Optimizer, fix_random_seed

from benchmarks.peers import ENCODER, training_step
from spacy_spanbert.data.labelled import LabelledText, read_labelled
from spacy_spanbert.data.labelled_convert import labelled_docs
from spacy_spanbert.data.problems import Problems

BATCH = 32
WARM_UP = 0.1
N_QUICK = 24
Scores = list[dict[str, float]]


@dataclass(frozen=True)
class Task:
    """A classification task.

    train, test (list[LabelledText]): Records, each with one label.
    n_epochs (int): How often training goes through the records.
    """

    train: list[LabelledText]
    test: list[LabelledText]
    n_epochs: int


# learns from records, in epochs, and returns what predicts: one dict of scores a record
Contender = Callable[[Task, int], tuple[float, Callable[[Sequence[LabelledText]], Scores]]]


def read_task(train: Path, test: Path, *, pairs: bool, n_epochs: int, quick: bool) -> Task:
    """Read a task's records.

    train, test (Path): JSONL files.
    pairs (bool): Whether records have two texts.
    n_epochs (int): How often training goes through the records.
    quick (bool): Use a few records only.
    RETURNS (Task): The task.
    """
    problems = Problems("stop")
    records = [list(read_labelled(path, problems, pairs=pairs)) for path in (train, test)]
    if quick:  # from all over the file, for all labels to be there
        records = [split[:: max(1, len(split) // N_QUICK)][:N_QUICK] for split in records]
    return Task(records[0], records[1], 1 if quick else n_epochs)


def build(config: Path, head: str, *, precision: str, encoder: str = ENCODER) -> Language:
    """Build a pipeline of ours from a shipped config, without weights.

    config (Path): The config.
    head (str): Name of the classifier; unused settings stay as they are.
    precision (str): Of the encoder.
    encoder (str): Where its checkpoint is.
    RETURNS (Language): The pipeline.
    """
    loaded = load_config(config, {"paths.encoder": encoder}, interpolate=True)
    assert head in loaded["components"]
    loaded["components"]["spanbert"]["model"]["precision"] = precision
    return load_model_from_config(loaded, auto_fill=True)


def learn(nlp: Language, task: Task, seed: int) -> float:
    """Train a pipeline: linear warm-up over a tenth of the steps, then linear decay.

    nlp (Language): Without weights; the highest learning rate is its config's.
    task (Task): The records.
    seed (int): For weights and the order of the records.
    RETURNS (float): Seconds, from the first step to the last.
    """
    docs = labelled_docs(task.train, nlp)
    examples = [
        Example(bare(record, nlp), doc) for record, doc in zip(task.train, docs, strict=True)
    ]
    fix_random_seed(seed)
    with contextlib.redirect_stderr(io.StringIO()):
        optimizer: Optimizer = nlp.initialize(lambda: examples)
    rate = nlp.config["training"]["optimizer"]["learn_rate"]["initial_rate"]
    order = random.Random(seed)
    n_steps = task.n_epochs * -(-len(examples) // BATCH)
    step = 0
    start = perf_counter()
    for _ in range(task.n_epochs):
        order.shuffle(examples)
        for batch in minibatch(examples, BATCH):
            step += 1
            share = min(step / (WARM_UP * n_steps), (n_steps - step) / ((1 - WARM_UP) * n_steps), 1)
            optimizer.learn_rate = rate * max(0.0, share)
            training_step(nlp, list(batch), optimizer)
    return perf_counter() - start


def bare(record: LabelledText, nlp: Language) -> Any:
    """RETURNS (Doc): A record's text, or pair of texts, without annotation."""
    return labelled_docs([LabelledText(record.texts)], nlp)[0]


def pipeline_contender(make: Callable[[], Language]) -> Contender:
    """Let a spaCy pipeline take part.

    make (Callable[[], Language]): Makes the pipeline, without weights.
    RETURNS (Contender): Trains it, and predicts with it; tokenization is timed.
    """

    def run(task: Task, seed: int) -> tuple[float, Callable[[Sequence[LabelledText]], Scores]]:
        nlp = make()
        seconds = learn(nlp, task, seed)

        def predict(records: Sequence[LabelledText]) -> Scores:
            return [doc.cats for doc in nlp.pipe(bare(record, nlp) for record in records)]

        return seconds, predict

    return run


def measure(contenders: dict[str, Contender], task: Task, n_seeds: int) -> list[dict[str, Any]]:
    """Train and score all contenders in turn, seed by seed.

    contenders (dict[str, Contender]): By name.
    task (Task): The records.
    n_seeds (int): Seeds, from 0.
    RETURNS (list[dict[str, Any]]): One row a contender and seed.
    """
    runs = []
    for seed in range(n_seeds):
        for name, contender in contenders.items():
            seconds, predict = contender(task, seed)
            predict(task.test[:BATCH])  # a warm-up
            start = perf_counter()
            predicted = predict(task.test)
            elapsed = perf_counter() - start
            runs.append(
                {
                    "contender": name,
                    "seed": seed,
                    "train_per_second": round(len(task.train) * task.n_epochs / seconds, 1),
                    "predict_per_second": round(len(task.test) / elapsed, 1),
                    **score(task.test, predicted),
                }
            )
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
    """RETURNS (list[dict[str, Any]]): The mean over seeds, one row a contender."""
    names = dict.fromkeys(run["contender"] for run in runs)
    rows = []
    for name in names:
        members = [run for run in runs if run["contender"] == name]
        keys = ("accuracy", "macro_f", "train_per_second", "predict_per_second")
        means = {key: round(mean(run[key] for run in members), 4) for key in keys}
        rows.append({"contender": name, "n_seeds": len(members), **means})
    return rows


def ratios(summary: Sequence[dict[str, Any]], ours: Sequence[str], peer: str) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): How many times as fast as the peer each of ours is."""
    rows = {row["contender"]: row for row in summary}
    return {
        name: {
            key: round(rows[name][key] / rows[peer][key], 2)
            for key in ("train_per_second", "predict_per_second")
        }
        for name in ours
        if peer in rows
    }
