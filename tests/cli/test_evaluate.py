"""evaluate and tune-threshold, on pipelines that are trained by the shipped configs."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from spacy.cli.train import train
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_spanbert.cli.corpus import read_examples
from spacy_spanbert.cli.tune_threshold import choose_component, tune_threshold
from spacy_spanbert.data.labelled_convert import convert_labelled
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.errors import SpanbertError
from tests.pipeline.classifying import PAIRS, TEXTS
from tests.short_training import short_training
from tests.tagging_pipeline import add_tagging
from tests.tiny_pipeline import fit, make_examples, make_nlp

CONFIGS = Path(__file__).parents[2] / "configs"
KINDS = {"textcat": False, "paircat": True}


def write_corpus(folder: Path, pairs: bool) -> None:
    if pairs:
        records = [{"text_a": a, "text_b": b, "label": label} for a, b, label in PAIRS]
    else:
        records = [{"text": text, "label": label} for text, label in TEXTS]
    text = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "gold.jsonl").write_text(text, encoding="utf8")
    convert_labelled(
        folder / "gold.jsonl",
        folder / "gold.spacy",
        spacy.blank("en"),
        Problems("stop"),
        pairs=pairs,
    )


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with gold.spacy, gold.jsonl and model-best."""
    folder = tmp_path_factory.mktemp(request.param)
    write_corpus(folder, KINDS[request.param])
    train(
        CONFIGS / f"{request.param}.cfg",
        folder,
        overrides={
            **short_training(folder / "gold.spacy", tiny_bert),
            "components.spanbert.model.dropout": 0.0,
            f"components.spanbert_{request.param}.multilabel": True,
            f"components.spanbert_{request.param}.model.hidden_width": 32,
        },
    )
    return folder


def run(*words) -> str:
    result = CliRunner().invoke(app, ["spanbert", *map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", ["gold.spacy", "gold.jsonl"])
def test_evaluate_reads_as_training_did_and_writes_all_scores(trained, name, tmp_path):
    output = tmp_path / "scores.json"
    printed = run("evaluate", trained / "model-best", trained / name, "--output", output)
    scores = json.loads(output.read_text("utf8"))
    assert scores["cats_score"] > 0.7
    assert f"{scores['cats_macro_f']:.4f}" in printed
    assert "cats_macro_f" in printed
    assert ("pairs_cut" in scores) == ("paircat" in trained.name)


def test_a_label_that_no_gold_text_has_is_known_not_to_be_there(trained, tmp_path):
    nlp = spacy.load(trained / "model-best")
    first = (trained / "gold.jsonl").read_text("utf8").splitlines()[0]
    (tmp_path / "one.jsonl").write_text(first + "\n", "utf8")
    (example,) = read_examples(nlp, tmp_path / "one.jsonl")
    cats = example.reference.cats
    (labels,) = (labels for name, labels in nlp.pipe_labels.items() if name != "spanbert")
    assert cats.keys() == set(labels)
    assert sorted(cats.values()) == [0.0, 1.0]


def test_spans_are_not_read_as_texts_without_labels(tiny_bert, tmp_path):
    (tmp_path / "spans.jsonl").write_text('{"text": "Anna", "spans": []}\n', "utf8")
    with pytest.raises(SpanbertError, match="no component of the pipeline labels texts"):
        read_examples(make_nlp(tiny_bert), tmp_path / "spans.jsonl")


def test_spacys_own_evaluate_gives_pairs_no_score(trained):
    words = ["evaluate", str(trained / "model-best"), str(trained / "gold.spacy")]
    result = CliRunner().invoke(app, words)
    if "paircat" in trained.name:
        assert result.exit_code != 0
        assert "python -m spacy spanbert evaluate" in str(result.exception)
    else:
        assert result.exit_code == 0, result.exception


def test_the_best_threshold_is_found_and_written(trained, tmp_path):
    words = ["tune-threshold", trained / "model-best", trained / "gold.spacy"]
    printed = run(*words, "--trials", 5, "--output", tmp_path / "tuned")
    nlp = spacy.load(tmp_path / "tuned")
    (name,) = (name for name in nlp.pipe_names if name != "spanbert")
    threshold = nlp.get_pipe(name).cfg["threshold"]
    assert 0 < threshold < 1
    assert nlp.config["components"][name]["threshold"] == threshold
    rows = [line.split() for line in printed.splitlines() if line.strip()[:2] in ("0.", "1.")]
    scores = {float(threshold): float(score) for threshold, score in rows}
    assert list(scores) == [0, 0.25, 0.5, 0.75, 1.0]
    assert scores[0.0] < scores[threshold] == max(scores.values())


def test_one_label_has_no_threshold_to_tune(trained, tmp_path):
    nlp = spacy.load(trained / "model-best")
    (name,) = (name for name in nlp.pipe_names if name != "spanbert")
    nlp.get_pipe(name).cfg["multilabel"] = False
    nlp.to_disk(tmp_path)
    words = ["spanbert", "tune-threshold", str(tmp_path), str(trained / "gold.spacy")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "takes the most probable" in " ".join(result.output.split())


@pytest.mark.parametrize("component", [None, "spanbert_tagger"])
def test_a_pipeline_without_thresholds_says_which_components_have_one(component):
    nlp = spacy.blank("en")
    add_tagging(nlp, "spanbert_tagger")
    with pytest.raises(SpanbertError, match=r"^no component of this pipeline .*spanbert_spancat,"):
        choose_component(nlp, component)


def test_thresholds_of_spans_are_those_of_whole_evaluations(tiny_bert, tmp_path):
    nlp = make_nlp(tiny_bert)
    fit(nlp, make_examples(nlp), 60)
    nlp.to_disk(tmp_path / "nlp")
    found = tune_threshold(nlp, make_examples(nlp), "spanbert_spancat", None, 5)
    assert nlp.get_pipe("spanbert_spancat").cfg["threshold"] == 0.5
    for threshold, score in found.items():
        nlp.get_pipe("spanbert_spancat").cfg["threshold"] = threshold
        assert (nlp.evaluate(make_examples(nlp))["spans_sc_f"] or 0.0) == score
    assert max(found.values()) == 1.0
    DocBin(docs=[x.reference for x in make_examples(nlp)]).to_disk(tmp_path / "gold.spacy")
    words = ["spanbert", "evaluate", str(tmp_path / "nlp"), str(tmp_path / "gold.spacy")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output


def test_pairs_are_read_as_pairs_in_a_pipeline_without_a_training_config(trained):
    nlp = spacy.load(trained / "model-best")
    nlp.config["corpora"]["dev"] = spacy.blank("en").config["corpora"]["dev"]
    examples = read_examples(nlp, trained / "gold.spacy")
    assert all(("pair" in x.predicted.spans) == ("paircat" in trained.name) for x in examples)
    del nlp.config["corpora"]["dev"]
    with pytest.raises(SpanbertError, match=r"no corpus reader with a path in \[corpora\.dev\]"):
        read_examples(nlp, trained / "gold.spacy")
    with pytest.raises(SpanbertError, match=r"there is no corpus .*nowhere"):
        read_examples(nlp, trained / "nowhere")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--score", "nonsense"], "has no score 'nonsense'; it has: "),
        (["--trials", "1"], "--trials is 2 or more, but is 1"),
        (["--component", "spanbert"], "'spanbert' has no threshold that counts"),
    ],
)
def test_what_cannot_be_tuned_is_told(trained, words, message):
    base = ["spanbert", "tune-threshold", str(trained / "model-best"), str(trained / "gold.spacy")]
    result = CliRunner().invoke(app, [*base, *words])
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())


def test_a_score_that_is_no_number_is_told(trained):
    base = ["spanbert", "tune-threshold", str(trained / "model-best"), str(trained / "gold.spacy")]
    for score in ("cats_score_desc", "cats_f_per_type"):
        result = CliRunner().invoke(app, [*base, "--score", score])
        assert result.exit_code == 1
        assert f"has no score '{score}'; it has: cats_" in " ".join(result.output.split())


def test_lines_of_labels_are_no_gold_for_heads_of_other_tasks(trained):
    nlp = spacy.load(trained / "model-best")
    nlp.add_pipe("spanbert_ner")
    message = r"'spanbert_ner' would have no gold. Give it as \.spacy: .* convert .*gold\.jsonl"
    with pytest.raises(SpanbertError, match=message):
        read_examples(nlp, trained / "gold.jsonl")


def test_what_is_left_out_of_lines_of_labels_is_told(trained, tmp_path):
    record = json.loads((trained / "gold.jsonl").read_text("utf8").splitlines()[0])
    (tmp_path / "a.jsonl").write_text(json.dumps({**record, "tags": ["X"]}), encoding="utf8")
    printed = run("evaluate", trained / "model-best", tmp_path / "a.jsonl")
    assert "It has tags, of which nothing is read here" in printed
