"""The README quotes the reports, and nothing else."""

from pathlib import Path

import pytest

from benchmarks.arguments import RESULTS, ROOT
from benchmarks.readme_pretraining import pretraining_gain_rows
from benchmarks.readme_table import TABLES, load_reports, main, render, replace_results

README = ROOT / "README.md"
TABLE = TABLES[0]
START, END = TABLE.markers


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_readme_is_in_step_with_the_results(table):
    text = README.read_text(encoding="utf8")
    rendered = render(table, load_reports(table, RESULTS))
    assert replace_results(text, table, rendered) == text, "run `python -m benchmarks.readme_table`"


@pytest.mark.parametrize("name", sorted(path.stem for path in RESULTS.glob("*.json")))
def test_published_results_are_of_full_runs_of_committed_code(name: str):
    reports = [load_reports(table, RESULTS).get(name) for table in TABLES]
    report = next((report for report in reports if report is not None), None)
    if report is None:
        pytest.skip("not in the README")
    assert report["quick"] is False
    assert report["code"]["is_changed"] is False


def test_results_replace_what_is_between_the_markers_and_nothing_else():
    old = f"before\n{START}\nold\n{END}\nafter\n"
    new = replace_results(old, TABLE, "new\n")
    assert new == f"before\n{START}\nnew\n{END}\nafter\n"
    assert replace_results(new, TABLE, "new\n") == new


@pytest.mark.parametrize(
    "readme",
    ["none", f"{START} only", f"{END} {START}", f"{START}{END}{START}", f"{START}{END}{END}"],
)
def test_a_readme_without_one_pair_of_markers_is_refused(readme: str):
    with pytest.raises(SystemExit, match="Expected the lines"):
        replace_results(readme, TABLE, "new")


def test_without_reports_the_sections_are_empty(tmp_path: Path):
    readme = tmp_path / "README.md"
    empty = ["\n".join(table.markers) for table in TABLES]
    filled = ["\nold\n".join(table.markers) for table in TABLES]
    readme.write_text("\n".join(filled), encoding="utf8")
    main(["--readme", str(readme), "--results", str(tmp_path)])
    assert readme.read_text(encoding="utf8") == "\n".join(empty)


@pytest.mark.parametrize("is_warmed_up", [False, True])
def test_a_pretraining_stands_beside_what_was_there_without_it(is_warmed_up: bool):
    run = {"recipe": "tiny", "n_steps": 1500, "minutes": 20, "unigram_loss": 7.0}
    alone = {"mlm_loss": 5.5} if is_warmed_up else None
    best = {"mlm_loss": 4.0, "mlm_perplexity": 54.6, "nsp_accuracy": 0.75}
    results = {"summary": [], "pretrainings": [{**run, "heads_alone": alone, "best": best}]}
    loss, accuracy = pretraining_gain_rows({"results": results})
    other = "the same with only the heads trained" if is_warmed_up else "a unigram model"
    assert loss[0].endswith(f"tiny, 1,500 steps in 20 minutes; beside it {other}")
    expected = ("5.50", "-1.50") if is_warmed_up else ("7.00", "-3.00")
    assert loss[1:] == ("4.00 (perplexity 55)", *expected)
    assert accuracy == ("held-out NSP accuracy: tiny", "0.75", "0.50", "")
