"""Seconds of one optimizer step on the encoder: thinc's Adam, and ours; their share of training.

The parameters and gradients are those of MiniLM. A step of each is set against forward and backward
passes on a batch of LitBank. The rounds take turns.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch
from spacy.util import minibatch
from thinc.api import Optimizer, PyTorchShim

from benchmarks.arguments import make_parser, parse
from benchmarks.corpora import find_corpus, load_docs, make_examples
from benchmarks.peers import BATCH_DOCS, ENCODER, build_spanbert, encoder_of, initialize
from benchmarks.report import make_report, print_table, write_report
from benchmarks.timing import Task, interleave
from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.layers.optimizer import ModuleOptimizer

THINC = "thinc Adam"
THINC_AVERAGES = "thinc Adam, use_averages"
OURS = "fused AdamW"
PASSES = {"auto": "forward and backward, auto", "float32": "forward and backward, float32"}
OPTIMIZER: dict[str, Any] = {"learn_rate": 5e-5, "L2": 0.01, "grad_clip": 1.0}
Step = Callable[[], object]


class Stepper:
    """Steps an encoder of its own, with the same gradients each time.

    make_step (Callable): From the module, what is timed.
    """

    def __init__(self, make_step: Callable[[torch.nn.Module], Step]) -> None:
        self.module = load_checkpoint(ENCODER).module
        self.step = make_step(self.module)
        generator = torch.Generator().manual_seed(0)
        self.gradients = [
            torch.randn(parameter.shape, generator=generator) * 1e-3
            for parameter in self.module.parameters()
        ]

    def task(self, index: int) -> Task:
        """RETURNS (Task): One step. Putting the gradients there is not part of it."""
        del index
        for parameter, gradient in zip(self.module.parameters(), self.gradients, strict=True):
            parameter.grad = gradient.clone()
        return self.step


def thinc_step(module: torch.nn.Module, *, use_averages: bool) -> Step:
    """RETURNS (Step): What thinc's wrapper of a torch module does in finish_update."""
    shim = PyTorchShim(module)
    return partial(shim.finish_update, Optimizer(**OPTIMIZER, use_averages=use_averages))


def our_step(module: torch.nn.Module) -> Step:
    """RETURNS (Step): What ours does."""
    optimizer = ModuleOptimizer((name, p, 1.0) for name, p in module.named_parameters())
    return partial(optimizer.step, Optimizer(**OPTIMIZER, use_averages=False))


def training_passes(precision: str, corpus: Path, n_batches: int) -> Callable[[int], Task]:
    """Make the rest of a training step: all that is not the optimizer.

    precision (str): Of encoder and head.
    corpus (Path): Folder with train.jsonl.
    n_batches (int): Batches of 32 records, which take turns.
    RETURNS (Callable[[int], Task]): The task of a round.
    """
    nlp = build_spanbert(precision=precision)
    docs = load_docs(corpus / "train.jsonl", nlp, limit=n_batches * BATCH_DOCS)
    initialize(nlp, docs)
    batches = list(minibatch(make_examples(docs, nlp), BATCH_DOCS))

    def run(index: int) -> None:
        nlp.update(batches[index % n_batches], sgd=False, drop=0.1)  # type: ignore[arg-type]
        encoder_of(nlp).flush()

    return lambda index: partial(run, index)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write optimizer_step.json."""
    parser = make_parser("optimizer_step", __doc__)
    parser.add_argument("--rounds", type=int, default=None, help="rounds of each (20)")
    arguments = parse(parser, argv)
    n_rounds = arguments.rounds or (2 if arguments.quick else 20)
    corpus = find_corpus("litbank", arguments.data)
    steppers = {
        THINC_AVERAGES: Stepper(partial(thinc_step, use_averages=True)),
        THINC: Stepper(partial(thinc_step, use_averages=False)),
        OURS: Stepper(our_step),
    }
    tasks: dict[str, Callable[[int], Task]] = {
        name: stepper.task for name, stepper in steppers.items()
    }
    for precision, name in PASSES.items():
        tasks[name] = training_passes(precision, corpus, 2 if arguments.quick else 8)
    interleave(tasks, 2)  # the first steps make the optimizers' states
    seconds = interleave(tasks, n_rounds)

    results = {
        "n_parameters": sum(p.numel() for p in steppers[OURS].module.parameters()),
        "n_tensors": len(steppers[OURS].gradients),
        "batch_docs": BATCH_DOCS,
        "milliseconds": {name: round(1000 * median(s), 2) for name, s in seconds.items()},
        "seconds": {name: [round(value, 5) for value in s] for name, s in seconds.items()},
        "share_of_step": {
            precision: {name: _share(seconds[name], seconds[passes]) for name in steppers}
            for precision, passes in PASSES.items()
        },
    }
    report = make_report("optimizer_step", arguments, results, n_rounds=n_rounds, **OPTIMIZER)
    _print(results)
    print(write_report(report, Path(arguments.output)))


def _share(step: Sequence[float], passes: Sequence[float]) -> float:
    """Share of the optimizer in a whole training step: the median over the rounds."""
    return round(median(a / (a + b) for a, b in zip(step, passes, strict=True)), 4)


def _print(results: dict[str, Any]) -> None:
    shares = results["share_of_step"]
    rows = [
        (name, ms, *(f"{shares[p][name]:.1%}" if name in shares[p] else None for p in PASSES))
        for name, ms in results["milliseconds"].items()
    ]
    title = "{n_parameters:,} parameters in {n_tensors} tensors, batches of {batch_docs} records"
    header = ("", "ms", *(f"share of a step, {precision}" for precision in PASSES))
    print_table(header, rows, title.format(**results))


if __name__ == "__main__":
    main()
