"""Spans, tags and labels of texts on one encoder, which runs once for all of them."""

from pathlib import Path

import pytest
import spacy
from spacy import Language
from spacy.cli.train import train
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

import spacy_spanbert.layers.encoder as encoder_module
from spacy_spanbert.layers.encoder import encoder_shim
from tests.pipeline.heads import assert_close, gradients
from tests.short_training import short_training
from tests.tagging_pipeline import add_tagging
from tests.tiny_pipeline import (
    FLAT,
    NESTED,
    add_encoder,
    add_spancat,
    found_spans,
    initialize,
    make_examples,
)

CONFIG = Path(__file__).parents[2] / "configs" / "joint.cfg"
HEADS = ("spanbert_spancat", "spanbert_tagger", "spanbert_textcat")
ALL = (*NESTED, *FLAT)
PRECISE = ("spanbert", "spanbert_spancat", "spanbert_tagger")
CATS = ("short", "long")


def tag_of(word: str) -> str:
    return "NAME" if word[0].isupper() else "WORD"


def cats_of(words: list[str]) -> dict[str, float]:
    return {"short": float(len(words) < 8), "long": float(len(words) >= 8)}


def joint_examples(nlp: Language) -> list[Example]:
    """All three kinds of annotation on each Doc."""
    examples = make_examples(nlp, ALL)
    for example in examples:
        for word in example.reference:
            word.tag_ = tag_of(word.text)
        example.reference.cats = cats_of([word.text for word in example.reference])
    return examples


def make_joint(checkpoint: Path) -> Language:
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_spancat(nlp)
    add_tagging(nlp, "spanbert_tagger")
    model = {"@architectures": "spacy-spanbert.Classifier.v1", "dropout": 0.0}
    nlp.add_pipe("spanbert_textcat", config={"model": model})
    initialize(nlp, checkpoint, joint_examples(nlp))
    return nlp


def test_the_gradient_is_the_sum_of_those_of_all_heads_alone(tiny_bert):
    nlp = make_joint(tiny_bert)
    module = encoder_shim(nlp.get_pipe("spanbert").model).module
    found = {}
    for alone in (*HEADS, None):
        others = [name for name in HEADS if alone not in (name, None)]
        nlp.update(joint_examples(nlp), sgd=False, exclude=others)
        nlp.get_pipe("spanbert").flush()
        found[alone] = gradients(nlp)
        module.zero_grad()
    assert all(any(g.abs().max() > 1e-6 for g in found[name].values()) for name in HEADS)
    total = {name: sum(found[head][name] for head in HEADS) for name in found[None]}
    assert_close(found[None], total, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("is_training", [True, False])
def test_each_doc_is_encoded_once(tiny_bert, monkeypatch, is_training):
    nlp = make_joint(tiny_bert)
    examples = joint_examples(nlp)
    encoded, run_encoder = [], encoder_module.run_encoder

    def counting(module, rows, *arguments):
        encoded.extend(rows)
        return run_encoder(module, rows, *arguments)

    monkeypatch.setattr(encoder_module, "run_encoder", counting)
    if is_training:
        nlp.update(examples, sgd=False)
    else:
        for doc in nlp.pipe([example.text for example in examples]):
            assert "sc" in doc.spans
            assert doc.cats.keys() == set(CATS)
    assert len(encoded) == len(ALL)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each Doc three times, with one kind of annotation each."""
    docs = []
    for example in joint_examples(spacy.blank("en")):
        whole = example.reference
        words, spaces = zip(*[(word.text, bool(word.whitespace_)) for word in whole], strict=True)
        spans, tags, cats = (Doc(whole.vocab, words=words, spaces=spaces) for _ in range(3))
        spans.spans["sc"] = [
            Span(spans, gold.start, gold.end, gold.label) for gold in whole.spans["sc"]
        ]
        for word, gold in zip(tags, whole, strict=True):
            word.tag_ = gold.tag_
        cats.cats = whole.cats
        docs += [spans, tags, cats]
    path = tmp_path_factory.mktemp("corpus") / "corpus.spacy"
    DocBin(docs=docs).to_disk(path)
    return path


@pytest.mark.slow
def test_the_shipped_config_learns_each_from_the_docs_that_have_it(corpus, tiny_bert, tmp_path):
    overrides = {
        **short_training(corpus, tiny_bert, n_steps=100),
        **{f"components.{name}.model.precision": "float32" for name in PRECISE},
        "components.spanbert_spancat.model.hidden_width": 32,
        "components.spanbert_textcat.model.hidden_width": 32,
        "training.accumulate_gradient": 1,
    }
    train(CONFIG, tmp_path, overrides=overrides)
    nlp = spacy.load(tmp_path / "model-best")
    for words, spans in ALL:
        doc = nlp(Doc(nlp.vocab, words=words))
        assert found_spans(doc) == sorted(spans)
        assert [word.tag_ for word in doc] == [tag_of(word) for word in words]
        assert {label for label, score in doc.cats.items() if score > 0.5} == {
            label for label, value in cats_of(words).items() if value
        }
    scores = nlp.meta["performance"]
    assert min(scores[name] for name in ("spans_sc_f", "tag_acc", "cats_score")) == 1.0
