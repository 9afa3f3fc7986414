"""Docstrings taken apart, for pages that are written from them."""

import inspect
import re
from typing import Any

# A parameter, or several, in a docstring: "share (float): ..." or "p, q: ...".
PARAMETER = re.compile(r"^(\w+(?:, \w+)*)(?: \(.+?\))?: (.+)$")


def described(item: Any) -> tuple[str, dict[str, str]]:
    """Take a docstring apart.

    item (Any): A class or a function.
    RETURNS (tuple[str, dict[str, str]]): What it is, and what each parameter means.
    """
    about, *rest = re.split(r"\n\n(?=\w+(?:, \w+)*(?: \(.+?\))?: )", inspect.getdoc(item) or "")
    meanings: dict[str, str] = {}
    for line in re.sub(r"\n +", " ", "\n".join(rest)).splitlines():
        if found := PARAMETER.match(line):
            meanings |= dict.fromkeys(found.group(1).split(", "), found.group(2))
    return about, meanings
