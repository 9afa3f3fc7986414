"""Reports: what is written, and what is kept out."""

import json
from pathlib import Path

import pytest

from benchmarks import arguments as options
from benchmarks.report import (
    code_revision,
    earlier_results,
    machine_facts,
    make_report,
    markdown_table,
    print_table,
    show,
    write_report,
    write_text,
)


def parsed(argv: list[str]):
    return options.parse(options.make_parser("annotate_speed", "It measures.\n\nMore."), argv)


def test_folders_do_not_reach_the_report():
    found = parsed(["--data", "/home/me/corpora", "--quick", "--output=/home/me/out"])
    command = "python -m benchmarks.annotate_speed --data DATA --quick --output=OUTPUT"
    assert found.command == command
    assert parsed([]).command == "python -m benchmarks.annotate_speed"
    assert found.data == Path("/home/me/corpora")
    assert found.output == Path("/home/me/out")


def test_a_quick_run_does_not_touch_the_published_results():
    assert parsed([]).output == options.RESULTS
    assert options.RESULTS not in (quick := parsed(["--quick"]).output, *quick.parents)


def test_a_report_says_what_ran_where(tmp_path: Path):
    path = write_report(make_report("x", parsed(["--quick"]), {"a": 1}, rounds=3), tmp_path)
    report = json.loads(path.read_text(encoding="utf8"))
    assert path.name == "x.json"
    assert report["results"] == {"a": 1}
    assert report["settings"] == {"rounds": 3}
    assert report["quick"] is True
    assert {"python", "torch", "spacy", "spacy-spanbert"} <= report["versions"].keys()
    assert report["machine"].keys() == {
        *("cpu", "n_cores", "n_threads", "bfloat16", "memory_gb", "system", "load"),
    }


def resumed(folder: Path, *argv: str):
    parser = options.make_parser("annotate_speed", "It measures.\n\nMore.")
    parser.add_argument("--only")
    parser.add_argument("--resume", action="store_true")
    return options.parse(parser, ["--output", str(folder), *argv])


def test_a_report_that_went_on_names_all_commands(tmp_path: Path):
    commands = ["--only a", "--only b --resume", "--only c --resume", "--only c --resume"]
    for number, command in enumerate(commands):
        arguments = resumed(tmp_path, *command.split())
        earlier = earlier_results(arguments, "annotate_speed")
        assert earlier == ({"runs": [number - 1]} if number else None)
        write_report(make_report("annotate_speed", arguments, {"runs": [number]}), tmp_path)
    report = json.loads((tmp_path / "annotate_speed.json").read_text(encoding="utf8"))
    program = "python -m benchmarks.annotate_speed --output OUTPUT"
    assert report["command"] == f"{program} {commands[-1]}"
    assert report["earlier_commands"] == [f"{program} {command}" for command in commands[:2]]


def test_commands_whose_runs_are_all_dropped_are_not_named(tmp_path: Path):
    results = {"runs": [{"n_steps": 600}], "summary": {}}
    write_report(make_report("annotate_speed", resumed(tmp_path), results), tmp_path)
    for n_steps, n_kept in ((600, 1), (1200, 0)):
        arguments = resumed(tmp_path, "--resume")
        earlier = earlier_results(
            arguments, "annotate_speed", lambda run, n=n_steps: run["n_steps"] == n
        )
        assert (earlier is not None) == bool(n_kept)
        assert len(arguments.earlier_commands) == n_kept


def test_machine_facts_are_plain_and_name_a_processor():
    facts = machine_facts()
    assert facts["cpu"]
    assert facts["n_cores"] >= 1
    assert set(facts["bfloat16"]) <= {"amx_bf16", "avx512_bf16"}


def test_the_measured_code_is_named():
    revision = code_revision()
    assert revision["commit"] is None or len(revision["commit"]) == 40


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "new" / "x.json"
    write_text(path, "one")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "two \ud800")
    assert path.read_text(encoding="utf8") == "one"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        (12345, "12,345"),
        (12345.6, "12,346"),
        (0.123456, "0.123"),
        (True, "True"),
        ("x", "x"),
    ],
)
def test_cells_are_readable(cell, text: str):
    assert show(cell) == text


def test_tables_hold_every_cell(capsys: pytest.CaptureFixture[str]):
    print_table(("", "n"), [("a", 1000), ("b", None)], "Title")
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("Title", "a", "1,000", "b"))
    assert markdown_table(("", "n"), [("a", 1000)]) == "|  | n |\n| --- | ---: |\n| a | 1,000 |\n"
