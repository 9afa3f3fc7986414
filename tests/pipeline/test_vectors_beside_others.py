"""Vectors of the encoder in a pipeline that has others, too."""

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.training import Example

from tests.tiny_pipeline import add_encoder, initialize, make_vectors_nlp

TEXT = "She left the bank of the river for the bank of the king"
BANKS = (3, 9)


def test_the_encoders_vectors_come_before_static_ones(tiny_bert):
    """Which stay on the lexeme."""
    nlp = make_vectors_nlp(tiny_bert)
    nlp.vocab.set_vector("bank", np.ones(7, dtype="float32"))
    doc = nlp(TEXT)
    one, other = (doc[i] for i in BANKS)
    assert np.array_equal(one.vector, doc.tensor[one.i])
    assert one.similarity(other) < 0.999
    assert one.lex.vector.tolist() == [1] * 7
    assert doc.vector.shape == doc[0:2].vector.shape == (32,)
    without = make_vectors_nlp(tiny_bert, keep=False)
    without.vocab.set_vector("bank", np.ones(7, dtype="float32"))
    assert without(TEXT)[BANKS[0]].vector.tolist() == [1] * 7


def add_tagger_on_tok2vec(nlp: Language, first: bool, width: int) -> None:
    config = {"model": {"@architectures": "spacy.HashEmbedCNN.v2", "width": width, "depth": 1,
        "embed_size": 50, "window_size": 1, "maxout_pieces": 2, "subword_features": False,
        "pretrained_vectors": None}}  # fmt: skip
    nlp.add_pipe("tok2vec", config=config, before="spanbert" if first else None)
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": width}
    nlp.add_pipe(
        "tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}}
    )


@pytest.mark.parametrize("width", [8, 32])
@pytest.mark.parametrize("first", [True, False])
def test_a_tok2vec_keeps_the_tensor_that_its_listeners_read(tiny_bert, first, width, caplog):
    """Also where it is as wide as the encoder."""
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_tagger_on_tok2vec(nlp, first, width)
    gold = {"tags": ["A", "B", "A", "B"]}
    examples = [Example.from_dict(nlp.make_doc("a bank of rivers"), gold)]
    initialize(nlp, tiny_bert, examples)
    doc, _ = nlp("a bank of rivers"), nlp("again")
    tok2vec = nlp.get_pipe("tok2vec").predict([nlp.make_doc("a bank of rivers")])[0]
    assert np.array_equal(doc.tensor, tok2vec)
    assert (doc.user_hooks, doc.user_token_hooks, doc.user_span_hooks) == ({}, {}, {})
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 1
    assert "'spanbert' sets no vectors: doc.tensor belongs to 'tok2vec'" in messages[0]
    with nlp.select_pipes(disable=["tok2vec", "tagger"]):
        assert nlp("a bank of rivers")[0].vector.shape == (32,)
        assert nlp("a bank of rivers").user_hooks


@pytest.fixture
def tagger_nlp(tiny_bert) -> Language:
    """`tok2vec` and `tagger` without an encoder."""
    nlp = spacy.blank("en")
    add_tagger_on_tok2vec(nlp, first=False, width=8)
    gold = {"tags": ["A", "B", "A", "B"]}
    nlp.initialize(lambda: [Example.from_dict(nlp.make_doc("a bank of rivers"), gold)])
    return nlp


def test_a_sourced_encoder_leaves_the_tensor_to_a_tok2vec_of_its_new_pipeline(
    tiny_bert, tagger_nlp
):
    expected = tagger_nlp(TEXT)
    tagger_nlp.add_pipe("spanbert", source=make_vectors_nlp(tiny_bert), after="tok2vec")
    doc = tagger_nlp(TEXT)
    assert np.array_equal(doc.tensor, expected.tensor)
    assert [token.tag for token in doc] == [token.tag for token in expected]


@pytest.mark.parametrize("how", ["add_pipe", "config"])
def test_a_sourced_encoder_sets_vectors_though_its_old_pipeline_had_a_tok2vec(
    tiny_bert, tagger_nlp, tmp_path, how
):
    expected = make_vectors_nlp(tiny_bert)(TEXT).tensor
    tagger_nlp.add_pipe("spanbert", source=make_vectors_nlp(tiny_bert))
    tagger_nlp.to_disk(tmp_path)
    if how == "add_pipe":
        nlp = spacy.blank("en")
        nlp.add_pipe("spanbert", source=spacy.load(tmp_path))
    else:
        sourced = {"spanbert": {"source": str(tmp_path)}}
        config = {"nlp": {"lang": "en", "pipeline": ["spanbert"]}, "components": sourced}
        nlp = spacy.util.load_model_from_config(config, auto_fill=True)
    np.testing.assert_allclose(nlp(TEXT).tensor, expected, rtol=1e-5, atol=1e-6)
