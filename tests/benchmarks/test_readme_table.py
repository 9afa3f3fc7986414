"""The README quotes the reports, and nothing else."""

from pathlib import Path

import pytest

from benchmarks.arguments import RESULTS, ROOT
from benchmarks.readme_table import (
    END,
    START,
    load_reports,
    main,
    render,
    replace_results,
)

README = ROOT / "README.md"


@pytest.mark.skipif(not README.is_file(), reason="there is no README yet")
def test_the_readme_is_in_step_with_the_results():
    text = README.read_text(encoding="utf8")
    assert replace_results(text, render(load_reports(RESULTS))) == text, (
        "run `python -m benchmarks.readme_table`"
    )


@pytest.mark.parametrize("name", sorted(path.stem for path in RESULTS.glob("*.json")))
def test_published_results_are_of_full_runs_of_committed_code(name: str):
    if (report := load_reports(RESULTS).get(name)) is None:
        pytest.skip("not in the README")
    assert report["quick"] is False
    assert report["code"]["is_changed"] is False


def test_results_replace_what_is_between_the_markers_and_nothing_else():
    old = f"before\n{START}\nold\n{END}\nafter\n"
    new = replace_results(old, "new\n")
    assert new == f"before\n{START}\nnew\n{END}\nafter\n"
    assert replace_results(new, "new\n") == new


@pytest.mark.parametrize(
    "readme",
    ["none", f"{START} only", f"{END} {START}", f"{START}{END}{START}", f"{START}{END}{END}"],
)
def test_a_readme_without_one_pair_of_markers_is_refused(readme: str):
    with pytest.raises(SystemExit, match="Expected the lines"):
        replace_results(readme, "new")


def test_without_reports_the_section_is_empty(tmp_path: Path):
    readme = tmp_path / "README.md"
    readme.write_text(f"{START}\nold\n{END}\n", encoding="utf8")
    main(["--readme", str(readme), "--results", str(tmp_path)])
    assert readme.read_text(encoding="utf8") == f"{START}\n{END}\n"
