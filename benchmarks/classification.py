"""What texts and pairs share: tasks, and pipelines that are trained on them and predict."""

import contextlib
import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

from spacy import Language
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
    seconds (float | None): How long training takes instead, however many epochs that is.
    """

    train: list[LabelledText]
    test: list[LabelledText]
    n_epochs: int = 1
    seconds: float | None = None


# learns from records with a seed; returns records learned from per second, and what predicts: one
# dict of scores a record
Contender = Callable[[Task, int], tuple[float, Callable[[Sequence[LabelledText]], Scores]]]


def read_task(
    train: Path,
    test: Path,
    *,
    pairs: bool,
    n_epochs: int = 1,
    seconds: float | None = None,
    quick: bool,
) -> Task:
    """Read a task's records.

    train, test (Path): JSONL files.
    pairs (bool): Whether records have two texts.
    n_epochs, seconds: See Task.
    quick (bool): Use a few records only, once.
    RETURNS (Task): The task.
    """
    problems = Problems("stop")
    records = [list(read_labelled(path, problems, pairs=pairs)) for path in (train, test)]
    if quick:  # from all over the file, for all labels to be there
        records = [split[:: max(1, len(split) // N_QUICK)][:N_QUICK] for split in records]
    return Task(*records) if quick else Task(*records, n_epochs, seconds)


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
    """Train a pipeline: linear warm-up over a tenth of the steps or the time, then linear decay.

    nlp (Language): Without weights; the highest learning rate is its config's.
    task (Task): The records.
    seed (int): For weights and the order of the records.
    RETURNS (float): Records per second, from the first step to the last.
    """
    docs = labelled_docs(task.train, nlp)
    examples = [
        Example(bare(record, nlp), doc) for record, doc in zip(task.train, docs, strict=True)
    ]
    fix_random_seed(seed)
    with contextlib.redirect_stderr(io.StringIO()):
        optimizer: Optimizer = nlp.initialize(lambda: examples)
    rate = nlp.config["training"]["optimizer"]["learn_rate"]["initial_rate"]
    n_steps, n_records = task.n_epochs * -(-len(examples) // BATCH), 0
    start = perf_counter()
    for step, batch in enumerate(_batches(examples, seed)):
        passed = perf_counter() - start
        share = passed / task.seconds if task.seconds else step / n_steps
        if share >= 1:
            break
        optimizer.learn_rate = rate * min(share / WARM_UP, (1 - share) / (1 - WARM_UP))
        training_step(nlp, batch, optimizer)
        n_records += len(batch)
    return n_records / passed


def _batches(examples: list[Example], seed: int) -> Iterator[list[Example]]:
    """YIELDS (list[Example]): Epoch after epoch, in another order each, without an end."""
    order = random.Random(seed)
    for _ in count():
        order.shuffle(examples)
        yield from map(list, minibatch(examples, BATCH))


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
        speed = learn(nlp, task, seed)

        def predict(records: Sequence[LabelledText]) -> Scores:
            return [doc.cats for doc in nlp.pipe(bare(record, nlp) for record in records)]

        return speed, predict

    return run
