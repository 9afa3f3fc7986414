"""README and docs/scale.md quote the reports, and nothing else."""

from pathlib import Path

import pytest

from benchmarks.arguments import RESULTS, ROOT
from benchmarks.readme_cells import f1_cell
from benchmarks.readme_pretraining import pretraining_gain_rows
from benchmarks.readme_relations import relation_rows, relation_speed_rows
from benchmarks.readme_table import TABLES, _f1, load_reports, main, render, replace_results
from benchmarks.readme_tasks import crf_rows, finder_rows, pair_rows, tag_rows, text_rows

TABLE = TABLES[0]
START, END = TABLE.markers


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_page_is_in_step_with_the_results(table):
    text = (ROOT / table.page).read_text(encoding="utf8")
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
    pages = sorted({table.page for table in TABLES})
    assert pages == ["README.md", "docs/scale.md"]

    def text_of(page: str, between: str) -> str:
        return "\n".join(between.join(table.markers) for table in TABLES if table.page == page)

    (tmp_path / "docs").mkdir()
    for page in pages:
        (tmp_path / page).write_text(text_of(page, "\nold\n"), encoding="utf8")
    main(["--root", str(tmp_path), "--results", str(tmp_path)])
    for page in pages:
        assert (tmp_path / page).read_text(encoding="utf8") == text_of(page, "\n")


@pytest.mark.parametrize("is_warmed_up", [False, True])
def test_a_pretraining_stands_beside_what_was_there_without_it(is_warmed_up: bool):
    run = {"recipe": "tiny", "n_steps": 1500, "training_seconds": 1190.0, "unigram_loss": 7.0}
    alone = {"mlm_loss": 5.5} if is_warmed_up else None
    best = {"mlm_loss": 4.0, "mlm_perplexity": 54.6, "nsp_accuracy": 0.75}
    results = {"summary": [], "pretrainings": [{**run, "heads_alone": alone, "best": best}]}
    loss, accuracy = pretraining_gain_rows({"results": results})
    other = "the same with only the heads trained" if is_warmed_up else "a unigram model"
    assert loss[0].endswith(f"tiny, 1,500 steps in 20 minutes; beside it {other}")
    expected = ("5.50", "-1.50") if is_warmed_up else ("7.00", "-3.00")
    assert loss[1:] == ("4.00 (perplexity 55)", *expected)
    assert accuracy == ("held-out NSP accuracy: tiny", "0.75", "0.50", "")


@pytest.mark.parametrize(
    ("is_in_time", "said"),
    [(True, "10 min"), (None, "10 min"), (False, "609 s, over the limit")],
)
def test_a_training_over_its_limit_is_marked(is_in_time: bool | None, said: str):
    row = {"f_mean": 0.7387, "f_deviation": 0.004, "n_seeds": 3, "longest_seconds": 608.7}
    assert f1_cell({**row, "is_in_time": is_in_time}) == f"0.739 ± 0.004 (3 seeds, {said})"


@pytest.mark.parametrize(
    ("scores", "said"),
    [((0.0, 0.5, 0.6), ", stopped after 400 steps, still rising"), ((0.0, 0.6, 0.6), "")],
)
def test_a_peer_that_was_stopped_early_is_marked(scores: tuple[float, ...], said: str):
    names = ({"pipeline": name, "layout": "sentences"} for name in ("spanbert", "spancat"))
    ours, peer = names
    row = {"f_mean": 0.6, "f_deviation": None, "n_seeds": 1, "longest_seconds": 3500.0}
    run = {**peer, "n_steps": 400, "curve": [{"score": score} for score in scores]}
    results = {"summary": [{**ours, **row, "tokens": "gold"}, {**peer, **row}], "runs": [run]}
    report = {"benchmark": "genia_f1", "settings": {"minutes": 20.0}, "results": results}
    ((_, _, cell, _),) = _f1(report)
    assert cell == f"0.600 (1 seed, 58 min{said})"


def test_tags_stand_beside_spacys_with_spread_and_speed():
    row = {"corpus": "wnut17", "split": "test", "n_seeds": 3, "deviation": 0.01}
    summary = [
        {**row, "pipeline": "spanbert", "mean": 0.45},
        {**row, "pipeline": "spacy", "mean": 0.4},
    ]
    speeds = {name: {"words_per_second": n} for name, n in (("spanbert", 8123), ("spacy", 1004))}
    results = {"summary": summary, "speed": {"wnut17": {**speeds, "ratio": 8.09}}}
    score, speed = tag_rows({"results": results, "settings": {"minutes": 10.0}})
    assert score == (
        "WNUT-17 entity F1, test, at most 10 minutes of training",
        *("0.450 ± 0.010 (3 seeds)", "0.400 ± 0.010 (3 seeds), spaCy", "+5.0 points"),
    )
    assert speed == ("WNUT-17, words/s", "8,120", "1,000, spaCy", "8.1 ×")
    results["summary"] = summary[:1]
    assert next(tag_rows({"results": results, "settings": {"minutes": 1}}))[2:] == ("", "")


@pytest.mark.parametrize("has_peer", [True, False])
def test_classification_is_quoted_with_the_speed_of_both_precisions(has_peer: bool):
    keys = ("accuracy", "macro_f", "train_per_second", "predict_per_second")
    names = ["spanbert, auto", "spanbert, float32"] + ["CrossEncoder"] * has_peer
    values = ((0.86, 0.85, 200.4, 1500.0), (0.87, 0.86, 100.0, 800.0), (0.85, 0.86, 50.0, 350.0))
    summary = [
        {
            **{"contender": name, "n_seeds": 3, "deviation": 0.002, "f_per_label": {"other": 0.8}},
            **dict(zip(keys, row, strict=True)),
        }
        for name, row in zip(names, values, strict=False)
    ]
    ratios = {name: dict(zip(keys[2:], (4.0, 4.29), strict=True)) for name in names[:2]}
    found = {"summary": summary, "ratios": ratios if has_peer else {}}
    rows = list(pair_rows({"results": {"sick": found}}))
    assert [row[0].partition(": ")[2] for row in rows] == [
        *("accuracy", "macro F1", "training pairs/s, auto", "training pairs/s, float32"),
        *("pairs/s, auto", "pairs/s, float32"),
    ]
    spread = "± 0.002 (3 seeds)"
    peer = (f"0.850 {spread}, CrossEncoder", "+1.0 points") if has_peer else ("", "")
    assert rows[0] == ("SICK, dev, 3 epochs: accuracy", f"0.860 {spread}", *peer)
    peer = ("50, CrossEncoder", "4.0 ×") if has_peer else ("", "")
    assert rows[2][1:] == ("200", *peer)
    report = {"results": found, "settings": {"minutes": 2.0}}
    name = "genre of an EWT sentence, dev, 2 minutes of training: accuracy"
    assert next(text_rows(report))[0] == name
    for row in summary:
        row["f_per_label"]["paraphrase"] = 0.7
    _, score, *_ = pair_rows({"results": {"mrpc": found}})
    assert score[:2] == ("MRPC, test, 3 epochs: F1 of paraphrase", "0.700")


def test_random_fields_are_quoted_with_the_range_over_all_sizes():
    rows = [
        {"task": "best path", "size": size, "name": name, "milliseconds": ms, "ratio": ratio}
        for size, name, ms, ratio in (
            ([32, 17, 40], "spanbert", 1.0, 1.0),
            ([32, 17, 40], "pytorch-crf", 3.0, 3.1),
            ([256, 17, 40], "spanbert", 4.0, 1.0),
            ([256, 17, 40], "pytorch-crf", 20.0, 5.2),
        )
    ]
    assert list(crf_rows({"results": {"rows": rows}})) == [
        (
            "conditional random field, best path, 2 sizes of batches, ms",
            *("1.0 to 4.0", "3.0 to 20.0, pytorch-crf", "3.1 to 5.2 ×"),
        )
    ]


def test_candidates_stand_beside_the_better_ranking_of_spacys():
    names = ("spanbert_span_finder", "span_finder, minimum", "span_finder, product")
    recalls = ((0.9, 0.99), (0.7, 0.95), (0.75, 0.9))
    rows = [
        {"ranked_by": name, "recall": dict(zip(("0.2", "0.5"), recall, strict=True))}
        for name, recall in zip(names, recalls, strict=True)
    ]
    speeds = {name: {"words_per_second": n} for name, n in zip(names, (9000, 0), strict=False)}
    speed = {**speeds, "span_finder": {"words_per_second": 3000}, "ratio": 3.04}
    results = {"genia": {"rows": rows, "speed": speed}}
    first, second, third = finder_rows({"results": results, "settings": {"minutes": 10.0}})
    title = "candidates of GENIA dev, recall at 0.2 a word, at most 10 minutes of training"
    assert first == (title, "0.900", "0.750, spaCy's span_finder", "+15.0 points")
    assert second[1:] == ("0.990", "0.950, spaCy's span_finder", "+4.0 points")
    assert third[1:] == ("9,000", "3,000, spaCy", "3.0 ×")


def test_relations_stand_beside_outermost_spans():
    row = {"split": "dev", "n_seeds": 1, "f_deviation": None, "longest_seconds": 600.0}
    rule = {"spans": "gold, rule by labels", "f_mean": 0.4}
    conll04 = {**row, "corpus": "conll04", "split": "test"}
    summary = [
        {**conll04, "spans": "gold", "f_mean": 0.8, "f_deviation": 0.01, "n_seeds": 3},
        {**conll04, "spans": "gold", "f_mean": 0.9, "split": "dev"},  # what was chosen by
        {**conll04, **rule},
        {**conll04, "spans": "end to end", "f_mean": 0.61},
        {**row, "corpus": "bionne_r_en", "spans": "gold", "f_mean": 0.5},
        {**row, "corpus": "bionne_r_en", "spans": "gold, outermost", "f_mean": 0.25},
        {**row, "corpus": "bionne_r_en", **rule},
    ]
    gold, end_to_end, nested = relation_rows({"results": {"summary": summary}})
    assert gold[0].endswith("beside it a rule that knows only the labels of the spans")
    assert gold[1:] == ("0.800 ± 0.010 (3 seeds, 10 min)", "0.400", "+40.0 points")
    assert end_to_end == ("CoNLL04 test relation F1, end to end", "0.610 (1 seed, 10 min)", "", "")
    assert nested[0].endswith("beside it the same with outermost spans only")
    assert nested[1:] == ("0.500 (1 seed, 10 min)", "0.250 (1 seed, 10 min)", "+25.0 points")


def test_speed_of_pairs_stands_beside_the_loop():
    results = {
        "ours": {"pairs_per_second": 200_400.0},
        "pair_loop": {"pairs_per_second": 20_000.0},
        "ratio": 10.02,
        "pairs": {"n_spans": 500, "fit": {"exponent": 0.98}},
    }
    pairs, cost = relation_speed_rows({"results": results})
    assert pairs[1:] == ("200,000", "20,000", "10.0 ×")
    assert cost[1:] == ("0.98", "", "")
