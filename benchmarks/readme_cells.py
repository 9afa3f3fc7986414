"""What stands in a cell of the README's tables."""

from typing import Any

Row = tuple[str, str, str, str]
Report = dict[str, Any]


def f1_cell(row: dict[str, Any], remark: str = "") -> str:
    """Write an F1 with what it rests on.

    row (dict[str, Any]): Of a report's summary.
    remark (str): What else is to be known of the training.
    RETURNS (str): Mean, deviation, number of seeds and minutes of the longest training; marked if
        that was longer than the limit.
    """
    spread = "" if row["f_deviation"] is None else f" ± {row['f_deviation']:.3f}"
    minutes = f"{row['longest_seconds'] / 60:.0f} min"
    if row.get("is_in_time") is False:
        minutes = f"{row['longest_seconds']:.0f} s, over the limit"
    basis = [seeds_text(row["n_seeds"]), minutes, *([remark] if remark else [])]
    return f"{row['f_mean']:.3f}{spread} ({', '.join(basis)})"


def seeds_text(n_seeds: int) -> str:
    """RETURNS (str): On how many seeds a mean rests."""
    return "1 seed" if n_seeds == 1 else f"{n_seeds} seeds"


def number_cell(value: float) -> str:
    """Write a number with the three digits that count: more would pretend.

    value (float): 100 or more.
    RETURNS (str): For example `5,850`.
    """
    return f"{float(f'{value:.3g}'):,.0f}"


def cores_text(machine: dict[str, Any]) -> str:
    """Say how many cores there are, and how many were used if not all.

    machine (dict[str, Any]): Of a report.
    RETURNS (str): For example `2 cores` or `1 of 2 cores`.
    """
    cores, threads = machine["n_cores"], machine["n_threads"]
    plural = "core" if cores == 1 else "cores"
    return f"{cores} {plural}" if threads >= cores else f"{threads} of {cores} {plural}"
