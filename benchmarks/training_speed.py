"""Words a second in training: ours and spaCy's spancat, on the same batches.

LitBank train, batches of 32 records, gold tokens, spans up to 12 words, the same encoder, each with
its own optimizer. A step is what `spacy train` does in one. The rounds take turns, and in a round
all learn from the same batches.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from spacy import Language
from spacy.training import Example
from spacy.util import minibatch
from thinc.api import Model, Optimizer

from benchmarks.arguments import make_parser, parse
from benchmarks.corpora import find_corpus, load_docs, make_examples
from benchmarks.peers import (
    BATCH_DOCS,
    build_spanbert,
    build_spancat,
    encoder_of,
    head_of,
    initialize,
)
from benchmarks.report import make_report, print_table, write_report
from benchmarks.timing import Stopwatch, Task, interleave, paired_ratio, speed_summary

PEER = "spancat"
OURS = ("spanbert, auto", "spanbert, float32")
PARTS = (
    *("encoder forward", "head forward", "head backward", "encoder backward"),
    *("optimizer", "other"),
)


class Trainer:
    """A pipeline that learns, and tells where its time goes.

    nlp (Language): Built, without weights.
    corpus (Path): Folder with train.jsonl.
    n_batches (int): Batches of 32 records that are made.
    """

    def __init__(self, nlp: Language, corpus: Path, n_batches: int) -> None:
        docs = load_docs(corpus / "train.jsonl", nlp, limit=n_batches * BATCH_DOCS)
        self.nlp = nlp
        self.optimizer: Optimizer = initialize(nlp, docs)
        self.batches = list(minibatch(make_examples(docs, nlp), BATCH_DOCS))
        self.watch = Stopwatch()

    def train(self, batches: Sequence[list[Example]]) -> None:
        """Learn from batches, as `spacy train` does.

        batches (Sequence[list[Example]]): Some of this trainer's batches.
        """
        with timed_parts(self.nlp, self.watch):
            for batch in batches:
                with self.watch.part("other"):
                    self.nlp.update(batch, sgd=False, drop=0.1)  # type: ignore[arg-type]
                with self.watch.part("optimizer"):
                    for _, component in self.nlp.pipeline:
                        component.finish_update(self.optimizer)  # type: ignore[attr-defined]

    def parts(self) -> dict[str, float]:
        """RETURNS (dict[str, float]): The share of each part in the time, 0 to 1."""
        total = sum(self.watch.seconds.values())
        return {name: round(self.watch.seconds[name] / total, 4) for name in PARTS}


@contextmanager
def timed_parts(nlp: Language, watch: Stopwatch) -> Iterator[None]:
    """Count the forward and backward passes of encoder and head, wherever they are called from.

    nlp (Language): The pipeline; as before afterwards.
    watch (Stopwatch): Counts.
    """
    with ExitStack() as stack:
        for name, component in (("encoder", encoder_of(nlp)), ("head", head_of(nlp))):
            stack.enter_context(_timed_model(component.model, watch, name))
        yield


@contextmanager
def _timed_model(model: Model, watch: Stopwatch, name: str) -> Iterator[None]:
    forward = model._func

    def timed_forward(model: Model, inputs: Any, is_train: bool) -> tuple[Any, Callable]:
        with watch.part(f"{name} forward"):
            outputs, backprop = forward(model, inputs, is_train)

        def timed_backprop(d_outputs: Any) -> Any:
            with watch.part(f"{name} backward"):
                return backprop(d_outputs)

        return outputs, timed_backprop

    model._func = timed_forward
    try:
        yield
    finally:
        model._func = forward


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write training_speed.json."""
    parser = make_parser("training_speed", __doc__)
    parser.add_argument("--rounds", type=int, default=None, help="rounds of each (5)")
    parser.add_argument("--batches", type=int, default=None, help="batches a round (10)")
    arguments = parse(parser, argv)
    n_rounds = arguments.rounds or (2 if arguments.quick else 5)
    n_batches = arguments.batches or (1 if arguments.quick else 10)
    corpus = find_corpus("litbank", arguments.data)
    total = (n_rounds + 1) * n_batches
    trainers = {
        OURS[0]: Trainer(build_spanbert(precision="auto"), corpus, total),
        OURS[1]: Trainer(build_spanbert(precision="float32"), corpus, total),
        PEER: Trainer(build_spancat(), corpus, total),
    }
    tasks = {name: partial(_task, trainer, n_batches) for name, trainer in trainers.items()}
    interleave({name: partial(_warm_up, task, n_rounds) for name, task in tasks.items()}, 1)
    for trainer in trainers.values():
        trainer.watch.seconds.clear()
    seconds = interleave(tasks, n_rounds)

    n_words = [_count_words(trainers[PEER], n_batches, index) for index in range(n_rounds)]
    speeds = {
        name: speed_summary(n_words, values) | {"parts": trainers[name].parts()}
        for name, values in seconds.items()
    }
    results = {
        "n_words": sum(n_words),
        "n_batches": n_rounds * n_batches,
        "batch_docs": BATCH_DOCS,
        "speeds": speeds,
        "ratios": {
            f"to spancat, {name.split(', ')[1]}": paired_ratio(seconds[PEER], seconds[name])
            for name in OURS
        },
    }
    report = make_report(
        "training_speed", arguments, results, n_rounds=n_rounds, max_length=12, dropout=0.1
    )
    _print(report)
    print(write_report(report, Path(arguments.output)))


def _task(trainer: Trainer, n_batches: int, index: int) -> Task:
    return partial(trainer.train, _round(trainer, n_batches, index))


def _round(trainer: Trainer, n_batches: int, index: int) -> list[list[Example]]:
    return trainer.batches[index * n_batches : (index + 1) * n_batches]


def _count_words(trainer: Trainer, n_batches: int, index: int) -> int:
    batches = _round(trainer, n_batches, index)
    return sum(len(example.predicted) for batch in batches for example in batch)


def _warm_up(task: Callable[[int], Task], n_rounds: int, index: int) -> Task:
    return task(n_rounds + index)


def _print(report: dict[str, Any]) -> None:
    results = report["results"]
    rows = [
        (name, speed["words_per_second"], *(f"{speed['parts'][part]:.1%}" for part in PARTS))
        for name, speed in results["speeds"].items()
    ]
    title = "Training on LitBank, {n_batches} batches of {batch_docs} records, {n_words:,} words"
    print_table(("", "words/s", *PARTS), rows, title.format(**results))
    print_table(("spanbert's speed", "ratio"), list(results["ratios"].items()))


if __name__ == "__main__":
    main()
