"""Write `pretraining_config.md`: every value of a config of pretraining, with what it means.

`python -m docs.pretraining_config`, after a change of settings or corruptions.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from docs.docstrings import described
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.section import Section
from spacy_spanbert.pretraining.settings import PretrainSettings

PAGE = Path(__file__).with_suffix(".md")
OURS = "spacy-spanbert."
NAMES: dict[Any, str] = {
    **{str: "string", int: "whole number", float: "number", bool: "`true` or `false`"},
    **{Path: "path", list[Path]: "path or list of paths", NoneType: "`null`"},
    dict[str, Any]: "sections",
    dict[str, float]: "section of numbers",
}
SIGNS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
HEAD = """# The config of pretraining

Written by `python -m docs.pretraining_config` from the code that checks the values: not to be
edited.

`python -m spacy spanbert pretrain CONFIG` reads a file in the form of spaCy's configs. Start from
[`pretrain_adapt.cfg`](../configs/pretrain_adapt.cfg) (go on from a checkpoint),
[`pretrain_tiny.cfg`](../configs/pretrain_tiny.cfg) (a small encoder from scratch, in minutes) or
[`pretrain_base.cfg`](../configs/pretrain_base.cfg) (BERT-base from scratch). What a file leaves out
has the default; keys that do not exist are errors. Every value can be given on the command line
instead, also in a section that the file leaves out: `--pretraining.training.learn_rate 5e-5`;
`--errors replace` is short for `--pretraining.corpus.errors replace`. `[paths]` holds values that
others refer to, such as `${paths.text}`.
"""
CORRUPTIONS = """## `[pretraining.corruption]`

How text is corrupted that the encoder must restore. `@corruptions` names one of the functions
below, or one of your own that is registered under the entry points `spacy_spanbert_corruptions`;
the other keys are its values. Special pieces are never touched, and what is drawn depends on
`[pretraining.training] seed`, epoch and window alone.
"""


def render() -> str:
    """RETURNS (str): The page."""
    parts = [HEAD, *_sections(PretrainSettings, "pretraining", is_needed=True)]
    return "\n".join(parts)


def _sections(settings: type[Section], name: str, *, is_needed: bool) -> Iterator[str]:
    """Describe a section and those below it."""
    about = inspect.getdoc(settings) or ""
    about = re.sub(r"^\[[\w.]+\]: ", "", about)
    needed = "" if is_needed else " The section may be left out."
    rows, below = [], []
    for key, field in settings.model_fields.items():
        inner = f"{name}.{key}"
        section = _section_of(field)
        if section is not None:
            below += _sections(section, inner, is_needed=field.is_required())
        elif key == "corruption":
            below += _corruptions()
        elif get_origin(field.annotation) is dict:
            below += _mapping(field, inner)
        else:
            values = ", ".join([_type_name(field.annotation), *_bounds(field.metadata)])
            rows.append((key, values, _default(field), field.description or ""))
    yield f"## `[{name}]`\n\n{_sentence(about)}{needed}\n\n{_table(rows)}"
    yield from below


def _section_of(field: FieldInfo) -> type[Section] | None:
    for kind in get_args(field.annotation) or (field.annotation,):
        if isinstance(kind, type) and issubclass(kind, Section):
            return kind
    return None


def _mapping(field: FieldInfo, name: str) -> Iterator[str]:
    """Describe a section whose keys are alike."""
    keys, value = get_args(field.annotation)
    names = ", ".join(f"`{key}`" for key in get_args(keys))
    kind, *constraints = get_args(value)
    values = ", ".join([_type_name(kind), *_bounds(constraints)])
    about = _sentence(field.description or "")
    yield f"## `[{name}]`\n\n{about}\n\nKeys: {names}. Values: {values}.\n"


def _corruptions() -> Iterator[str]:
    yield CORRUPTIONS
    functions: dict[str, Callable[..., Any]] = registry.corruptions.get_all()
    for name in sorted(functions):
        if name.startswith(OURS):
            about, meanings = _meanings(functions[name])
            rows = [
                (key, _type_name(value.annotation), _default(value), meanings[key])
                for key, value in inspect.signature(functions[name]).parameters.items()
            ]
            yield f"### `{name}`\n\n{about}\n\n{_table(rows)}"


def _meanings(function: Any) -> tuple[str, dict[str, str]]:
    """Say what a class does, and what each parameter means."""
    about, meanings = described(function)
    for base in function.__mro__[1:-1]:
        # "See Masking", and what is added to it
        for key, meaning in _meanings(base)[1].items():
            added = re.sub(rf"^See {base.__name__}[.;] ?", "", meanings.get(key, ""))
            meanings[key] = " ".join(filter(None, [meaning, _sentence(added)]))
    return about, meanings


def _type_name(annotation: Any) -> str:
    if annotation in NAMES:
        return NAMES[annotation]
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{json.dumps(value)}`" for value in get_args(annotation))
    return " or ".join(_type_name(kind) for kind in get_args(annotation))


def _bounds(constraints: Any) -> list[str]:
    return [
        f"{sign} {getattr(constraint, name):g}"
        for name, sign in SIGNS.items()
        for outer in constraints
        for constraint in getattr(outer, "metadata", [outer])
        if hasattr(constraint, name)
    ]


def _default(value: FieldInfo | inspect.Parameter) -> str:
    if isinstance(value, FieldInfo):
        is_needed = value.is_required()
    else:
        is_needed = value.default is inspect.Parameter.empty
    return "needed" if is_needed else f"`{json.dumps(value.default)}`"


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith(".") else f"{text}."


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    lines = ["| key | value | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{key}` | {values} | {default} | {_sentence(meaning)[:-1]} |"
        for key, values, default, meaning in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf8")
