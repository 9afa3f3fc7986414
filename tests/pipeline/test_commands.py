"""spaCy's own commands on our components, with the config that is shipped."""

import json
import re
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from spacy.cli.apply import apply
from spacy.cli.evaluate import evaluate
from spacy.cli.find_threshold import find_threshold
from spacy.cli.train import train
from spacy.tokens import DocBin
from spacy.util import load_config, load_model_from_config
from thinc.api import ConfigValidationError
from transformers import AutoModel
from typer.testing import CliRunner

from tests.short_training import short_training
from tests.tiny_pipeline import FLAT, NESTED, encoder_weights, found_spans, make_examples

TOTAL_STEPS = "training.optimizer.learn_rate.total_steps"
CONFIG = Path(__file__).parents[2] / "configs" / "spans.cfg"
GOLD = [sorted(spans) for _, spans in (*NESTED, *FLAT)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NESTED and FLAT as a `.spacy` file."""
    path = tmp_path_factory.mktemp("corpus") / "corpus.spacy"
    examples = make_examples(spacy.blank("en"), (*NESTED, *FLAT))
    DocBin(docs=[example.reference for example in examples]).to_disk(path)
    return path


def overrides(corpus: Path, checkpoint: Path, **more) -> dict:
    return {
        **short_training(corpus, checkpoint),
        "components.spanbert_spancat.model.hidden_width": 32,
        **more,
    }


@pytest.fixture(scope="module")
def model_folder(corpus: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `spacy train` makes of the shipped config on a tiny encoder."""
    output = tmp_path_factory.mktemp("training")
    train(CONFIG, output, overrides=overrides(corpus, tiny_bert))
    return output / "model-best"


def test_spacy_train_learns_with_gradients_of_several_batches_added_up(
    model_folder, corpus, tiny_bert
):
    nlp = spacy.load(model_folder)
    docs = list(DocBin().from_disk(corpus).get_docs(nlp.vocab))
    assert [found_spans(nlp(doc.text)) for doc in docs] == GOLD
    assert nlp.meta["performance"]["spans_sc_f"] == 1.0
    start = AutoModel.from_pretrained(tiny_bert).state_dict()
    name = "embeddings.word_embeddings.weight"
    assert (start[name] != encoder_weights(nlp)[name]).any()


def test_what_spacy_train_saves_last_and_best_can_both_be_loaded(model_folder):
    for name in ("model-best", "model-last"):
        nlp = spacy.load(model_folder.with_name(name))
        assert nlp.pipe_names == ["spanbert", "spanbert_spancat"]
        assert nlp.config["components"]["spanbert_spancat"]["max_length"] == "auto"


def test_training_goes_on_from_a_trained_pipeline(model_folder, corpus, tmp_path):
    config = spacy.util.load_config(CONFIG, interpolate=False)
    for name in ("spanbert", "spanbert_spancat"):
        config["components"][name] = {"source": str(model_folder)}
    config["initialize"]["components"] = {}
    config.to_disk(tmp_path / "config.cfg")
    more = {"training.max_steps": 2, "training.eval_frequency": 1}
    changes = {
        key: value
        for key, value in overrides(corpus, tmp_path, **more).items()
        if not key.startswith("components.")
    }
    train(tmp_path / "config.cfg", tmp_path / "out", overrides=changes)
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert nlp.get_pipe("spanbert_spancat").labels == ("FAC", "GPE", "PER")


def test_evaluate_writes_all_our_scores(model_folder, corpus, tmp_path):
    evaluate(str(model_folder), corpus, output=tmp_path / "scores.json", silent=True)
    scores = json.loads((tmp_path / "scores.json").read_text("utf-8"))
    assert scores["spans_sc_f"] == 1.0
    for kind in ("inside", "containing", "boundaries"):
        assert {scores[f"spans_sc_{kind}_{x}"] for x in "prf"} == {1.0}
    assert scores["spans_sc_per_type"].keys() == {"FAC", "GPE", "PER"}
    assert scores["spans_sc_label_accuracy"] == 1.0
    assert sum(bucket["n_gold"] for bucket in scores["spans_sc_per_length"].values()) == 14


def test_apply_annotates_texts(model_folder, tmp_path):
    (tmp_path / "text.txt").write_text("The old mayor of New York", "utf-8")
    output = tmp_path / "annotated.spacy"
    apply(tmp_path / "text.txt", output, str(model_folder), "text", batch_size=1, n_process=1)
    nlp = spacy.blank("en")
    (doc,) = DocBin().from_disk(output).get_docs(nlp.vocab)
    assert (4, 6, "GPE") in found_spans(doc)
    assert len(doc.spans["sc"].attrs["scores"]) == len(doc.spans["sc"])


def test_find_threshold_tries_thresholds_from_zero_to_one(model_folder, corpus, capsys):
    best, score, scores = find_threshold(
        str(model_folder), corpus, "spanbert_spancat", "threshold", "spans_sc_f", n_trials=5
    )
    assert list(scores) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert scores[0.0] < scores[0.5] == 1.0
    assert score == 1.0
    assert 0 < best < 1


def test_init_labels_writes_labels_that_initialization_takes(corpus, tiny_bert, tmp_path):
    changes = [f"--{key}={value}" for key, value in overrides(corpus, tiny_bert).items()]
    run = CliRunner().invoke(app, ["init", "labels", str(CONFIG), str(tmp_path), *changes])
    assert run.exit_code == 0, run.output
    path = tmp_path / "spanbert_spancat.json"
    assert json.loads(path.read_text("utf-8")) == ["FAC", "GPE", "PER"]
    path.write_text('["PER", "GPE", "FAC"]', "utf-8")
    config = spacy.util.load_config(CONFIG, overrides=overrides(corpus, tiny_bert))
    reader = {"@readers": "spacy.read_labels.v1", "path": str(path)}
    config["initialize"]["components"]["spanbert_spancat"] = {"labels": reader}
    nlp = spacy.training.initialize.init_nlp(config)
    assert nlp.get_pipe("spanbert_spancat").labels == ("PER", "GPE", "FAC")


def test_a_misspelt_argument_of_initialization_is_named(corpus, tiny_bert):
    config = spacy.util.load_config(CONFIG, overrides=overrides(corpus, tiny_bert))
    config["initialize"]["components"]["spanbert"]["chekpoint"] = "x"
    with pytest.raises(ValueError, match="chekpoint"):
        spacy.training.initialize.init_nlp(config)


def test_the_config_is_filled_in_and_passes_debug_data(corpus, tiny_bert, tmp_path):
    full = tmp_path / "full.cfg"
    run = CliRunner().invoke(app, ["init", "fill-config", str(CONFIG), str(full)])
    assert run.exit_code == 0, run.output
    filled = spacy.util.load_config(full)
    assert filled["components"]["spanbert"]["frozen"] is False
    assert filled["components"]["spanbert_spancat"]["overlap"] == "any"
    changes = [f"--paths.{key}={corpus}" for key in ("train", "dev")]
    changes += [f"--paths.encoder={tiny_bert}", f"--{TOTAL_STEPS}=600"]
    run = CliRunner().invoke(app, ["debug", "data", str(full), *changes])
    assert run.exit_code in (0, 1), run.exception  # 1: it finds the corpus too small
    assert isinstance(run.exception, SystemExit | None), run.exc_info
    assert "5 training docs" in run.output


def test_outside_spacy_train_the_optimizer_needs_a_number_of_steps_as_the_readme_says():
    nlp = load_model_from_config(load_config(CONFIG), auto_fill=True)
    with pytest.raises(ConfigValidationError, match=re.escape("${training.max_steps}")):
        nlp.create_optimizer()  # as `debug data` does
    nlp.config = nlp.config.interpolate()
    assert nlp.create_optimizer()
    assert TOTAL_STEPS in (Path(__file__).parents[2] / "README.md").read_text("utf-8")
