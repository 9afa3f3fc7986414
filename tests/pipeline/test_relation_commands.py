"""Commands on relations, with the configs that are shipped."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.cli._util import app
from spacy.cli.train import train
from spacy.tokens import DocBin
from typer.testing import CliRunner

import spacy_spanbert.layers.encoder as encoder_module
from spacy_spanbert.cli.corpus import read_examples
from spacy_spanbert.cli.pipelines import choose_spans_key, given_keys, span_labels
from spacy_spanbert.training.corpus import make_corpus
from tests.relation_pipeline import RELATED, bare_doc, found_relations, gold_doc, make_relations_nlp
from tests.tiny_pipeline import found_spans

CONFIGS = Path(__file__).parents[2] / "configs"
NAME = "spanbert_relations"
SPANS = "spanbert_spancat"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "corpus.spacy"
    nlp = spacy.blank("en")
    DocBin(docs=[gold_doc(nlp, related) for related in RELATED]).to_disk(path)
    return path


def train_shipped(config: str, corpus: Path, checkpoint: Path, output: Path, **more) -> Path:
    overrides = {
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "paths.encoder": str(checkpoint),
        "components.spanbert.lr_scale": 1.0,
        "components.spanbert.model.precision": "float32",
        "components.spanbert.model.dropout": 0.0,
        f"components.{NAME}.model.precision": "float32",
        f"components.{NAME}.model.hidden_width": 32,
        f"components.{NAME}.model.dropout": 0.0,
        "training.max_steps": 80,
        "training.eval_frequency": 20,
        "training.accumulate_gradient": 2,
        "training.optimizer.learn_rate.initial_rate": 0.01,
        "training.optimizer.learn_rate.warmup_steps": 5,
        **more,
    }
    train(CONFIGS / config, output, overrides=overrides)
    return output / "model-best"


@pytest.fixture(scope="module")
def model(corpus: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Relations between gold spans."""
    return train_shipped("relations.cfg", corpus, tiny_bert, tmp_path_factory.mktemp("training"))


@pytest.fixture(scope="module")
def joint(corpus: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Spans and the relations between them."""
    more = {
        f"components.{SPANS}.model.precision": "float32",
        f"components.{SPANS}.model.hidden_width": 32,
        f"components.{SPANS}.model.dropout": 0.0,
    }
    output = tmp_path_factory.mktemp("joint")
    return train_shipped("relations_joint.cfg", corpus, tiny_bert, output, **more)


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


def test_relations_between_gold_spans_are_trained_and_scored(model, corpus, tmp_path):
    assert spacy.load(model).meta["performance"]["relations_f"] == 1.0
    result = run("spanbert", "evaluate", model, corpus, "--output", tmp_path / "scores.json")
    assert result.exit_code == 0, result.output
    scores = json.loads((tmp_path / "scores.json").read_text("utf8"))
    assert scores["relations_f"] == scores["relations_relaxed_f"] == 1.0
    assert scores["relations_nested_f"] == 1.0
    assert "relations_f" in result.output


def test_spacys_own_evaluate_gives_relations_between_gold_spans_no_score(model, corpus):
    result = run("evaluate", model, corpus)
    assert result.exit_code != 0
    assert "python -m spacy spanbert evaluate" in str(result.exception)


def test_a_pipeline_without_a_training_config_is_given_gold_spans_too(model, corpus):
    nlp = spacy.load(model)
    nlp.config["corpora"]["dev"] = spacy.blank("en").config["corpora"]["dev"]
    assert nlp.evaluate(read_examples(nlp, corpus))["relations_f"] == 1.0


def test_spans_and_relations_are_trained_together_and_scored_end_to_end(joint, corpus, tmp_path):
    nlp = spacy.load(joint)
    for related in RELATED:
        doc = nlp(bare_doc(nlp, related, None))
        assert found_spans(doc) == sorted(related[1])
        assert found_relations(doc) == found_relations(gold_doc(nlp, related))
    output = tmp_path / "scores.json"
    for words in (["evaluate"], ["spanbert", "evaluate"]):
        result = run(*words, joint, corpus, "--output", output)
        assert result.exit_code == 0, result.output
        scores = json.loads(output.read_text("utf8"))
        assert scores["spans_sc_f"] == scores["relations_f"] == 1.0


def test_the_encoder_runs_once_for_spans_and_relations(joint, monkeypatch):
    nlp = spacy.load(joint)
    encoded, run_encoder = [], encoder_module.run_encoder

    def counting(module, rows, *arguments):
        encoded.extend(rows)
        return run_encoder(module, rows, *arguments)

    monkeypatch.setattr(encoder_module, "run_encoder", counting)
    docs = list(nlp.pipe(bare_doc(nlp, related, None) for related in RELATED))
    assert any(doc._.relations for doc in docs)
    assert len(encoded) == len(RELATED)


def test_relation_labels_are_not_taken_for_labels_of_spans(joint, model):
    nlp = spacy.load(joint)
    assert choose_spans_key(nlp, None) == "sc"
    assert span_labels(nlp, "sc") == {"PER", "GPE", "ORG"}
    assert span_labels(spacy.load(model), "sc") == set()
    assert (given_keys(nlp), given_keys(spacy.load(model))) == ([], ["sc"])


def test_annotate_finds_relations_between_the_spans_of_its_input(model, corpus, tmp_path):
    source, output = tmp_path / "in.jsonl", tmp_path / "out.spacy"
    assert run("spanbert", "convert", corpus, source).exit_code == 0
    result = run("spanbert", "annotate", model, source, output)
    assert result.exit_code == 0, result.output
    nlp = spacy.blank("en")
    docs, gold = (list(DocBin().from_disk(path).get_docs(nlp.vocab)) for path in (output, corpus))
    assert list(map(found_spans, docs)) == list(map(found_spans, gold))
    assert list(map(found_relations, docs)) == list(map(found_relations, gold))
    result = run("spanbert", "vectors", model, source, tmp_path / "v.npz", "--of", "spans")
    assert f"Wrote {sum(len(doc.spans['sc']) for doc in gold)} vectors" in result.output


def test_annotate_reports_records_without_spans_to_relate(model, tmp_path):
    span = {"start": 0, "end": 4, "label": "PER"}
    records = [{"text": "Anna lives in Paris .", "spans": [span]}, {"text": "Anna lives ."}]
    lines = map(json.dumps, records)
    (tmp_path / "in.jsonl").write_text("\n".join(lines), "utf8")
    result = run("spanbert", "annotate", model, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert result.exit_code == 0, result.output
    assert "which the Doc 'Anna lives .' does not have" in " ".join(result.output.split())
    (line,) = (tmp_path / "out.jsonl").read_text("utf8").splitlines()
    assert [item["label"] for item in json.loads(line)["spans"]] == ["PER"]


def test_the_threshold_of_relations_is_tuned_for_their_f1(model, corpus):
    result = run("spanbert", "tune-threshold", model, corpus, "--trials", 3)
    assert result.exit_code == 0, result.output
    assert "relations_f" in result.output


def test_apply_writes_relations(joint, tmp_path):
    (tmp_path / "texts.txt").write_text("Anna lives in Paris .\n", "utf8")
    result = run("apply", joint, tmp_path / "texts.txt", tmp_path / "out.spacy")
    assert result.exit_code == 0, result.exception
    nlp = spacy.blank("en")
    (doc,) = DocBin().from_disk(tmp_path / "out.spacy").get_docs(nlp.vocab)
    assert "lives_in" in {r.label for r in doc._.relations}


def test_the_reader_hands_gold_spans_on_as_far_as_the_words_can_express_them(tmp_path, tiny_bert):
    nlp = make_relations_nlp(tiny_bert)
    gold = gold_doc(nlp, ("Anna can not leave", [(0, 1, "PER"), (1, 2, "X"), (1, 3, "Y")], []))
    other = nlp.make_doc("Nothing here")
    DocBin(docs=[gold, other]).to_disk(tmp_path / "gold.spacy")
    nlp.tokenizer.add_special_case("can", [{"ORTH": "c"}, {"ORTH": "an"}])
    first, second = make_corpus(tmp_path / "gold.spacy", gold_spans=["sc"])(nlp)
    spans = [(span.text, span.label_) for span in first.predicted.spans["sc"]]
    assert spans == [("Anna", "PER"), ("can not", "Y"), ("can", "X")]
    assert "sc" not in second.predicted.spans
    first, _ = make_corpus(tmp_path / "gold.spacy")(nlp)
    assert "sc" not in first.predicted.spans
