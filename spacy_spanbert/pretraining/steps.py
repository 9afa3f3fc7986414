"""One optimizer step over a global batch, and evaluation."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext

import torch
from accelerate import Accelerator
from torch.nn.parallel import DistributedDataParallel

from spacy_spanbert.nn.objectives import Answers
from spacy_spanbert.pretraining.collate import collate, count_targets
from spacy_spanbert.pretraining.sampling import CorruptedText, WindowNumber
from spacy_spanbert.pretraining.sharding import is_sharded
from spacy_spanbert.pretraining.tallies import Tally
from spacy_spanbert.pretraining.windows import Corrupted

Item = tuple[Corrupted, bool | None]


class StepRunner:
    """Runs batches through the model.

    accelerator (Accelerator): Devices, processes and precision.
    model (Module): The model, prepared by the accelerator.
    weights (dict[str, float]): Weight of each objective.
    batch_pieces (int): Pieces a process encodes at once.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        model: torch.nn.Module,
        weights: dict[str, float],
        batch_pieces: int,
    ) -> None:
        self.accelerator = accelerator
        self.model = model
        self.weights = weights
        self.batch_pieces = batch_pieces

    def mine(self, numbers: Sequence[WindowNumber]) -> list[WindowNumber]:
        """Take this process's part of a global batch.

        numbers (Sequence[WindowNumber]): The windows of all processes.
        RETURNS (list[WindowNumber]): Every window goes to one process.
        """
        return list(numbers[self.accelerator.process_index :: self.accelerator.num_processes])

    def backward(self, items: Sequence[Item], tally: Tally) -> None:
        """Add the gradient of a global batch.

        Each objective's sum is divided by its number of targets on all processes and in all
        batches of the step, so that the gradient does not depend on how the work is divided.

        items (Sequence[Item]): This process's windows, at least one.
        tally (Tally): What the objectives did is added here.
        """
        n_targets = self._global_targets(items)
        rounds = self._rounds(items, items[0])
        for number, (batch, is_counted) in enumerate(rounds):
            is_last = number == len(rounds) - 1
            with nullcontext() if is_last else self.accelerator.no_sync(self.model):
                answers = self._answer(self.model, batch)
                self._backward(answers, n_targets, is_counted)
            if is_counted:
                tally.add(answers)

    def _backward(
        self, answers: dict[str, Answers], n_targets: dict[str, int], is_counted: bool
    ) -> None:
        # data parallelism takes the mean over processes, and the sum is wanted
        scale = self.accelerator.num_processes * is_counted
        loss = sum(
            answers[name].loss * (scale * weight / max(1, n_targets[name]))
            for name, weight in self.weights.items()
        )
        self.accelerator.backward(loss)

    def evaluate(self, text: CorruptedText, numbers: Sequence[WindowNumber], tally: Tally) -> None:
        """Answer without learning.

        text (CorruptedText): The windows.
        numbers (Sequence[WindowNumber]): Those of all processes, at least one.
        tally (Tally): What the objectives did is added here.
        """
        # data parallelism would have processes wait for one that has fewer windows, or none
        model = self.model
        if isinstance(model, DistributedDataParallel):
            model = model.module
        self.model.eval()
        items = [text.read(number) for number in self.mine(numbers)]
        with torch.no_grad():
            for batch, is_counted in self._rounds(items, text.read(numbers[0])):
                answers = self._answer(model, batch)
                if is_counted:
                    tally.add(answers)
        self.model.train()

    def _answer(self, model: torch.nn.Module, batch: list[Item]) -> dict[str, Answers]:
        with self.accelerator.autocast():
            answers: dict[str, Answers] = model(
                collate(*_unzip(batch), device=self.accelerator.device)
            )
        return answers

    def _rounds(self, items: Sequence[Item], stand_in: Item) -> list[tuple[list[Item], bool]]:
        """Divide windows into batches, and say of each whether it counts.

        A divided model is put together for each batch by all processes at once, so that those with
        fewer batches encode a window besides, which does not count.
        """
        rounds = [(batch, True) for batch in self._batches(items)]
        if is_sharded(self.model):
            mine = torch.tensor([len(rounds)], device=self.accelerator.device)
            most = int(self.accelerator.gather(mine).max())
            rounds += [([stand_in], False)] * (most - len(rounds))
        return rounds

    def _global_targets(self, items: Sequence[Item]) -> dict[str, int]:
        counts = count_targets(*_unzip(items))
        if self.accelerator.num_processes == 1:
            return counts
        local = torch.tensor(list(counts.values()), device=self.accelerator.device)
        total = self.accelerator.reduce(local, "sum").tolist()
        return dict(zip(counts, total, strict=True))

    def _batches(self, items: Sequence[Item]) -> Iterator[list[Item]]:
        batch: list[Item] = []
        n_pieces = 0
        for item in items:
            size = len(item[0].ids)
            if batch and n_pieces + size > self.batch_pieces:
                yield batch
                batch, n_pieces = [], 0
            batch.append(item)
            n_pieces += size
        if batch:
            yield batch


class Prefetcher:
    """Corrupts the windows of the next step while this one is computed.

    text (CorruptedText): The windows.
    """

    def __init__(self, text: CorruptedText) -> None:
        self._text = text
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="corruption")
        self._next: tuple[list[WindowNumber], Future[list[Item]]] | None = None

    def take(self, numbers: list[WindowNumber], following: list[WindowNumber] | None) -> list[Item]:
        """Give the windows of a step, and start on those of the following one.

        numbers (list[WindowNumber]): The windows wanted now.
        following (list[WindowNumber] | None): The windows wanted next, if any.
        RETURNS (list[Item]): Corrupted windows.
        """
        if self._next is not None and self._next[0] == numbers:
            items = self._next[1].result()
        else:
            items = self._read(numbers)
        self._next = None
        if following is not None:
            self._next = (following, self._pool.submit(self._read, following))
        return items

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _read(self, numbers: list[WindowNumber]) -> list[Item]:
        return [self._text.read(number) for number in numbers]


def _unzip(items: Sequence[Item]) -> tuple[list[Corrupted], list[bool | None]]:
    return [item[0] for item in items], [item[1] for item in items]
