"""The log of a run: one JSON object a line, and TensorBoard."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spacy_spanbert.pretraining.disk import writing
from spacy_spanbert.pretraining.tallies import Score

LOG, TENSORBOARD = "log.jsonl", "tensorboard"


class RunLog:
    """Writes what happened at which step.

    folder (Path): The run's output folder.
    step (int): Step from which the run goes on: later lines of an earlier, interrupted try are
        dropped, so that no step is there twice.
    """

    def __init__(self, folder: Path, step: int = 0) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.path = folder / LOG
        kept = [line for line in read_log(folder) if line["step"] <= step] if step else []
        temporary = self.path.with_suffix(".tmp")
        with writing(self.path):
            temporary.write_text("".join(map(_to_line, kept)), encoding="utf8")
            temporary.replace(self.path)
        self._writer = SummaryWriter(str(folder / TENSORBOARD), purge_step=step + 1 if step else 0)

    def write(
        self,
        part: str,
        step: int,
        scores: Mapping[str, Score],
        counts: Mapping[str, int] | None = None,
        **values: float,
    ) -> None:
        """Add a line.

        part (str): "train" or "held_out".
        step (int): Steps that are done.
        scores (Mapping[str, Score]): By objective.
        counts (Mapping[str, int] | None): Counts of the run so far, if any.
        values (float): Whatever else is worth knowing, such as the learning rate.
        """
        line: dict[str, Any] = {"part": part, "step": step, **values}
        for name, score in scores.items():
            line |= {f"{name}_loss": score.loss, f"{name}_accuracy": score.accuracy}
        if counts:
            line["counts"] = dict(counts)
        with writing(self.path), self.path.open("a", encoding="utf8") as file:
            file.write(_to_line(line))
        with writing(self.path.with_name(TENSORBOARD)):
            for name, value in line.items():
                if isinstance(value, float):
                    self._writer.add_scalar(f"{part}/{name}", value, step)

    def close(self) -> None:
        """Write out what is still in memory."""
        with writing(self.path.with_name(TENSORBOARD)):
            self._writer.close()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Read the log of a run; a last line that a killed process left unfinished is left out.

    folder (Path): The run's output folder.
    RETURNS (list[dict[str, Any]]): One entry a line; empty without a log.
    """
    path = folder / LOG
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def _to_line(values: dict[str, Any]) -> str:
    return (
        json.dumps({k: round(v, 6) if isinstance(v, float) else v for k, v in values.items()})
        + "\n"
    )
