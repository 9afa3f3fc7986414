"""Read the JSON files of a checkpoint; say which one is broken."""

import json
from pathlib import Path
from typing import Any

from spacy_spanbert.checkpoints.checkpoint import CheckpointError


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file.

    path (Path): An existing file.
    RETURNS (dict[str, Any]): The object.
    RAISES (CheckpointError): When the file does not hold one; names it.
    """
    return parse_json(path.read_bytes(), str(path))


def parse_json(data: bytes, name: str) -> dict[str, Any]:
    """Parse a JSON object.

    data (bytes): JSON in UTF-8.
    name (str): The file it comes from, for the message.
    RETURNS (dict[str, Any]): The object.
    RAISES (CheckpointError): When it is none; names the file.
    """
    try:
        value = json.loads(data)
    except ValueError as err:  # not UTF-8, or not JSON
        raise CheckpointError(
            f"{name} is damaged: expected JSON, but {err}. Fetch or copy the file again."
        ) from err
    if not isinstance(value, dict):
        raise CheckpointError(
            f"{name} is damaged: expected a JSON object, but got a {type(value).__name__}."
        )
    return value
