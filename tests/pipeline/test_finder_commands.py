"""spaCy's own commands on the shipped configs of the span finder, alone and before spancat."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from spacy.cli.apply import apply
from spacy.cli.evaluate import evaluate
from spacy.cli.find_threshold import find_threshold
from spacy.cli.train import train
from spacy.tokens import DocBin
from typer.testing import CliRunner

from tests.finder_pipeline import boundaries, scored
from tests.tiny_pipeline import FLAT, NESTED, found_spans, make_examples

CONFIGS = Path(__file__).parents[2] / "configs"
DATA = (*NESTED, *FLAT)
GOLD = [{span[:2] for span in spans} for _, spans in DATA]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NESTED and FLAT as a `.spacy` file."""
    path = tmp_path_factory.mktemp("corpus") / "corpus.spacy"
    examples = make_examples(spacy.blank("en"), DATA)
    DocBin(docs=[example.reference for example in examples]).to_disk(path)
    return path


def overrides(corpus: Path, checkpoint: Path, *heads: str) -> dict:
    return {
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "paths.encoder": str(checkpoint),
        "components.spanbert.lr_scale": 1.0,
        "components.spanbert.model.precision": "float32",
        **{f"components.{name}.model.hidden_width": 32 for name in heads},
        **{f"components.{name}.model.precision": "float32" for name in heads},
        "training.max_steps": 60,
        "training.eval_frequency": 20,
        "training.accumulate_gradient": 2,
        "training.optimizer.learn_rate.initial_rate": 0.01,
        "training.optimizer.learn_rate.warmup_steps": 5,
        "training.optimizer.learn_rate.total_steps": 60,
    }


@pytest.fixture(scope="module")
def finder_folder(corpus: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `spacy train` makes of configs/span_finder.cfg."""
    output = tmp_path_factory.mktemp("training")
    changes = overrides(corpus, tiny_bert, "spanbert_span_finder")
    train(CONFIGS / "span_finder.cfg", output, overrides=changes)
    return output / "model-best"


def test_spacy_train_learns_to_find_all_gold_spans_among_few_candidates(finder_folder, corpus):
    nlp = spacy.load(finder_folder)
    docs = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))
    found = [set(boundaries(nlp(doc.text))) for doc in docs]
    assert all(gold <= candidates for gold, candidates in zip(GOLD, found, strict=True))
    assert nlp.meta["performance"]["spans_candidates_r"] == 1.0
    assert nlp.meta["performance"]["spans_candidates_f"] > 0.9
    assert nlp.config["components"]["spanbert_span_finder"]["max_length"] == "auto"


def test_evaluate_and_apply_know_the_candidates(finder_folder, corpus, tmp_path):
    evaluate(str(finder_folder), corpus, output=tmp_path / "scores.json", silent=True)
    scores = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    assert scores["spans_candidates_r"] == 1.0
    assert 0 < scores["spans_candidates_per_word"] < 1
    (tmp_path / "text.txt").write_text("The old mayor of New York", "utf-8")
    output = tmp_path / "annotated.spacy"
    apply(tmp_path / "text.txt", output, str(finder_folder), "text", batch_size=1, n_process=1)
    (doc,) = DocBin().from_disk(output).get_docs(spacy.blank("en").vocab)
    assert (4, 6) in scored(doc)


def test_find_threshold_tries_thresholds_from_zero_to_one(finder_folder, corpus, capsys):
    best, score, scores = find_threshold(
        str(finder_folder),
        corpus,
        "spanbert_span_finder",
        "threshold",
        "spans_candidates_f",
        n_trials=5,
    )
    assert list(scores) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert scores[0.0] < scores[0.5] == score == 1.0
    assert 0 < best < 1


def test_the_config_is_filled_in_and_there_are_no_labels_to_store(corpus, tiny_bert, tmp_path):
    config = CONFIGS / "span_finder.cfg"
    full = tmp_path / "full.cfg"
    run = CliRunner().invoke(app, ["init", "fill-config", str(config), str(full)])
    assert run.exit_code == 0, run.output
    assert spacy.util.load_config(full)["components"]["spanbert_span_finder"]["overlap"] == "any"
    changes = overrides(corpus, tiny_bert, "spanbert_span_finder").items()
    words = [f"--{key}={value}" for key, value in changes]
    run = CliRunner().invoke(app, ["init", "labels", str(config), str(tmp_path / "labels"), *words])
    assert run.exit_code == 0, run.output
    assert not list((tmp_path / "labels").glob("*.json"))


def test_the_chain_of_finder_and_spancat_is_trained_in_one_run(corpus, tiny_bert, tmp_path):
    heads = ("spanbert_span_finder", "spanbert_spancat")
    changes = overrides(corpus, tiny_bert, *heads)
    train(CONFIGS / "finder_spancat.cfg", tmp_path, overrides=changes)
    nlp = spacy.load(tmp_path / "model-best")
    assert nlp.meta["performance"]["spans_sc_f"] > 0.9
    assert nlp.meta["performance"]["spans_candidates_r"] == 1.0
    docs = [nlp(doc.text) for doc in DocBin().from_disk(corpus).get_docs(nlp.vocab)]
    for doc, gold in zip(docs, GOLD, strict=True):
        assert gold <= set(boundaries(doc))
        assert {span[:2] for span in found_spans(doc)} <= set(boundaries(doc))
    # few are left to decide on
    assert sum(len(boundaries(doc)) for doc in docs) < 2 * sum(map(len, GOLD))


SEVERAL_PROCESSES = """
import sys, warnings, spacy
warnings.simplefilter("error")
nlp = spacy.load(sys.argv[1])
texts = ["The old mayor of New York met the daughter of the king .", "", "  ", "Anna"] * 4
def read(docs):
    found = []
    for doc in docs:
        group = doc.spans["candidates"]
        found.append(([(span.start, span.end) for span in group], len(group.attrs["scores"])))
    return found
expected = read(nlp.pipe(texts))
found = read(nlp.pipe(texts, n_process=2, batch_size=4))
assert found == expected, (found, expected)
assert any(spans for spans, _ in found) and all(len(spans) == n for spans, n in found)
print("done")
"""


def test_several_processes_find_the_same_candidates(finder_folder):
    run = subprocess.run(
        [sys.executable, "-c", SEVERAL_PROCESSES, str(finder_folder)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "done\n"
