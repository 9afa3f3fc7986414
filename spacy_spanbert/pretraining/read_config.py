"""Read the config of pretraining: confection's form, checked value by value."""

import configparser
from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from confection import Config, ConfigValidationError
from pydantic import ValidationError

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.section import refuse_truth, takes_numbers
from spacy_spanbert.pretraining.settings import PretrainSettings

PRETRAINING = "pretraining"


def read_settings(path: Path, overrides: Mapping[str, Any]) -> PretrainSettings:
    """Read a config file.

    path (Path): The file.
    overrides (Mapping[str, Any]): Values to replace or to add, by dotted name such as
        "pretraining.training.learn_rate"; also of sections that the file leaves out.
    RETURNS (PretrainSettings): Checked, with the corruption function made.
    RAISES (SpanbertError): If the file cannot be read, a function is not registered, or a value is
        missing, unknown or out of range; names file and key.
    """
    if path.is_dir():
        inside = ", ".join(sorted(file.name for file in path.glob("*.cfg"))) or "none"
        raise SpanbertError(
            f"{path} is a folder: name a config file, such as configs/pretrain_adapt.cfg. Configs "
            f"in this folder: {inside}."
        )
    try:
        text = path.read_text("utf8")
        config = Config().from_str(text, interpolate=False)
        if PRETRAINING not in config:
            raise ValueError(
                f"expected a section [{PRETRAINING}] with all others below it, such as "
                f"[{PRETRAINING}.corpus], but there is none."
            )
        _check_paths(config, overrides)
        text += _missing_sections(config, overrides)
        config = Config().from_str(text, interpolate=False, overrides=dict(overrides))
        config = config.interpolate()
        _check_numbers(config, "")
        resolved = registry.resolve(config)
        return PretrainSettings(**resolved[PRETRAINING])
    except FileNotFoundError as error:
        raise SpanbertError(f"There is no config file {path}.") from error
    except ValidationError as error:
        raise SpanbertError(f"{path}: {_explain(error)}") from error
    except configparser.Error as error:
        raise SpanbertError(f"{path}: {_explain_syntax(error)}") from error
    except (ConfigValidationError, ValueError) as error:
        raise SpanbertError(f"{path}: {error}") from error


def _check_paths(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> None:
    """Refuse a new name outside [pretraining]: nothing would read it, and what was meant stays."""
    for name in overrides:
        section, key, *_ = [*name.split("."), ""]
        if section != PRETRAINING and key not in config.get(section, {}):
            known = ", ".join(f"{section}.{known}" for known in config.get(section, {})) or "none"
            raise ValueError(
                f"there is no {name} in the config; of that section there are: {known}"
            )


def _missing_sections(config: dict[str, Any], overrides: Mapping[str, Any]) -> str:
    """Write the sections of overrides that a config leaves out; the settings judge them."""
    headers = []
    for name in overrides:
        *parents, _ = name.split(".")
        section = config if parents[:1] == [PRETRAINING] else None
        for depth, parent in enumerate(parents, start=1):
            if not isinstance(section, dict):
                break
            if parent not in section:
                headers.append(f"\n[{'.'.join(parents[:depth])}]\n")
            section = section.setdefault(parent, {})
    return "".join(headers)


def _check_numbers(section: Mapping[str, Any], name: str) -> None:
    """Refuse true and false where a registered function takes a number."""
    function, parameters = section.get("@corruptions"), {}
    if isinstance(function, str) and registry.has("corruptions", function):
        parameters = dict(signature(registry.get("corruptions", function)).parameters)
    for key, value in section.items():
        if isinstance(value, Mapping):
            _check_numbers(value, f"{name}.{key}" if name else key)
        elif key in parameters and takes_numbers(parameters[key].annotation):
            try:
                refuse_truth(value)
            except ValueError as error:
                raise ValueError(f"[{name}] {key}: {error} (it is {value!r})") from error


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
        place = [PRETRAINING, *map(str, problem["loc"])]
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
