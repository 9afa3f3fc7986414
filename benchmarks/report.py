"""Facts of a run, its table, and its JSON."""

import json
import os
import platform
import subprocess
from argparse import Namespace
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
import wasabi

from benchmarks.arguments import ROOT

PACKAGES = (
    *("spacy-spanbert", "spacy", "spacy-transformers", "thinc", "torch", "transformers"),
    *("tokenizers", "numpy"),
)
BFLOAT16 = ("amx_bf16", "avx512_bf16")


def machine_facts() -> dict[str, Any]:
    """Describe the machine.

    RETURNS (dict[str, Any]): `cpu`, `n_cores`, `n_threads` of torch, `bfloat16` (what the processor
        has for it), `memory_gb`, `system`.
    """
    capabilities = torch.cpu.get_capabilities()
    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "cpu": _cpu_model(),
        "n_cores": len(affinity(0)) if affinity else os.cpu_count(),
        "n_threads": torch.get_num_threads(),
        "bfloat16": [name for name in BFLOAT16 if capabilities.get(name, False)],
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def package_versions() -> dict[str, str]:
    """RETURNS (dict[str, str]): Versions of Python and of what the measured code rests on."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def code_revision() -> dict[str, Any]:
    """Name the measured code.

    RETURNS (dict[str, Any]): `commit`, and `is_changed` if files differ from it; both None outside
        a git repository.
    """
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return {"commit": None, "is_changed": None}
    changed = _git("status", "--porcelain", "--", "spacy_spanbert", "configs", "benchmarks/*.py")
    return {"commit": commit, "is_changed": bool(changed)}


def make_report(name: str, arguments: Namespace, results: Any, **settings: Any) -> dict[str, Any]:
    """Put results together with how they came about.

    name (str): The program.
    arguments (Namespace): From arguments.parse.
    results (Any): What was measured; can be written as JSON.
    settings (Any): What a reader must know to judge it.
    RETURNS (dict[str, Any]): The report.
    """
    return {
        "benchmark": name,
        "date": datetime.now(UTC).date().isoformat(),
        "command": arguments.command,
        "earlier_commands": arguments.earlier_commands,
        "quick": arguments.quick,
        "machine": {**machine_facts(), "load": arguments.load},
        "versions": package_versions(),
        "code": code_revision(),
        "settings": settings,
        "results": results,
    }


def earlier_results(
    arguments: Namespace, name: str, keep: Callable[[dict[str, Any]], bool] | None = None
) -> dict[str, Any] | None:
    """Read the results that --resume goes on with, and note their commands for the next report.

    arguments (Namespace): From arguments.parse, with `resume`; told the earlier commands.
    name (str): The program.
    keep (Callable[[dict[str, Any]], bool] | None): Whether a run is of the same settings; None: all
        are.
    RETURNS (dict[str, Any] | None): With these of the `runs`; None without --resume, if there is no
        report yet, or if none of its runs is kept.
    """
    path = Path(arguments.output) / f"{name}.json"
    if not (arguments.resume and path.is_file()):
        return None
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf8"))
    results: dict[str, Any] = report["results"]
    kept = [run for run in results["runs"] if keep is None or keep(run)]
    if results["runs"] and not kept:
        return None
    commands = [*report.get("earlier_commands", []), report["command"]]
    arguments.earlier_commands = [
        command for command in dict.fromkeys(commands) if command != arguments.command
    ]
    return {**results, "runs": kept}


def write_report(report: dict[str, Any], folder: Path) -> Path:
    """Write a report as JSON, whole or not at all.

    report (dict[str, Any]): From make_report.
    folder (Path): Made if it is not there.
    RETURNS (Path): The file, named after the program.
    """
    path = folder / f"{report['benchmark']}.json"
    write_text(path, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return path


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    path (Path): The file; folders are made.
    text (str): All of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(text, encoding="utf8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """Print a table, numbers to the right.

    header (Sequence[str]): The columns.
    rows (Sequence[Sequence[Any]]): Cells; floats with three significant digits, None as nothing.
    title (str): A line above.
    """
    if title:
        print(f"\n{title}")
    numbers: list[Literal["l", "r"]] = ["r"] * (len(header) - 1)
    cells = [[show(cell) for cell in row] for row in rows]
    print(
        wasabi.table(cells, header=list(header), divider=True, aligns=("l", *numbers)), flush=True
    )


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Render a table as Markdown.

    header, rows: As for print_table.
    RETURNS (str): The lines, with a line break at the end.
    """
    rule = ["---", *("---:" for _ in header[1:])]
    lines = [list(header), rule, *([show(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def show(cell: Any) -> str:
    """Render a cell: integers with thousands, floats with three digits that count.

    cell (Any): A value.
    RETURNS (str): Its text; empty for None.
    """
    if cell is None:
        return ""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}"
    return str(cell)


def _git(*words: str) -> str | None:
    try:
        run = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return run.stdout.strip()


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gb() -> float | None:
    try:
        n_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None
    return round(n_bytes / 2**30, 1)
