"""The relation scorer as a thinc model: training, blocks without gradients, storing."""

import numpy as np
import pytest
import torch
from thinc.api import get_current_ops

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.head_model import head_shim
from spacy_spanbert.layers.relation_scorer import (
    RelationPairs,
    build_relation_scorer,
    score_pairs,
    set_relation_sizes,
)
from spacy_spanbert.nn.relation_pairs import Arguments
from tests.layers.test_span_scorer import fixed_vectors, make_docs
from tests.tiny_pipeline import make_optimizer

LENGTHS = (7, 0, 1, 12)
# in the first, third and fourth Doc
SPANS = ((0, 2), (1, 2), (4, 7), (7, 8), (8, 14), (10, 12), (15, 20))
PAIRS = ((0, 1), (2, 0), (1, 2), (4, 5), (5, 4), (6, 4))


def make_model(**settings):
    settings = {"hidden_width": 8, "dropout": 0.0, "precision": "float32", **settings}
    model = build_relation_scorer(fixed_vectors(), **settings)
    set_relation_sizes(model, n_outputs=3, n_span_labels=2, docs=make_docs())
    with torch.no_grad():  # what starts at zero has an effect, too
        for parameter in head_shim(model).module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return model


def make_pairs() -> RelationPairs:
    ends = np.cumsum(LENGTHS)
    document = [int(np.searchsorted(ends, start, side="right")) for start, _ in SPANS]
    columns = (
        *zip(*SPANS, strict=True),
        [index % 3 for index in range(len(SPANS))],
        [int(ends[d] - LENGTHS[d]) for d in document],
        [int(ends[d]) for d in document],
    )
    arguments = Arguments(sum(LENGTHS), *(torch.tensor(column) for column in columns))
    return RelationPairs(arguments, *(torch.tensor(side) for side in zip(*PAIRS, strict=True)))


def test_blocks_without_gradients_have_the_scores_of_training():
    model, docs, pairs = make_model(), make_docs(), make_pairs()
    expected, _ = model.begin_update((docs, pairs))
    blocks = zip(pairs.heads.split(2), pairs.tails.split(2), strict=True)
    found = list(score_pairs(model, docs, pairs.arguments, blocks))
    assert torch.cat([heads for heads, _, _ in found]).tolist() == pairs.heads.tolist()
    logits = torch.cat([logits for *_, logits in found]).numpy()
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.predict((docs, pairs)), expected, rtol=1e-5, atol=1e-5)


def test_the_gradient_of_the_words_is_that_of_small_steps():
    model, docs, pairs = make_model(activation="gelu"), make_docs(), make_pairs()
    tok2vec = model.get_ref("tok2vec")
    logits, backprop = model.begin_update((docs, pairs))
    weights = np.random.default_rng(0).normal(size=logits.shape).astype("f")
    backprop(get_current_ops().asarray(weights))
    found = tok2vec.attrs["gradient"]
    module = head_shim(model).module.eval()
    words = torch.tensor(np.concatenate(tok2vec.predict(docs)))

    def loss(vectors: torch.Tensor) -> float:
        with torch.no_grad():
            scores = module(vectors, pairs.arguments, pairs.heads, pairs.tails)
        return float((scores * torch.tensor(weights)).double().sum())

    for word, column in ((0, 1), (3, 0), (9, 2), (14, 5), (19, 3)):
        step = torch.zeros_like(words)
        step[word, column] = 1e-3  # little: a maximum has kinks
        slope = (loss(words + step) - loss(words - step)) / 2e-3
        assert found[word, column] == pytest.approx(slope, rel=0.02, abs=0.01)


def test_it_learns_and_what_was_stored_scores_the_same():
    model, docs, pairs = make_model(), make_docs(), make_pairs()
    sgd = make_optimizer(0.02)
    gold = np.eye(3, dtype="f")[[0, 1, 2, 0, 1, 2]]
    for _ in range(60):
        logits, backprop = model.begin_update((docs, pairs))
        scores = np.exp(logits - logits.max(1, keepdims=True))
        backprop(scores / scores.sum(1, keepdims=True) - gold)
        model.finish_update(sgd)
    expected = model.predict((docs, pairs))
    assert expected.argmax(1).tolist() == [0, 1, 2, 0, 1, 2]
    other = build_relation_scorer(
        fixed_vectors(), hidden_width=8, dropout=0.0, precision="float32"
    ).from_bytes(model.to_bytes())
    np.testing.assert_array_equal(other.predict((docs, pairs)), expected)


def test_settings_that_cannot_be_are_refused_at_once():
    with pytest.raises(SpanbertError, match="hidden_width of 1 or more, but got 0"):
        build_relation_scorer(fixed_vectors(), hidden_width=0)
