"""What training did since the last line of the log."""

from collections.abc import Mapping, Sequence
from time import perf_counter

from accelerate import Accelerator
from tqdm import tqdm

from spacy_spanbert.pretraining.checkpoint import Progress
from spacy_spanbert.pretraining.counts import TextCounts
from spacy_spanbert.pretraining.log import RunLog
from spacy_spanbert.pretraining.optimizer import learn_rate
from spacy_spanbert.pretraining.settings import TrainingSettings
from spacy_spanbert.pretraining.steps import Item
from spacy_spanbert.pretraining.tallies import Tally, total_loss


class TrainReport:
    """Adds up losses, counts and time, and writes them to the log and the progress bar.

    settings (TrainingSettings): Of the config.
    weights (Mapping[str, float]): Weight of each objective.
    progress (Progress): Of the run; its counts grow with each line.
    accelerator (Accelerator): Knows the processes.
    log (RunLog | None): None in all processes but the first.
    bar (tqdm): Shows loss and speed.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        weights: Mapping[str, float],
        progress: Progress,
        accelerator: Accelerator,
        log: RunLog | None,
        bar: tqdm,
    ) -> None:
        self.tally = Tally(list(weights))
        self._settings = settings
        self._weights = weights
        self._progress = progress
        self._accelerator = accelerator
        self._log = log
        self._bar = bar
        self._counts = TextCounts(list(weights))
        self._n_pieces = 0
        self._since = perf_counter()

    @property
    def is_empty(self) -> bool:
        """RETURNS (bool): Whether nothing was added since the last line."""
        return self._n_pieces == 0

    def add(self, items: Sequence[Item]) -> None:
        """Count the windows of a step.

        items (Sequence[Item]): Those of this process.
        """
        self._counts.add(items)
        self._n_pieces += sum(len(window.ids) for window, _ in items)

    def restart_clock(self) -> None:
        """Leave out of the speed what was done since the last line, such as an evaluation."""
        self._since = perf_counter()

    def write(self) -> None:
        """Write a line for the steps since the last one; all processes must call this together."""
        progress = self._progress
        speed = self._n_pieces / (perf_counter() - self._since) * self._accelerator.num_processes
        scores = self.tally.take(self._accelerator)
        for name, count in self._counts.take(self._accelerator).items():
            progress.counts[name] = progress.counts.get(name, 0) + count
        loss = total_loss(scores, self._weights)
        self._bar.set_postfix_str(f"loss {loss:.3f}, {speed:,.0f} pieces/s")
        if self._log is not None:
            step, total_steps = progress.step - 1, progress.total_steps
            first = progress.head_warmup_steps
            self._log.write(
                "train",
                progress.step,
                scores,
                progress.counts,
                loss=loss,
                learn_rate=learn_rate(step, total_steps, self._settings),
                encoder_learn_rate=learn_rate(step, total_steps, self._settings, first),
                pieces_per_second=speed,
            )
        self._n_pieces = 0
        self.restart_clock()
