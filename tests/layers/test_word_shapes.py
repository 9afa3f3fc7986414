import numpy as np
import pytest
import spacy
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, Optimizer

from spacy_spanbert.layers.word_shapes import WordVectors, build_word_shapes
from tests.tiny_pipeline import add_encoder, fit, found_spans, initialize, make_examples

NLP = spacy.blank("en")
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
}


def make_docs(*texts: str) -> list[Doc]:
    return [NLP(text) for text in texts]


def lengths_layer(received: list[list[np.ndarray]]) -> WordVectors:
    """Each word's vector is its length, twice; the gradients are kept."""

    def forward(model: Model, docs: list[Doc], is_train: bool):
        def backprop(gradients: list[np.ndarray]) -> list[Doc]:
            received.append(gradients)
            return docs

        vectors = [[[len(word), len(word)] for word in doc] for doc in docs]
        return [np.asarray(v, "f").reshape(-1, 2) for v in vectors], backprop

    return Model("lengths", forward, dims={"nO": 2})


def make_model(received: list[list[np.ndarray]] | None = None) -> WordVectors:
    model = build_word_shapes(lengths_layer([] if received is None else received), 3, 64)
    model.initialize(X=make_docs("One two"))
    return model


def test_it_is_registered() -> None:
    assert registry.architectures.get("spacy-spanbert.WordShapes.v1") is build_word_shapes


def test_a_vector_is_the_inner_one_and_then_the_shapes() -> None:
    (vectors,) = make_model().predict(make_docs("Anna met Omar , 1 2"))
    assert vectors.shape == (6, 5)
    assert vectors[:, 0].tolist() == vectors[:, 1].tolist() == [4, 3, 4, 1, 1, 1]
    anna, met, omar, comma, one, two = vectors[:, 2:].tolist()
    assert anna == omar  # both Xxxx
    assert one == two  # both d
    assert anna != met != comma


@pytest.mark.parametrize("texts", [[""], ["", "One two"], ["One two", "", "Three"], []])
def test_docs_without_words_have_no_vectors_and_stay_in_place(texts: list[str]) -> None:
    received: list[list[np.ndarray]] = []
    model = make_model(received)
    docs = make_docs(*texts)
    outputs, backprop = model.begin_update(docs)
    assert [output.shape for output in outputs] == [(len(doc), 5) for doc in docs]
    backprop([np.ones((len(doc), 5), "f") for doc in docs])
    assert [gradient.shape for gradient in received[0]] == [(len(doc), 2) for doc in docs]


def test_each_part_gets_its_own_columns_of_the_gradient() -> None:
    received: list[list[np.ndarray]] = []
    model = make_model(received)
    docs = make_docs("Anna", "met Omar")
    outputs, backprop = model.begin_update(docs)
    before = [output.copy() for output in outputs]
    backprop([np.tile(np.asarray([1, 2, 3, 4, 5], "f"), (len(doc), 1)) for doc in docs])
    assert [gradient.tolist() for gradient in received[0]] == [[[1, 2]], [[1, 2], [1, 2]]]
    model.finish_update(Optimizer(0.1, L2=0.0, grad_clip=0.0))
    after = model.predict(docs)
    assert (after[0][:, :2] == before[0][:, :2]).all()
    assert (after[0][:, 2:] < before[0][:, 2:]).all()  # down the gradient


def test_capitals_tell_spans_apart_that_an_uncased_encoder_cannot(tiny_bert) -> None:
    data = [
        (["the", "house"], []),
        (["the", "House"], [(1, 2, "FAC")]),
        (["old", "king"], []),
        (["old", "King"], [(1, 2, "PER")]),
    ]
    nlp = spacy.blank("en")
    add_encoder(nlp)
    nlp.add_pipe(
        "spanbert_spancat",
        config={
            "model": {
                "@architectures": "spacy-spanbert.SpanScorer.v1",
                "hidden_width": 32,
                "tok2vec": {"@architectures": "spacy-spanbert.WordShapes.v1", "tok2vec": LISTENER},
            }
        },
    )
    examples = make_examples(nlp, data)
    initialize(nlp, tiny_bert, examples)
    fit(nlp, examples, 60)
    assert nlp.evaluate(examples)["spans_sc_f"] == 1.0
    again = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    doc = Doc(again.vocab, words=["the", "House"])
    assert found_spans(again(doc)) == found_spans(nlp(Doc(nlp.vocab, words=["the", "House"])))
