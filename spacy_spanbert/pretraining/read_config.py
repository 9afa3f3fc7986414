"""Read the config of pretraining: confection's form, checked value by value."""

import configparser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from confection import Config, ConfigValidationError
from pydantic import ValidationError

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.settings import PretrainSettings


def read_settings(path: Path, overrides: Mapping[str, Any]) -> PretrainSettings:
    """Read a config file.

    path (Path): The file.
    overrides (Mapping[str, Any]): Values to replace, by dotted name such as
        "training.learn_rate".
    RETURNS (PretrainSettings): Checked, with the corruption function made.
    RAISES (SpanbertError): If the file cannot be read, a function is not registered, or a value is
        missing, unknown or out of range; names file and key.
    """
    try:
        config = Config().from_disk(path, interpolate=False, overrides=dict(overrides))
        resolved = registry.resolve(config.interpolate())
        return PretrainSettings(**resolved["pretraining"])
    except FileNotFoundError as error:
        raise SpanbertError(f"There is no config file {path}.") from error
    except KeyError as error:
        raise SpanbertError(
            f"{path}: expected a section [pretraining] with all others below it, such as "
            "[pretraining.corpus], but there is none."
        ) from error
    except ValidationError as error:
        raise SpanbertError(f"{path}: {_explain(error)}") from error
    except configparser.Error as error:
        raise SpanbertError(f"{path}: {_explain_syntax(error)}") from error
    except (ConfigValidationError, ValueError) as error:
        raise SpanbertError(f"{path}: {error}") from error


def _explain_syntax(error: configparser.Error) -> str:
    """What is wrong with the file, and how to mend it."""
    if isinstance(error, configparser.DuplicateSectionError):
        return (
            f"the section [{error.section}] is there twice, again in line {error.lineno}: put all "
            "its values into one."
        )
    if isinstance(error, configparser.DuplicateOptionError):
        return (
            f"[{error.section}] {error.option} is there twice, again in line {error.lineno}: "
            "remove one."
        )
    return " ".join(str(error).split())


def _explain(error: ValidationError) -> str:
    """One sentence for each thing that is wrong, with the key it is at."""
    lines = []
    for problem in error.errors():
        place = ["pretraining", *map(str, problem["loc"])]
        # what is wrong with a section as a whole, and with all of them together
        is_whole = problem["type"] == "value_error" and isinstance(problem["input"], dict)
        key = "" if is_whole else place.pop()
        section = ".".join(place)
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "there is no such key"
        elif problem["type"] == "missing":
            message = "a value is needed here"
        else:
            message += f" (it is {problem['input']!r})" if key else ""
        if key:
            message = f"[{section}] {key}: {message}"
        elif problem["loc"]:
            message = f"[{section}] {message}"
        lines.append(message)
    return "; ".join(lines)
