"""The floors of the package: what each folder may import, and how large its files are."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = "spacy_spanbert"
ROOT = Path(__file__).parents[1] / PACKAGE

# A module imports from its own folder and from lower floors. The package's __init__ is the
# roof: it may import everything, and nothing imports it.
FLOORS = {
    "errors": 0,
    "folder_lock": 1,
    "text": 1,
    "nn": 1,
    "annotations": 1,
    "checkpoints": 1,
    "layers": 2,
    "pipeline": 3,
    "training": 3,
    "pretraining": 3,
    "data": 4,
    "cli": 5,
}
ROOF = 6
# Besides the standard library; folders that are not named may import everything.
ONLY = {
    "errors": set(),
    "folder_lock": set(),
    "text": {"numpy", "tokenizers"},
    "nn": {"torch", "numpy"},
    "annotations": {"spacy", "numpy", "wasabi"},  # wasabi is what spaCy prints tables with
}
NEVER = {
    "checkpoints": {"spacy", "spacy_transformers"},
    "pretraining": {"spacy", "spacy_transformers", "thinc"},
}
NOT_AT_THE_TOP_OF_COMMANDS = {
    *("torch", "transformers", "thinc", "spacy_transformers", "tokenizers", "safetensors"),
    *("accelerate", "datasets", "matplotlib", "tensorboard", "pyarrow", "sklearn", "psutil"),
}
MOST_LINES = 300


class Imported(NamedTuple):
    name: str  # dotted, absolute
    line: int
    at_the_top: bool  # runs when the module is imported


def find_modules() -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def place_of(name: str) -> str:
    """Tell the folder (or the file beside the folders) that a dotted name of ours is in."""
    return [*name.split("."), "__init__"][1]


def folder_of(module: Path) -> str:
    return module.parts[0].removesuffix(".py")


def find_imports(source: str, module: Path) -> list[Imported]:
    """Find every import, also those inside functions, relative ones made absolute."""
    parents = [PACKAGE, *module.parts[:-1]]  # the same for a package's own __init__.py
    return [
        Imported(name, node.lineno, at_the_top)
        for node, at_the_top in walk(ast.parse(source), True)
        for name in names_of(node, parents)
    ]


def walk(node: ast.AST, at_the_top: bool) -> Iterator[tuple[ast.AST, bool]]:
    yield node, at_the_top
    inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for child in ast.iter_child_nodes(node):
        yield from walk(child, at_the_top and not inside)


def names_of(node: ast.AST, parents: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    base = parents[: len(parents) - node.level + 1] if node.level else []
    source = ".".join([*base, *([node.module] if node.module else [])])
    if source == PACKAGE:  # from spacy_spanbert import text
        return [f"{source}.{alias.name}" for alias in node.names]
    return [source]


def broken_rules(source: str, module: Path) -> list[str]:
    """List what a module imports against the floors, one line each."""
    folder = folder_of(module)
    floor = ROOF if folder == "__init__" else FLOORS[folder]
    broken = []
    for imported in find_imports(source, module):
        package = imported.name.split(".")[0]
        if package == PACKAGE:
            place = place_of(imported.name)
            allowed = place == folder or FLOORS.get(place, ROOF) < floor
        elif package in sys.stdlib_module_names:
            allowed = True
        else:
            allowed = package not in NEVER.get(folder, ()) and package in ONLY.get(
                folder, {package}
            )
            if folder == "cli" and imported.at_the_top:
                allowed = allowed and package not in NOT_AT_THE_TOP_OF_COMMANDS
        if not allowed:
            broken.append(f"{PACKAGE}/{module}:{imported.line} imports {imported.name}")
    return broken


@pytest.mark.parametrize("module", find_modules(), ids=str)
def test_a_module_imports_only_what_its_floor_may(module: Path):
    assert broken_rules((ROOT / module).read_text("utf-8"), module) == []


@pytest.mark.parametrize("module", find_modules(), ids=str)
def test_a_module_has_a_place_a_telling_name_and_a_length_to_read(module: Path):
    assert folder_of(module) in {"__init__", *FLOORS}
    assert module.name != "utils.py"
    n_lines = len((ROOT / module).read_text("utf-8").splitlines())
    assert n_lines <= MOST_LINES


def test_every_folder_of_the_package_is_a_floor():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert {"annotations", "training"} <= folders <= FLOORS.keys()


def test_the_table_for_contributors_has_every_floor():
    page = (ROOT.parent / "CONTRIBUTING.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", page, re.MULTILINE)
    shown = {
        name: int(floor)
        for floor, names in rows
        for name in re.findall(r"`(\w+)(?:/|\.py)`", names)
    }
    assert shown == {name: floor for name, floor in FLOORS.items() if floor}


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("text/a.py", "import torch"),
        ("text/a.py", "from spacy.tokens import Doc"),
        ("text/a.py", "from ..annotations import b"),
        ("text/a.py", "from .. import nn"),
        ("text/a.py", "from spacy_spanbert import nn"),
        ("text/a.py", "import spacy_spanbert"),
        ("text/a.py", "def f():\n    import torch"),
        ("nn/a.py", "import thinc.api"),
        ("annotations/a.py", "if True:\n    import torch"),
        ("annotations/a.py", "from spacy_spanbert.text.pieces import Pieces"),
        ("checkpoints/a.py", "import spacy.util"),
        ("layers/a.py", "from spacy_spanbert.pipeline.a import b"),
        ("pipeline/a.py", "from ..training.a import b"),
        ("pretraining/a.py", "from spacy_spanbert.data.read import read_docs"),
        ("data/a.py", "from ..cli import app"),
        ("cli/a.py", "import torch"),
        (
            "cli/__init__.py",
            "try:\n    import transformers.models\nexcept ImportError: ...",
        ),
        ("errors.py", "import numpy"),
    ],
)
def test_imports_against_the_floors_are_found(module: str, line: str):
    assert len(broken_rules(line, Path(module))) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("text/a.py", "import json, numpy as np\nfrom tokenizers import Tokenizer"),
        ("text/a.py", "from .b import c\nfrom . import d\nfrom ..errors import SpanbertError"),
        ("text/__init__.py", "from .b import c"),
        ("annotations/a.py", "import spacy.tokens"),
        ("layers/a.py", "import torch\nfrom ..nn.a import b\nfrom spacy_spanbert.text import c"),
        ("training/a.py", "from spacy_spanbert import annotations"),
        ("cli/a.py", "def f():\n    import torch\n    from spacy_spanbert.pipeline import a"),
        ("__init__.py", "from .annotations.a import b\nfrom spacy_spanbert.cli import app"),
    ],
)
def test_imports_the_floors_allow_are_let_through(module: str, line: str):
    assert broken_rules(line, Path(module)) == []


def test_importing_the_commands_loads_nothing_heavy():
    """Whatever they import from lower floors: only what spaCy's own commands load already."""
    script = (
        "import sys, spacy.cli\n"
        "before = set(sys.modules)\n"
        f"import {PACKAGE}.cli\n"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before})\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=300
    )
    loaded = set(run.stdout.split())
    assert PACKAGE in loaded
    assert not loaded & NOT_AT_THE_TOP_OF_COMMANDS
