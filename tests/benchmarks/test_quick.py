"""Every program runs, and its report has what readers of it rely on. Not how fast."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from benchmarks.arguments import ROOT
from benchmarks.readme_table import TABLES, load_reports, render

pytestmark = pytest.mark.slow
KEYS = {
    *(
        "benchmark",
        "date",
        "command",
        "earlier_commands",
        "quick",
        "machine",
        "versions",
        "code",
        "settings",
    ),
    "results",
}
TIMEOUT = 900  # seconds; for a machine with much else to do


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put LitBank's first records where GENIA would be: the form is the same."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "genia").mkdir()
    for split in ("train", "dev"):
        lines = (ROOT / "assets" / "litbank" / f"{split}.jsonl").read_text("utf8").splitlines(True)
        (folder / "genia" / f"{split}.jsonl").write_text("".join(lines[:20]), "utf8")
    for name in ("raw_fiction", "raw_fiction_full", "raw_biomed"):
        (folder / name).mkdir()
        text = (ROOT / "assets" / "fiction.txt").read_text("utf8")[:150_000]
        (folder / name / "train.txt").write_text(text, "utf8")
    return folder


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("output")


def run_quick(name: str, data: Path | None, output: Path, *more: str) -> dict[str, Any]:
    words = ["--quick", "--output", output, "--work", output / "work", *more]
    words += ["--data", data] if data else []
    run = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads((output / f"{name}.json").read_text("utf8"))
    assert report.keys() == KEYS
    assert report["quick"] is True
    assert str(output) not in json.dumps(report)
    assert str(data or "nowhere") not in json.dumps(report)
    return report["results"]


@pytest.mark.benchmark
def test_annotate_speed(data: Path, output: Path):
    results = run_quick("annotate_speed", data, output)
    pipelines = {"spanbert, auto", "spanbert, float32", "spancat"}
    encoders = {"encoder alone, auto", "encoder alone, float32"}
    assert results["speeds"].keys() == pipelines | encoders
    for name, speed in results["speeds"].items():
        assert speed["lowest"] <= speed["words_per_second"] <= speed["highest"]
        assert (speed["n_spans"] is None) == (name in encoders)
    assert results["ratios"].keys() == {
        f"to {peer}, {precision}"
        for peer in ("spancat", "encoder alone")
        for precision in ("auto", "float32")
    }
    # Thresholds were set on these very records.
    for threshold in results["thresholds"].values():
        assert threshold["n_written"] == pytest.approx(threshold["n_gold"], abs=3)
    assert results["n_texts_cut_by_encoder_alone"] == 0


@pytest.mark.benchmark
def test_training_speed(data: Path, output: Path):
    results = run_quick("training_speed", data, output)
    assert results["speeds"].keys() == {"spanbert, auto", "spanbert, float32", "spancat"}
    for speed in results["speeds"].values():
        assert sum(speed["parts"].values()) == pytest.approx(1, abs=0.01)
        # Each is really called; "other" could hide them all.
        assert min(share for part, share in speed["parts"].items() if part != "other") > 0
    assert results["n_words"] > 32 * results["n_batches"]


@pytest.mark.benchmark
def test_optimizer_step(output: Path):
    results = run_quick("optimizer_step", None, output)
    assert results["n_parameters"] > 20_000_000
    assert all(value > 0 for value in results["milliseconds"].values())
    for shares in results["share_of_step"].values():
        assert all(0 < share < 1 for share in shares.values())


def test_crf_speed(output: Path):
    results = run_quick("crf_speed", None, output)
    tasks = {(row["task"], row["name"]) for row in results["rows"]}
    assert {("loss and gradients", "spanbert"), ("best path", "spanbert")} <= tasks
    assert all(row["milliseconds"] > 0 and row["ratio"] > 0 for row in results["rows"])


@pytest.mark.benchmark
def test_tags(output: Path):
    results = run_quick("tags", None, output, "--only", "wnut17")
    assert [row["pipeline"] for row in results["summary"]] == ["spanbert", "spacy"]
    assert results["summary"]
    assert all(row["split"] == "dev" and 0 <= row["mean"] <= 1 for row in results["summary"])
    assert results["speed"]["wnut17"]["ratio"] > 0


@pytest.mark.benchmark
def test_tag_choices(output: Path):
    results = run_quick("tag_choices", None, output)
    assert len(results["choices"]) == 18 + 8
    assert all(0 <= row["f"] <= 1 for row in results["choices"])
    assert "| word | mean |" in (output / "tag_choices.md").read_text("utf8")


@pytest.mark.benchmark
def test_pretraining_speed(output: Path):
    results = run_quick("pretraining_speed", None, output)
    ours = {"ours, auto", "ours, float32", "ours, auto, spans: MLM", "ours, auto, spans: MLM + SBO"}
    assert results["speeds"].keys() == ours | {"Trainer, float32", "Trainer, bf16"}
    for name, speed in results["speeds"].items():
        assert 0 < speed["lowest"] <= speed["pieces_per_second"] <= speed["highest"]
        # Two tasks where there is SBO; each begins with about log(30,522) = 10.3.
        n_tasks = 2 if "SBO" in name else 1
        assert speed["mean_loss"] == pytest.approx(10.3 * n_tasks, abs=1.5)
    assert results["ratios"].keys() == {
        *("ours, float32 to Trainer, float32", "ours, auto to Trainer, float32"),
        "ours, auto to Trainer, bf16",
    }
    assert results["utilization"]["flops_per_piece"] == 77_788_339
    assert 0 < results["utilization"]["share"] < 1


@pytest.mark.benchmark
def test_pretraining_gain(data: Path, output: Path):
    options = ("--only", "scratch", "adaptation-genia", "--resume")
    results = run_quick("pretraining_gain", data, output, *options)
    scratch, *adapted = results["pretrainings"]
    for run in (scratch, *adapted):
        assert [run[name]["step"] for name in ("start", "end")] == [0, 4]
        assert run["token_mlm"]["n_targets"] > 10
    assert scratch["heads_alone"] is None
    assert [run["heads_alone"]["step"] for run in adapted] == [2, 2]
    arms = [(row["experiment"], row["is_baseline"]) for row in results["summary"]]
    assert sorted(arms) == [
        *(("adaptation-genia", False), ("adaptation-genia", False), ("adaptation-genia", True)),
        *(("scratch", False), ("scratch", False), ("scratch", True)),
    ]
    assert {run["corpus"] for run in results["runs"]} == {"litbank", "genia"}
    assert len(list((output / "pretraining_gain").glob("*.png"))) == 3
    # Run again, it keeps what there is.
    again = run_quick("pretraining_gain", data, output, *options)
    assert again == results


@pytest.mark.benchmark
def test_peak_memory(data: Path, output: Path):
    results = run_quick("peak_memory", data, output)
    assert {row["pipeline"] for row in results["annotation"]} == {"spanbert", "spancat"}
    for row in [*results["annotation"], *results["corpus_length"]]:
        assert 50 < row["loaded_mb"] <= row["peak_mb"]
        assert row["n_words"] > 100
    (row,) = results["document_length"]
    assert 50 < row["doc_mb"] < row["encoded_mb"]
    assert row["annotated_mb"] > row["doc_mb"]


@pytest.mark.benchmark
def test_scaling(data: Path, output: Path):
    results = run_quick("scaling", data, output)
    for key in ("document_length", "max_length"):
        points = results[key]["points"]
        assert points
        assert all(point["seconds"] > 0 for point in points)
        assert results[key]["fit"].keys() == {
            *("slope", "intercept", "largest_deviation", "exponent"),
        }
    assert (output / "scaling.svg").is_file()
    assert (output / "scaling.png").is_file()


@pytest.mark.benchmark
def test_litbank_f1(data: Path, output: Path):
    results = run_quick("litbank_f1", data, output, "--layouts", "sentences")
    check_f1(results)
    assert {run["pipeline"] for run in results["runs"]} == {"spanbert", "spancat"}
    assert {row["pipeline"] for row in results["summary"]} == {"spanbert", "spancat"}
    # Run again, it keeps what there is.
    again = run_quick("litbank_f1", data, output, "--layouts", "sentences", "--resume")
    assert again["runs"] == results["runs"]


@pytest.mark.benchmark
def test_genia_f1(data: Path, output: Path):
    results = run_quick("genia_f1", data, output, "--skip-peer")
    check_f1(results)
    assert {run["pipeline"] for run in results["runs"]} == {"spanbert"}
    assert {row["pipeline"] for row in results["summary"]} == {"spanbert"}


def check_f1(results: dict[str, Any]) -> None:
    for run in results["runs"]:
        assert run["scores"].keys() == {"gold", "spacy"}
        assert [mark["step"] for mark in run["curve"]] == [0, 2, 4]
        assert run["seconds"] >= run["curve"][-1]["seconds"]
    plan = results["plans"]["sentences"]
    assert plan["costs"].keys() == {"start", "step", "end"}


@pytest.mark.benchmark
def test_texts(data: Path, output: Path):
    folder = data / "ud_english_ewt"
    folder.mkdir()
    genres = {}
    for split in ("train", "dev"):
        lines = (ROOT / "assets" / "texts" / f"{split}.jsonl").read_text("utf8").splitlines()[:24]
        records = [json.loads(line) for line in lines]
        made = [{"text": x["text"], "doc_id": f"{x['label']}-1"} for x in records]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(x) + "\n" for x in made), "utf8")
        genres[split] = {x["label"] for x in records}
    results = run_quick("texts", data, output)
    contenders = ["spanbert, auto", "spanbert, float32", "textcat"]
    assert [(run["contender"], run["seed"]) for run in results["runs"]] == [
        (name, 0) for name in contenders
    ]
    assert len(genres["dev"]) == 5
    for run in results["runs"]:
        assert run["f_per_label"].keys() == genres["dev"]
    # textcat is what ours are compared with
    assert results["ratios"].keys() == {"spanbert, auto", "spanbert, float32"}
    check_classification(results, contenders)


@pytest.mark.benchmark
def test_span_finder(data: Path, output: Path):
    results = run_quick("span_finder", data, output)
    assert results.keys() == {"litbank", "genia"}
    finders = ["spanbert_span_finder", "span_finder"]
    for corpus in results.values():
        ours, minimum, product = corpus["rows"]
        assert ours["ranked_by"] == finders[0]
        assert minimum["ranked_by"] == "span_finder, minimum"
        assert product["ranked_by"] == "span_finder, product"
        # The same candidates on both sides, only ranked differently.
        for key in ("n_words", "n_gold", "n_candidates", "recall_of_all"):
            assert ours[key] == minimum[key] == product[key]
        assert ours["n_gold"] > 10
        assert ours["n_candidates"] > 5 * ours["n_words"]
        for row in corpus["rows"]:
            recall = list(row["recall"].values())
            assert list(row["recall"]) == ["0.1", "0.2", "0.3", "0.5", "1.0"]
            assert recall == sorted(recall)
            assert 0 <= recall[0] <= recall[-1] <= row["recall_of_all"] <= 1
            assert row["recall_of_all"] > 0.8
        assert list(corpus["trainings"]) == finders
        assert all(run["n_steps"] == 4 for run in corpus["trainings"].values())
        # spaCy's finder itself writes what our list of its spans says it does.
        for name in finders:
            n_written = corpus["speed"][name]["n_written"]
            assert n_written == pytest.approx(0.3 * ours["n_words"], rel=0.1)
            assert corpus["speed"][name]["words_per_second"] > 0
        assert corpus["speed"]["ratio"] > 0


@pytest.mark.benchmark
def test_pairs(data: Path, output: Path):
    for name in ("sick", "mrpc"):
        (data / name).mkdir()
        for split in ("train", "dev", "test"):
            source = ROOT / "assets" / "pairs" / "dev.jsonl"
            lines = source.read_text("utf8").splitlines(True)[:24]
            (data / name / f"{split}.jsonl").write_text("".join(lines), "utf8")
    results = run_quick("pairs", data, output, "--skip-peer", "--seeds", "2")
    assert results.keys() == {"sick", "mrpc"}
    contenders = ["spanbert, auto", "spanbert, float32"]
    for corpus in results.values():
        assert corpus["n_train"] == corpus["n_test"] == 24
        assert [(run["contender"], run["seed"]) for run in corpus["runs"]] == [
            (name, seed) for seed in (0, 1) for name in contenders
        ]
        for run in corpus["runs"]:
            assert run["f_per_label"].keys() == {"follows", "other"}
        assert corpus["ratios"] == {}  # without the peer
        check_classification(corpus, contenders, n_seeds=2)


@pytest.mark.benchmark
def test_relations(data: Path, output: Path):
    for name in ("conll04", "scierc", "bionne_r_en"):
        (data / name).mkdir()
        for split in ("train", "dev", "test"):
            source = ROOT / "assets" / "relations" / "dev.jsonl"
            lines = source.read_text("utf8").splitlines(True)[:12]
            (data / name / f"{split}.jsonl").write_text("".join(lines), "utf8")
    results = run_quick("relations", data, output)
    assert {(row["corpus"], row["spans"]) for row in results["summary"]} == {
        *((corpus, spans) for corpus in ("conll04", "scierc") for spans in ("gold", "end to end")),
        *(("bionne_r_en", spans) for spans in ("gold", "gold, outermost")),
        *((name, "gold, rule by labels") for name in ("conll04", "scierc", "bionne_r_en")),
    }


@pytest.mark.benchmark
def test_relation_speed(output: Path):
    results = run_quick("relation_speed", None, output)
    assert results["ours"]["n_pairs"] == results["pair_loop"]["n_pairs"] == 20 * 19
    pairs = [point["x"] for point in results["pairs"]["points"]]
    assert pairs == sorted(set(pairs))
    assert (output / "relation_speed.svg").is_file()


def check_classification(results: dict[str, Any], contenders: list[str], n_seeds: int = 1) -> None:
    """What a summary says is the mean of what its runs say."""
    assert [row["contender"] for row in results["summary"]] == contenders
    for row in results["summary"]:
        runs = [run for run in results["runs"] if run["contender"] == row["contender"]]
        assert row["n_seeds"] == len(runs) == n_seeds
        for key in ("accuracy", "macro_f"):
            assert row[key] == pytest.approx(mean(run[key] for run in runs), abs=1e-4)
            assert 0 <= row[key] <= 1
        assert row["train_per_second"] > 0 < row["predict_per_second"]


@pytest.mark.benchmark
def test_representations(output: Path):
    results = run_quick("representations", None, output, "--groups", "a Doc is of")
    rows = {(row["group"], row["choice"]) for row in results["summary"]["litbank"]}
    choices = {("a Doc is of", layout) for layout in ("sentences", "documents")}
    assert rows == {("shipped config", ""), *choices}
    assert results["summary"]["genia"] == []
    page = (output / "representations.md").read_text("utf8")
    assert "| a Doc is of | documents |" in page


@pytest.mark.benchmark
def test_the_readme_table_has_rows_from_every_report(data: Path, output: Path):
    """After the tests above: their reports, if all of them ran."""
    reports = [load_reports(table, output) for table in TABLES]
    if any(
        found.keys() != table.sections.keys() for found, table in zip(reports, TABLES, strict=True)
    ):
        pytest.skip("needs the reports of all tests of this module")
    pages = [render(table, found) for table, found in zip(TABLES, reports, strict=True)]
    lines = "".join(pages).splitlines()
    for words in (
        *("annotating", "encoder alone", "peak memory", "training", "exponent", "dev F1"),
        *("pretraining (MLM)", "matrix products", "span boundary", "beside it: MiniLM"),
    ):
        assert any(words in line for line in lines if line.startswith("|")), words
    n_sources = sum(line.startswith("- `python -m benchmarks.") for line in lines)
    assert n_sources == sum(map(len, reports))


def test_the_entry_point_runs_what_is_asked_for_and_fails_if_that_fails(tmp_path: Path):
    words = [sys.executable, "-m", "benchmarks", "--quick", "--output", str(tmp_path)]
    run = subprocess.run(
        [*words, "--only", "genia_f1", "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert run.returncode == 1
    assert "Failed: genia_f1" in run.stdout
    assert "give --data FOLDER" in run.stderr
    without = subprocess.run(
        [*words, "--only", "genia_f1"], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert without.returncode == 0
    assert "left out" in without.stdout
