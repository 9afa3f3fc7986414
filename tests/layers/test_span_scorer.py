"""The span scorer as a thinc model: blocks, training in parts, gradients, storing."""

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from thinc.api import Model

from spacy_spanbert.layers import span_scorer
from spacy_spanbert.layers.head_model import head_shim
from spacy_spanbert.layers.span_scorer import (
    build_span_scorer,
    score_all,
    score_given,
    set_sizes,
)
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.representations import REPRESENTATIONS
from spacy_spanbert.nn.scorer import SpanScorer
from tests.tiny_pipeline import make_optimizer

WIDTH = 6
MAX_LENGTH = 4
LENGTHS = (7, 0, 1, 12)
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def fixed_vectors() -> Model:
    """A tok2vec whose vectors depend on the place in the Doc, and which keeps its gradient."""

    def forward(model, docs, is_train):
        def backprop(d_vectors):
            model.attrs["gradient"] = np.concatenate(d_vectors)
            return docs

        places = [np.arange(len(doc) * WIDTH, dtype="f").reshape(-1, WIDTH) for doc in docs]
        return [np.sin(place + i) for i, place in enumerate(places)], backprop

    return Model("fixed", forward)


def make_scorer(n_outputs: int = 3, **settings):
    settings = {"hidden_width": 8, "dropout": 0.0, "precision": "float32", **settings}
    model = build_span_scorer(fixed_vectors(), **settings)
    set_sizes(model, n_outputs=n_outputs, max_length=MAX_LENGTH, docs=make_docs())
    with torch.no_grad():  # what starts at zero has an effect, too
        for parameter in head_shim(model).module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return model


def make_docs(lengths=LENGTHS) -> list[Doc]:
    vocab = spacy.blank("en").vocab
    return [Doc(vocab, words=["x"] * n) for n in lengths]


def reach_of(docs: list[Doc]) -> torch.Tensor:
    reach = [min(MAX_LENGTH, len(doc) - i) for doc in docs for i in range(len(doc))]
    return torch.tensor(reach, dtype=torch.long)


def collect(blocks):
    """{(start, length): logits} of all blocks; no span twice."""
    spans = [row for block in blocks for row in zip(*(x.tolist() for x in block), strict=True)]
    found = {(start, length): logits for start, length, logits in spans}
    assert len(found) == len(spans)
    return found


def all_logits(model, docs):
    candidates = SpanCandidates.all_spans(reach_of(docs))
    logits = model.predict((docs, candidates))
    keys = zip(candidates.starts.tolist(), candidates.lengths.tolist(), strict=True)
    return {key: row.tolist() for key, row in zip(keys, logits, strict=True)}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for key, logits in expected.items():
        np.testing.assert_allclose(found[key], logits, **CLOSE, err_msg=str(key))


@pytest.mark.parametrize("block_words", [1, 3, 5, 1024])
@pytest.mark.parametrize("settings", [{}, {"biaffine_width": 4}, {"conv_layers": 2}])
def test_blocks_give_the_scores_of_the_whole(monkeypatch, block_words, settings):
    docs, model = make_docs(), make_scorer(**settings)
    expected = all_logits(model, docs)
    monkeypatch.setattr(span_scorer, "BLOCK_WORDS", block_words)
    assert_same(collect(score_all(model, docs, reach_of(docs))), expected)


@pytest.mark.parametrize("representation", REPRESENTATIONS)
@pytest.mark.parametrize("block_words", [1, 3, 1024])
def test_given_spans_have_the_scores_they_have_among_all(monkeypatch, representation, block_words):
    docs, model = make_docs(), make_scorer(representation=representation)
    expected = all_logits(model, docs)
    keys = sorted(expected)[::3]
    monkeypatch.setattr(span_scorer, "BLOCK_WORDS", block_words)
    starts, lengths = torch.tensor(keys).T.contiguous()
    found = collect(score_given(model, docs, starts, lengths))
    assert_same(found, {key: expected[key] for key in keys})


def test_no_given_spans_give_no_blocks():
    nothing = torch.zeros(0, dtype=torch.long)
    assert list(score_given(make_scorer(), make_docs(), nothing, nothing)) == []


def test_a_span_does_not_see_words_outside_it():
    """Whatever lies around: the same word vectors give the same scores in another batch."""
    model = make_scorer()
    alone, batched = all_logits(model, make_docs((7,))), all_logits(model, make_docs((7, 9)))
    assert_same({key: batched[key] for key in alone}, alone)


def learn(model, docs, candidates, d_logits):
    logits, backprop = model.begin_update((docs, candidates))
    backprop(d_logits)
    parameters = head_shim(model).module.named_parameters()
    gradient = {name: p.grad.clone() for name, p in parameters if p.grad is not None}
    head_shim(model).module.zero_grad()
    return logits, gradient, model.get_ref("tok2vec").attrs["gradient"]


@pytest.mark.parametrize("settings", [{}, {"conv_layers": 2, "biaffine_width": 4}])
@pytest.mark.parametrize("max_spans", [1, 12, 40])
@pytest.mark.parametrize("is_given", [False, True])
def test_training_in_parts_has_the_scores_and_gradients_of_the_whole(
    monkeypatch, settings, max_spans, is_given
):
    docs, model = make_docs(), make_scorer(**(settings if not is_given else {}))
    candidates = SpanCandidates.all_spans(reach_of(docs))
    if is_given:
        chosen = torch.randperm(candidates.n_spans)[:50]
        candidates = SpanCandidates.given_spans(
            candidates.starts[chosen], candidates.lengths[chosen], sum(LENGTHS)
        )
    d_logits = np.random.rand(candidates.n_spans, 3).astype("f")
    whole = learn(model, docs, candidates, d_logits)
    monkeypatch.setattr(span_scorer, "MAX_TRAINING_SPANS", max_spans)
    parts = learn(model, docs, candidates, d_logits)
    np.testing.assert_allclose(parts[0], whole[0], **CLOSE)
    assert parts[1].keys() == whole[1].keys()
    for name, gradient in whole[1].items():
        torch.testing.assert_close(parts[1][name], gradient, rtol=1e-4, atol=1e-4, msg=name)
    np.testing.assert_allclose(parts[2], whole[2], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("max_length", [2, 4, 8, 16])
def test_a_block_of_training_holds_no_more_spans_the_longer_they_may_be(monkeypatch, max_length):
    sizes = []
    score = SpanScorer.forward

    def noting(self, words, candidates):
        sizes.append(candidates.n_spans)
        return score(self, words, candidates)

    monkeypatch.setattr(SpanScorer, "forward", noting)
    monkeypatch.setattr(span_scorer, "MAX_TRAINING_SPANS", 32)
    docs, model = make_docs((60,)), make_scorer()
    candidates = SpanCandidates.all_spans([min(max_length, 60 - i) for i in range(60)])
    model.begin_update((docs, candidates))
    assert sum(sizes) == candidates.n_spans
    assert 16 <= max(sizes) <= 32


def test_gradients_are_those_of_plain_autograd():
    docs, model = make_docs(), make_scorer()
    candidates = SpanCandidates.all_spans(reach_of(docs))
    d_logits = torch.randn(candidates.n_spans, 3)
    _, found, d_words = learn(model, docs, candidates, d_logits.numpy())
    vectors = np.concatenate(model.get_ref("tok2vec").predict(docs))
    words = torch.tensor(vectors, requires_grad=True)
    module = head_shim(model).module
    (module(words, candidates) * d_logits).sum().backward()
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, msg=name)
    np.testing.assert_allclose(d_words, words.grad.numpy(), **CLOSE)


@pytest.mark.parametrize("is_given", [True, False])
def test_a_batch_without_candidates_has_a_gradient_of_zero(is_given):
    docs, model = make_docs(), make_scorer()
    nothing = torch.zeros(0, dtype=torch.long)
    candidates = (
        SpanCandidates.given_spans(nothing, nothing, sum(LENGTHS))
        if is_given
        else SpanCandidates.all_spans(torch.zeros(sum(LENGTHS), dtype=torch.long))
    )
    logits, _, d_words = learn(model, docs, candidates, np.zeros((0, 3), dtype="f"))
    assert logits.shape == (0, 3)
    assert d_words.shape == (sum(LENGTHS), WIDTH)
    assert not d_words.any()


def test_the_gradient_is_split_by_doc():
    docs, model = make_docs(), make_scorer()
    shapes = []
    tok2vec = model.get_ref("tok2vec")
    inner = tok2vec._func

    def noting(model, docs, is_train):
        vectors, backprop = inner(model, docs, is_train)

        def note(d_vectors):
            shapes.extend(d.shape for d in d_vectors)
            return backprop(d_vectors)

        return vectors, note

    tok2vec._func = noting
    candidates = SpanCandidates.all_spans(reach_of(docs))
    learn(model, docs, candidates, np.ones((candidates.n_spans, 3), dtype="f"))
    assert shapes == [(n, WIDTH) for n in LENGTHS]


@pytest.mark.parametrize("representation", REPRESENTATIONS)
def test_a_scorer_loads_into_one_without_weights(representation):
    model = make_scorer(representation=representation, biaffine_width=2, conv_layers=1)
    # settings of the config it is loaded into do not matter: the stored sizes do
    empty = build_span_scorer(fixed_vectors(), precision="float32")
    empty.from_bytes(model.to_bytes())
    docs = make_docs()
    assert_same(all_logits(empty, docs), all_logits(model, docs))
    assert empty.get_dim("nO") == 3


def test_dropout_acts_in_training_only():
    docs, model = make_docs(), make_scorer(dropout=0.5)
    candidates = SpanCandidates.all_spans(reach_of(docs))
    inputs = (docs, candidates)
    assert np.array_equal(model.predict(inputs), model.predict(inputs))
    first, second = (model.begin_update(inputs)[0] for _ in range(2))
    assert not np.array_equal(first, second)


def test_a_step_lowers_the_loss_it_is_taken_for():
    docs, model = make_docs(), make_scorer()
    candidates = SpanCandidates.all_spans(reach_of(docs))

    def loss_and_step():
        logits, backprop = model.begin_update((docs, candidates))
        backprop(2 * logits)
        model.finish_update(make_optimizer(0.01))
        return float((logits**2).sum())

    losses = [loss_and_step() for _ in range(5)]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"representation": "mean"}, "Unknown representation 'mean'"),
        ({"hidden_width": 0}, "hidden_width of 1 or more, but got 0"),
        ({"dropout": 1.0}, "dropout from 0 to below 1, but got 1.0"),
    ],
)
def test_a_setting_that_cannot_be_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        make_scorer(**settings)
