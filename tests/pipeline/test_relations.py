"""The component `spanbert_relations`: learning relations, saving, every mode."""

import pytest
import spacy

from tests.relation_pipeline import (
    RELATED,
    bare_doc,
    found_relations,
    gold_doc,
    make_relations_nlp,
    relation_examples,
)
from tests.tiny_pipeline import fit

NAME = "spanbert_relations"


@pytest.fixture(scope="module")
def trained_bytes(tiny_bert):
    nlp = make_relations_nlp(tiny_bert, symmetric=["spouse_of"])
    fit(nlp, relation_examples(nlp), 60)
    return nlp.config, nlp.to_bytes()


@pytest.fixture
def trained(trained_bytes):
    """A pipeline that has learned RELATED by heart, yours to change."""
    config, data = trained_bytes
    return spacy.blank("en").from_config(config).from_bytes(data)


def predict(nlp, data=RELATED, key="sc"):
    return list(nlp.pipe(bare_doc(nlp, related, key) for related in data))


def gold_of(nlp, symmetric=()):
    """What is to be found: symmetric relations from the span that comes first."""
    gold = []
    for related in RELATED:
        triples = found_relations(gold_doc(nlp, related))
        gold.append(
            sorted(
                (*t[2:4], *t[:2], t[4]) if t[4] in symmetric and t[2] < t[0] else t for t in triples
            )
        )
    return gold


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"symmetric": ["spouse_of"]},
        {"multilabel": True},
        {"multilabel": True, "symmetric": ["spouse_of"], "spans_key": "other"},
        {"candidates": {"label_pairs": "any"}},
        {"negatives": 0.5, "loss": {"none_weight": 0.8, "positive_weight": 1.5}},
        {"model": {"biaffine_width": 4, "activation": "gelu"}},
        {"model": {"context_width": 0, "representation": "ffn_endpoints_mean"}},
        {"model": {"context_words": 0, "representation": "endpoints_mean", "dropout": 0.1}},
    ],
    ids=str,
)
def test_relations_of_ten_sentences_are_learned_by_heart(tiny_bert, settings):
    nlp = make_relations_nlp(tiny_bert, **settings)
    key = settings.get("spans_key", "sc")
    fit(nlp, relation_examples(nlp, spans_key=key), 80)
    assert nlp.evaluate(relation_examples(nlp, spans_key=key))["relations_f"] == 1.0
    docs = predict(nlp, key=key)
    assert [found_relations(doc) for doc in docs] == gold_of(nlp, settings.get("symmetric", ()))
    assert all(0.5 <= r.score <= 1 for doc in docs for r in doc._.relations)
