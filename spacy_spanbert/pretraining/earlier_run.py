"""What a run began with, so that it goes on with the same or not at all."""

import json
import re
from pathlib import Path
from typing import Any

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.files import recover_checkpoint
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.checkpoint import (
    BEST,
    LAST,
    PROGRESS,
    Progress,
    load_progress,
)
from spacy_spanbert.pretraining.corpus_source import CorpusSource
from spacy_spanbert.pretraining.disk import writing
from spacy_spanbert.pretraining.settings import PretrainSettings

SOURCE = "corpus_source.json"
# What may differ between a run and its resumption: it changes nothing that is computed.
FREE: Any = {
    "output": True,
    "corruption": True,
    "corpus": {"text": True, "n_process": True},
    "training": {"log_every": True, "shard": True},
}


class EarlierRunError(SpanbertError):
    """The output folder holds a run that cannot be gone on with like this."""


def read_progress(output: Path) -> Progress | None:
    """Read how far an earlier try came; what a kill left half replaced is put back first.

    output (Path): The run's output folder.
    RETURNS (Progress | None): None if there was none, or if it learned nothing yet.
    RAISES (EarlierRunError): If the folder holds a trained encoder or a last checkpoint, but not
        how far the run was: a new run would write over them.
    RAISES (CheckpointError): If the file that says so is damaged; names it.
    """
    best, last = output / BEST, output / LAST
    recover_checkpoint(best)
    progress = load_progress(last)
    if progress is None and (last.exists() or _is_trained(best)):
        raise EarlierRunError(
            f"{output} holds {last.name if last.exists() else best.name} of an earlier run, but no "
            f"{LAST}/{PROGRESS}, which says how far it was: a new run would write over what it "
            f"learned. Move {output} away, or name another output folder."
        )
    return progress


def _is_trained(best: Path) -> bool:
    """Whether the best checkpoint would be missed; a run that is killed at once leaves another."""
    try:
        progress = load_progress(best)
    except CheckpointError:
        return True
    return best.exists() if progress is None else progress.step > 0


def fixed_settings(settings: PretrainSettings) -> dict[str, Any]:
    """Choose the settings that decide what is computed.

    settings (PretrainSettings): The config.
    RETURNS (dict[str, Any]): Plain values by dotted name, such as "training.learn_rate".
    """
    values = settings.model_dump(mode="json", exclude=FREE)
    values["corruption"] = re.sub(r" at 0x[0-9a-f]+", "", repr(settings.corruption))
    return _flatten(values, "")


def _flatten(section: dict[str, Any], prefix: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def check_settings(begun: dict[str, Any], settings: PretrainSettings) -> None:
    """Refuse to go on with other settings than a run began with.

    begun (dict[str, Any]): From `fixed_settings`, when it began.
    settings (PretrainSettings): The config now.
    RAISES (EarlierRunError): If they differ; names each setting that does.
    """
    now = fixed_settings(settings)
    changed = [
        f"{key} was {begun.get(key)!r} and is {now.get(key)!r}"
        for key in sorted(begun.keys() | now.keys())
        if begun.get(key) != now.get(key)
    ]
    if changed:
        raise EarlierRunError(
            f"{settings.output} holds a run with other settings: {'; '.join(changed)}. Restore "
            "them to go on with that run, or begin a new one in another output folder."
        )


def check_best(output: Path, progress: Progress) -> str:
    """See whether the best checkpoint of a run is where the run left it.

    output (Path): The run's output folder.
    progress (Progress): How far the run is; forgets its lowest loss if the checkpoint is gone, so
        that the best one from now on is kept.
    RETURNS (str): What a user should know; empty if it is there.
    RAISES (EarlierRunError): If it is gone and there is no step left to write another.
    """
    best = output / BEST
    if best.is_dir():
        return ""
    if progress.total_steps is not None and progress.step >= progress.total_steps:
        raise EarlierRunError(
            f"The run in {output} is at its end, but {BEST} is gone. {LAST} holds the encoder as "
            "it was after the last step: use that, or begin a new run in another output folder."
        )
    progress.best_loss = None
    return f"WARNING: {best} is gone: the best checkpoint from here on is kept in its place"


def read_source(output: Path) -> CorpusSource:
    """Read what text a run began with.

    output (Path): The run's output folder.
    RETURNS (CorpusSource): The text.
    RAISES (EarlierRunError): If the file is missing or damaged; names it.
    """
    path = output / SOURCE
    try:
        return CorpusSource.from_json(json.loads(path.read_text("utf8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EarlierRunError(
            f"{path} cannot be read ({error}), so it is not known whether the text is still the "
            "same. Begin a new run in another output folder."
        ) from error


def write_source(output: Path, source: CorpusSource) -> None:
    """Store what text a run begins with, whole or not at all.

    output (Path): The run's output folder.
    source (CorpusSource): The text.
    """
    temporary = output / f".{SOURCE}"
    with writing(output / SOURCE):
        temporary.write_text(json.dumps(source.to_json(), indent=1), encoding="utf8")
        temporary.replace(output / SOURCE)
