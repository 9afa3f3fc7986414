"""Read config.json, old ones included."""

from pathlib import Path
from typing import Any

from transformers import CONFIG_MAPPING, PretrainedConfig

from spacy_spanbert.checkpoints.checkpoint import CheckpointError
from spacy_spanbert.checkpoints.json_files import read_json

CONFIG = "config.json"


def read_config(folder: Path) -> PretrainedConfig:
    """Read the config of a checkpoint folder.

    folder (Path): A checkpoint folder.
    RETURNS (PretrainedConfig): Of the class its model type calls for.
    RAISES (CheckpointError): When there is none, or it is damaged; names the file.
    """
    path = folder / CONFIG
    if not path.is_file():
        found = ", ".join(sorted(inner.name for inner in folder.iterdir())[:10]) or "nothing"
        raise CheckpointError(
            f"The folder {folder} is not a checkpoint: it has no {CONFIG}. It holds {found}."
        )
    values = read_json(path)
    if "model_type" not in values and "type_vocab_size" in values:
        # The first checkpoints (SpanBERT, SciBERT, BioBERT) are older than the key.
        is_bpe = (folder / "merges.txt").is_file()
        values["model_type"] = "roberta" if is_bpe else "bert"
    return build_config(values, str(path))


def build_config(values: dict[str, Any], name: str) -> PretrainedConfig:
    """Make a config from the values of a config.json.

    values (dict[str, Any]): The values, `model_type` among them.
    name (str): The file they come from, for the message.
    RETURNS (PretrainedConfig): The config.
    RAISES (CheckpointError): When transformers knows no such model, or refuses the values.
    """
    model_type = str(values.get("model_type"))
    if model_type not in CONFIG_MAPPING:
        raise CheckpointError(
            f"{name} has the model_type {model_type!r}, which transformers does not know. "
            "Expected that of a bidirectional encoder, such as 'bert' or 'roberta'. Models that "
            "bring their own code are not loaded."
        )
    # The checkpoint's own code is never followed, so what we save must not point to it.
    values = {key: values[key] for key in values if key != "auto_map"}
    try:
        return CONFIG_MAPPING[model_type].from_dict(values)
    except (TypeError, ValueError, AttributeError, KeyError) as err:
        raise CheckpointError(f"{name} is not a valid {model_type} config: {err}") from err
