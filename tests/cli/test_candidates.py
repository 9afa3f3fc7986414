"""`candidates` and `tune-threshold --min-recall`, on a finder that has learned a little."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from typer.testing import CliRunner

from spacy_spanbert.cli import app
from spacy_spanbert.cli.candidate_scores import count_candidates
from tests.finder_pipeline import add_finder, bare, boundaries, gold_boundaries, make_finder
from tests.tiny_pipeline import FLAT, NESTED, fit, initialize, make_examples, make_nlp

NAME = "spanbert_span_finder"
DATA = (*NESTED, *FLAT)
N_WORDS = sum(len(words) for words, _ in DATA)


@pytest.fixture(scope="module")
def folder(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`nlp`, a pipeline that has not learned all of it, and `gold.spacy`."""
    folder = tmp_path_factory.mktemp("finder")
    nlp = make_finder(tiny_bert, min_recall=0.9, threshold=0.5)
    fit(nlp, make_examples(nlp, DATA), 10)
    nlp.to_disk(folder / "nlp")
    docs = [example.reference for example in make_examples(nlp, DATA)]
    DocBin(docs=docs).to_disk(folder / "gold.spacy")
    return folder


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(map(str, words)))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def recall_and_number(nlp, threshold: float, top_k: int | None = None) -> tuple[float, int]:
    """What the component itself writes."""
    nlp.get_pipe(NAME).cfg |= {"threshold": threshold, "top_k": top_k}
    examples = make_examples(nlp, DATA)
    found = [set(boundaries(nlp(bare(nlp, x.reference)))) for x in examples]
    gold = list(map(set, gold_boundaries(DATA)))
    n_right = sum(len(a & b) for a, b in zip(found, gold, strict=True))
    return n_right / sum(map(len, gold)), sum(map(len, found))


def test_the_report_says_what_the_component_writes_with_each_setting(folder, tmp_path):
    output = tmp_path / "report"
    printed = run("candidates", folder / "nlp", folder / "gold.spacy", "--output", output)
    assert {path.name for path in output.iterdir()} == {
        f"candidates.{suffix}" for suffix in ("json", "txt", "svg", "png")
    }
    report = json.loads((output / "candidates.json").read_text("utf8"))
    assert " ".join((output / "candidates.txt").read_text("utf8").split()) in printed
    assert (report["n_words"], report["n_gold"], report["n_docs"]) == (N_WORDS, 14, 5)
    assert report["component"] == NAME
    nlp = spacy.load(folder / "nlp")
    rows = [
        *(row | {"top_k": None} for row in (*report["by_threshold"], *report["by_recall"])),
        *(row | {"threshold": 0.0} for row in report["by_top_k"]),
        report["setting"],
    ]
    for row in rows:
        found = recall_and_number(nlp, row["threshold"], row["top_k"])
        assert found == (pytest.approx(row["recall"]), row["n_candidates"])
        assert row["per_word"] == pytest.approx(row["n_candidates"] / N_WORDS)
    assert report["setting"]["threshold"] == 0.5
    assert all(row["recall"] >= row["min_recall"] for row in report["by_recall"])
    assert set(report["groups"]["label"]) == {"FAC", "GPE", "PER"}
    for name, start in {"png": b"\x89PNG", "svg": b"<?xml"}.items():
        assert (output / f"candidates.{name}").read_bytes().startswith(start)


def test_a_folder_is_written_whole_and_not_replaced_unasked(folder, tmp_path, monkeypatch):
    words = ("candidates", folder / "nlp", folder / "gold.spacy", "--output", tmp_path / "report")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "mine").touch()
    assert "is not empty" in run(*words, code=1)
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["mine"]

    def fail(report, folder):
        (folder / "candidates.svg").touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("spacy_spanbert.cli.candidates.plot_candidates", fail)
        assert "No space left" in run(*words, "--overwrite", code=1)
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["mine"]
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    run(*words, "--overwrite")
    assert len(list((tmp_path / "report").iterdir())) == 4


def test_the_same_report_gives_the_same_picture(folder, tmp_path):
    words = ("candidates", folder / "nlp", folder / "gold.spacy", "--output")
    for name in ("a", "b"):
        run(*words, tmp_path / name)
    a, b = ((tmp_path / name / "candidates.svg").read_bytes() for name in ("a", "b"))
    assert a == b


@pytest.mark.parametrize("min_recall", [0.5, 0.8, 1.0])
def test_the_fitted_threshold_has_the_recall_and_a_higher_one_has_not(folder, tmp_path, min_recall):
    output = tmp_path / "tuned"
    words = ("tune-threshold", folder / "nlp", folder / "gold.spacy")
    printed = run(*words, "--min-recall", min_recall, "--output", output)
    nlp = spacy.load(output)
    threshold = nlp.get_pipe(NAME).cfg["threshold"]
    assert nlp.config["components"][NAME]["threshold"] == threshold
    assert f"threshold = {threshold:.3g}" in printed
    recall, n_candidates = recall_and_number(nlp, threshold)
    assert recall >= min_recall
    assert f"recall {recall:.2%}" in printed and f"{n_candidates:,} candidates" in printed
    assert recall_and_number(nlp, threshold * 1.011)[0] < min_recall


def test_the_components_own_min_recall_is_fitted_unless_a_score_is_asked_for(folder):
    words = ("tune-threshold", folder / "nlp", folder / "gold.spacy")
    assert run(*words) == run(*words, "--min-recall", 0.9)
    by_score = run(*words, "--score", "spans_candidates_f", "--trials", 5)
    assert "0.250" in by_score and "spans_candidates_f" in by_score


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--min-recall", "1.5"], "--min-recall is above 0 and up to 1, but is 1.5"),
        (["--min-recall", "0.9", "--score", "spans_candidates_f"], "exclude each other"),
    ],
)
def test_a_recall_that_cannot_be_meant_is_refused(folder, words, message):
    assert message in run("tune-threshold", folder / "nlp", folder / "gold.spacy", *words, code=1)


def test_what_keeps_a_recall_from_being_reached_is_told(folder, tmp_path):
    nlp = spacy.load(folder / "nlp")
    words = ("--min-recall", "0.99")
    # two gold spans begin at one word: with top_k = 1, one of them is never found
    doc = Doc(nlp.vocab, words=["Anna", "Maria", "left"])
    doc.spans["sc"] = [Span(doc, 0, 1, "PER"), Span(doc, 0, 2, "PER")]
    gold = tmp_path / "gold.spacy"
    DocBin(docs=[doc]).to_disk(gold)
    for settings, message in (
        ({"top_k": 1}, "cannot be reached with any threshold: of 2 gold spans"),
        ({"overlap": "flat"}, "overlap is 'flat': gold spans are dropped for others"),
    ):
        pipe = nlp.get_pipe(NAME)
        before = dict(pipe.cfg)
        pipe.cfg |= settings
        nlp.to_disk(tmp_path / "nlp")
        pipe.cfg = before
        printed = run("tune-threshold", tmp_path / "nlp", gold, *words, code=1)
        assert message in printed


def test_a_pipeline_without_a_finder_is_refused(tiny_bert, folder, tmp_path):
    make_nlp(tiny_bert).to_disk(tmp_path / "nlp")
    words = (tmp_path / "nlp", folder / "gold.spacy")
    assert "components of spanbert_span_finder: none" in run("candidates", *words, code=1)
    printed = run("tune-threshold", *words, "--min-recall", "0.9", code=1)
    assert "--min-recall is for spanbert_span_finder, but 'spanbert_spancat' is none" in printed


def test_a_corpus_without_gold_spans_is_refused(folder, tmp_path):
    nlp = spacy.blank("en")
    DocBin(docs=[nlp.make_doc("Anna")]).to_disk(tmp_path / "bare.spacy")
    words = (folder / "nlp", tmp_path / "bare.spacy")
    assert "has no spans in doc.spans['sc'], the training_key" in run("candidates", *words, code=1)
    assert "the corpus has no gold spans" in run("tune-threshold", *words, code=1)


def test_batches_do_not_matter_and_docs_are_freed(folder):
    nlp = spacy.load(folder / "nlp")
    found = []
    for batch_size in (1, 2, 100):
        nlp.batch_size = batch_size
        examples = make_examples(nlp, DATA)
        counts = count_candidates(nlp, NAME, examples)
        found.append(sorted(counts.scores.tolist()))
        assert all(x.predicted._.trf_data is None for x in examples)
        assert not any(x.predicted.tensor.size for x in examples)
    for scores in found[1:]:
        assert scores == pytest.approx(found[0], abs=1e-5)


def test_a_finder_on_a_plain_tok2vec_is_reported_too():
    nlp = spacy.blank("en")
    tok2vec = {
        "@architectures": "spacy.HashEmbedCNN.v2",
        "width": 16,
        "depth": 1,
        "embed_size": 50,
        "window_size": 1,
        "maxout_pieces": 2,
        "subword_features": True,
        "pretrained_vectors": None,
    }
    add_finder(nlp, model={"tok2vec": tok2vec})
    initialize(nlp, Path(), make_examples(nlp))
    assert len(count_candidates(nlp, NAME, make_examples(nlp)).gold) == 9


def test_without_matplotlib_the_extra_is_named_before_anything_is_done(folder, tmp_path):
    script = (
        "import importlib.util as util, sys\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *a: None if name == 'matplotlib' else find(name, *a)\n"
        "from spacy_spanbert.cli import app\n"
        "app(['candidates', 'nowhere', 'nothing', '--output', sys.argv[1]])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "report")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "pip install 'spacy-spanbert[report]'" in " ".join((done.stdout + done.stderr).split())
