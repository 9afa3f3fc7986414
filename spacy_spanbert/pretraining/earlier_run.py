"""What a run began with, so that it goes on with the same or not at all."""

import json
import re
from pathlib import Path
from typing import Any

from spacy_spanbert.errors import SpanbertError
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
