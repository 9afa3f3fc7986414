"""Losses and accuracies, added up over batches and processes."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from accelerate import Accelerator

from spacy_spanbert.nn.objectives import Answers


@dataclass(frozen=True)
class Score:
    """How one objective did.

    loss (float): Mean over the targets, in nats.
    accuracy (float): Share of targets answered right, 0 to 1.
    n_targets (int): How many targets.
    """

    loss: float
    accuracy: float
    n_targets: int


class Tally:
    """Adds up what the objectives did.

    names (list[str]): The objectives.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        # shape (n_objectives, 3): sum of losses, targets, right answers
        self._sums = torch.zeros(len(names), 3, dtype=torch.float64)

    def add(self, answers: Mapping[str, Answers]) -> None:
        """Add the answers of a batch.

        answers (Mapping[str, Answers]): By objective.
        """
        for row, name in enumerate(self.names):
            loss, n_targets, n_correct = answers[name]
            self._sums[row, 0] += loss.detach().double().cpu()
            self._sums[row, 1] += n_targets
            self._sums[row, 2] += n_correct.double().cpu()

    def take(self, accelerator: Accelerator) -> dict[str, Score]:
        """Add up over processes, and begin anew.

        accelerator (Accelerator): Knows the processes.
        RETURNS (dict[str, Score]): Of objectives that had targets.
        """
        sums = accelerator.reduce(self._sums.to(accelerator.device, torch.float64), "sum").cpu()
        self._sums = torch.zeros_like(self._sums)
        return {
            name: Score(loss / n_targets, n_correct / n_targets, int(n_targets))
            for name, (loss, n_targets, n_correct) in zip(self.names, sums.tolist(), strict=True)
            if n_targets
        }


def total_loss(scores: Mapping[str, Score], weights: Mapping[str, float]) -> float:
    """Combine the objectives as training does.

    scores (Mapping[str, Score]): By objective.
    weights (Mapping[str, float]): Weight of each.
    RETURNS (float): Weighted sum of the mean losses, in nats; 0.0 without any.
    """
    return sum(weights[name] * score.loss for name, score in scores.items())
