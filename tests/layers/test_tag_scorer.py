"""The tag scorer as a thinc model: pieces, gradients, blocks, storing."""

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData, WordpieceBatch
from thinc.api import Model, Ragged
from transformers.file_utils import ModelOutput

from spacy_spanbert.layers import tag_scorer
from spacy_spanbert.layers.head_model import head_shim
from spacy_spanbert.layers.tag_scorer import TagScores, build_tag_scorer, set_tag_sizes

WIDTH = 5
# pieces of each word of each Doc, among the Doc's own
ALIGNMENTS = ([[1], [2, 3], []], [], [[3, 1, 2], [4]])
ROWS = ("all", "first", "mean", "max")


def fixed_pieces() -> Model:
    """A listener whose pieces depend on their place, and which keeps its gradient."""

    def forward(model, docs, is_train):
        def backprop(d_outputs):
            model.attrs["gradient"] = [d.model_output["last_hidden_state"] for d in d_outputs]
            return docs

        return [_output(i, words) for i, words in enumerate(ALIGNMENTS[: len(docs)])], backprop

    return Model("fixed", forward)


def _output(i: int, words: list[list[int]]) -> TransformerData:
    hidden = np.sin(np.arange(5 * WIDTH, dtype="f") + i).reshape(1, 5, WIDTH)
    flat = np.asarray([piece for word in words for piece in word], dtype="i")
    lengths = np.asarray([len(word) for word in words], dtype="i")
    output = ModelOutput(last_hidden_state=hidden)
    return TransformerData(WordpieceBatch.empty(), output, Ragged(flat, lengths))


def make_docs() -> list[Doc]:
    vocab = spacy.blank("en").vocab
    return [Doc(vocab, words=["x"] * len(words)) for words in ALIGNMENTS]


def make_scorer(has_links: bool = True, **settings) -> Model:
    model = build_tag_scorer(fixed_pieces(), **{"dropout": 0.0, "precision": "float32", **settings})
    set_tag_sizes(model, n_outputs=3, has_links=has_links, docs=make_docs())
    return model


def naive_scores(model, rows: str) -> tuple[list[torch.Tensor], list[int]]:
    """Score word by word."""
    module = head_shim(model).module
    scored, n_rows = [], []
    for i, words in enumerate(ALIGNMENTS):
        pieces = torch.from_numpy(_vectors(i))
        for word in words:
            own = pieces[word] if word else torch.zeros(1, WIDTH)
            own = {
                "all": own,
                "first": own[:1],
                "mean": own.mean(0, keepdim=True),
                "max": own.amax(0, keepdim=True),
            }[rows]
            scored.append(module(own))
            n_rows.append(len(own))
    return scored, n_rows


def _vectors(i: int) -> np.ndarray:
    return _output(i, []).model_output["last_hidden_state"][0]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("is_train", [False, True])
@pytest.mark.parametrize("hidden_width", [0, 4])
def test_words_are_scored_by_their_pieces(rows, is_train, hidden_width):
    model = make_scorer(hidden_width=hidden_width)
    scores, _ = model((make_docs(), rows), is_train)
    expected, n_rows = naive_scores(model, rows)
    np.testing.assert_allclose(scores.logits, torch.cat(expected).detach(), rtol=1e-5, atol=1e-6)
    assert scores.n_rows.tolist() == n_rows
    assert scores.links.shape == (5, 3)


@pytest.mark.parametrize("rows", ROWS)
def test_gradients_reach_pieces_weights_and_links(rows):
    """Central differences of a weighted sum, in each piece."""
    model = make_scorer(hidden_width=4)
    scores, backprop = model((make_docs(), rows), True)
    generator = np.random.default_rng(0)
    weights = generator.normal(size=scores.logits.shape).astype("f")
    links = generator.normal(size=(5, 3)).astype("f")
    backprop(TagScores(weights, scores.n_rows, links))
    found = model.get_ref("tok2vec").attrs["gradient"]
    assert [array.shape for array in found] == [(1, 5, WIDTH)] * 3
    leaves = [torch.from_numpy(_vectors(i)).requires_grad_() for i in range(3)]
    total, row = torch.zeros(()), 0
    for leaf, words in zip(leaves, ALIGNMENTS, strict=True):
        for word in words:
            own = leaf[word] if word else torch.zeros(1, WIDTH)
            if rows != "all":
                own = {"first": own[:1], "mean": own.mean(0)[None], "max": own.amax(0)[None]}[rows]
            part = head_shim(model).module(own)
            total = total + (part * torch.from_numpy(weights[row : row + len(own)])).sum()
            row += len(own)
    for array, leaf in zip(
        found, torch.autograd.grad(total, leaves, allow_unused=True), strict=True
    ):
        expected = np.zeros((5, WIDTH)) if leaf is None else leaf.numpy()
        np.testing.assert_allclose(array[0], expected, rtol=1e-4, atol=1e-5)
    module = head_shim(model).module
    np.testing.assert_allclose(module.links.grad, links, rtol=1e-5, atol=1e-6)
    assert module.output.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_long_doc_is_scored_in_blocks_as_in_one_piece(monkeypatch, rows, most):
    model = make_scorer()
    whole = model.predict((make_docs(), rows))
    monkeypatch.setattr(tag_scorer, "MAX_POOLED_WORDS", most)
    parts = model.predict((make_docs(), rows))
    np.testing.assert_allclose(parts.logits, whole.logits, rtol=1e-5, atol=1e-6)
    assert parts.n_rows.tolist() == whole.n_rows.tolist()


def test_vectors_of_words_are_as_if_each_word_had_one_piece():
    def forward(model, docs, is_train):
        def backprop(d_vectors):
            model.attrs["gradient"] = d_vectors
            return docs

        return [np.ones((len(doc), WIDTH), dtype="f") for doc in docs], backprop

    model = build_tag_scorer(Model("words", forward), dropout=0.0, precision="float32")
    set_tag_sizes(model, n_outputs=2, has_links=False, docs=make_docs())
    scores, backprop = model((make_docs(), "all"), True)
    assert scores.n_rows.tolist() == [1] * 5
    assert scores.links is None
    backprop(TagScores(np.ones_like(scores.logits), scores.n_rows, None))
    shapes = [array.shape for array in model.get_ref("tok2vec").attrs["gradient"]]
    assert shapes == [(3, WIDTH), (0, WIDTH), (2, WIDTH)]


def test_a_scorer_is_stored_with_its_sizes_and_links():
    model = make_scorer(hidden_width=4)
    with torch.no_grad():
        head_shim(model).module.links.normal_()
    loaded = build_tag_scorer(fixed_pieces(), precision="float32").from_bytes(model.to_bytes())
    expected = model.predict((make_docs(), "all"))
    found = loaded.predict((make_docs(), "all"))
    np.testing.assert_array_equal(found.logits, expected.logits)
    np.testing.assert_array_equal(found.links, expected.links)
