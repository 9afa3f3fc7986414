"""Milliseconds of a conditional random field: ours, pytorch-crf's, and Flair's if it is installed.

The same emissions, lengths and scores of one tag after another for all, in float32: loss with all
gradients, and the best tag sequences as Python lists. Ten calls in a row are timed: the first of
them, with what other work left in the caches, takes up to a millisecond more. Flair is not among
our requirements: install it beside (`pip install flair`) to measure it.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from typing import Any

import torch
from torch import Tensor

from benchmarks.arguments import make_parser, parse
from benchmarks.report import make_report, print_table, write_report
from benchmarks.timing import interleave, paired_ratio
from spacy_spanbert.nn.chain import Chain
from spacy_spanbert.nn.crf import negative_log_likelihood
from spacy_spanbert.nn.sequence_layout import SequenceLayout
from spacy_spanbert.nn.viterbi import best_path

PROGRAM = "crf_speed"
OURS = "spanbert"
# sentences, tags (of BIO with 6 labels, of universal parts of speech, of BIO with 24), longest
SIZES = ((32, 13, 40), (256, 13, 40), (32, 17, 40), (256, 17, 40), (64, 49, 60))
QUICK_SIZES = ((4, 5, 6),)
TASKS = ("loss and gradients", "best path")
N_CALLS = 10


@dataclass(frozen=True)
class Batch:
    """What all are given.

    emissions (Tensor): Padded; [n_sentences, longest, n_tags].
    lengths (Tensor): Words of each sentence, the longest first; long [n_sentences].
    tags (Tensor): Gold; long [n_sentences, longest].
    links (Tensor): As nn.chain.Chain has them; [n_tags + 2, n_tags].
    """

    emissions: Tensor
    lengths: Tensor
    tags: Tensor
    links: Tensor

    @property
    def mask(self) -> Tensor:
        """RETURNS (Tensor): Which places hold words; bool [n_sentences, longest]."""
        return torch.arange(self.emissions.shape[1]) < self.lengths[:, None]

    @classmethod
    def random(cls, n_sentences: int, n_tags: int, longest: int) -> "Batch":
        """Draw a batch with lengths from 1 to the longest."""
        torch.manual_seed(0)
        lengths = torch.randint(1, longest + 1, (n_sentences,)).sort(descending=True).values
        lengths[0] = longest
        shape = (n_sentences, longest)
        emissions, tags = torch.randn(*shape, n_tags), torch.randint(0, n_tags, shape)
        return cls(emissions, lengths, tags, torch.randn(n_tags + 2, n_tags))


Tasks = dict[str, Callable[[], Any]]


def our_tasks(batch: Batch) -> Tasks:
    """RETURNS (Tasks): Ours, on the words without padding."""
    emissions = batch.emissions[batch.mask].requires_grad_()
    tags = batch.tags[batch.mask]
    links = batch.links.clone().requires_grad_()

    def chain() -> Chain:
        return Chain(emissions, links, SequenceLayout.of(batch.lengths))

    def train() -> Tensor:
        loss = negative_log_likelihood(chain(), tags)
        loss.backward()
        return loss.detach()

    def decode() -> list[list[int]]:
        with torch.inference_mode():
            found = best_path(chain()).tolist()
        ends = batch.lengths.cumsum(0).tolist()
        return [found[end - n : end] for end, n in zip(ends, batch.lengths.tolist(), strict=True)]

    return dict(zip(TASKS, (train, decode), strict=True))


def pytorch_crf_tasks(batch: Batch) -> Tasks:
    """RETURNS (Tasks): Of the package pytorch-crf."""
    from torchcrf import CRF

    field = CRF(batch.emissions.shape[2], batch_first=True)
    with torch.no_grad():
        field.transitions.copy_(batch.links[:-2])
        field.start_transitions.copy_(batch.links[-2])
        field.end_transitions.copy_(batch.links[-1])
    emissions, mask = batch.emissions.clone().requires_grad_(), batch.mask

    def train() -> Tensor:
        loss = -field(emissions, batch.tags, mask=mask)
        loss.backward()
        return loss.detach()

    def decode() -> list[list[int]]:
        with torch.inference_mode():
            return field.decode(emissions, mask=mask)

    return dict(zip(TASKS, (train, decode), strict=True))


def flair_tasks(batch: Batch) -> Tasks:
    """RETURNS (Tasks): Of Flair, whose start and end are tags of their own."""
    from flair.data import Dictionary
    from flair.models.sequence_tagger_utils.viterbi import ViterbiDecoder, ViterbiLoss

    n_tags = batch.emissions.shape[2]
    dictionary = Dictionary(add_unk=False)
    for name in (*(str(tag) for tag in range(n_tags)), "<START>", "<STOP>"):
        dictionary.add_item(name)
    # rows are the following tag, columns the one before
    transitions = torch.full((n_tags + 2, n_tags + 2), -10_000.0)
    transitions[:n_tags, :n_tags] = batch.links[:-2].T
    transitions[:n_tags, n_tags] = batch.links[-2]
    transitions[n_tags + 1, :n_tags] = batch.links[-1]
    transitions.requires_grad_()
    padded = torch.nn.functional.pad(batch.emissions, (0, 2), value=-10_000.0).requires_grad_()
    gold, loss_of, decoder = (
        batch.tags[batch.mask],
        ViterbiLoss(dictionary),
        ViterbiDecoder(dictionary),
    )

    def features() -> tuple[Tensor, Tensor, Tensor]:
        return padded[..., None] + transitions, batch.lengths, transitions

    def train() -> Tensor:
        loss = loss_of(features(), gold)
        loss.backward()
        return loss.detach()

    def decode() -> Any:
        with torch.no_grad():
            return decoder.decode(features(), probabilities_for_all_classes=False, sentences=[])

    return dict(zip(TASKS, (train, decode), strict=True))


def contenders() -> dict[str, Callable[[Batch], Tasks]]:
    """RETURNS (dict[str, Callable[[Batch], Tasks]]): Those that are installed."""
    made: dict[str, Callable[[Batch], Tasks]] = {OURS: our_tasks}
    if find_spec("torchcrf"):
        made["pytorch-crf"] = pytorch_crf_tasks
    if find_spec("flair"):
        made["flair"] = flair_tasks
    return made


def measure(size: tuple[int, int, int], n_rounds: int) -> list[dict[str, Any]]:
    """Time all on one batch.

    size (tuple[int, int, int]): Sentences, tags, words of the longest.
    n_rounds (int): How often.
    RETURNS (list[dict[str, Any]]): Of each task and contender: `milliseconds` (median), `ratio` to
        ours (median of the rounds' ratios).
    """
    batch = Batch.random(*size)
    tasks = {name: make(batch) for name, make in contenders().items()}
    rows = []
    for task in TASKS:
        for of in tasks.values():
            of[task]()
        calls = {name: (lambda _, run=of[task]: _repeat(run)) for name, of in tasks.items()}
        seconds = interleave(calls, n_rounds)
        for name, values in seconds.items():
            rows.append(
                {
                    "task": task,
                    "size": list(size),
                    "name": name,
                    "milliseconds": round(1000 * median(values) / N_CALLS, 3),
                    "ratio": paired_ratio(values, seconds[OURS]),
                }
            )
    return rows


def _repeat(run: Callable[[], Any]) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(N_CALLS):
            run()

    return repeated


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write crf_speed.json."""
    arguments: argparse.Namespace = parse(make_parser(PROGRAM, __doc__), argv)
    sizes, n_rounds = (QUICK_SIZES, 2) if arguments.quick else (SIZES, 7)
    rows = [row for size in sizes for row in measure(size, n_rounds)]
    report = make_report(
        PROGRAM, arguments, {"rows": rows}, n_rounds=n_rounds, n_calls=N_CALLS, about=__doc__
    )
    write_report(report, arguments.output)
    header = ("", "sentences, tags, longest", "of", "ms", "times ours")
    cells = [
        (row["task"], str(row["size"]), row["name"], row["milliseconds"], row["ratio"])
        for row in rows
    ]
    print_table(header, cells)


if __name__ == "__main__":
    main()
