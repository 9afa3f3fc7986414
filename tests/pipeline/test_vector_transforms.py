"""The encoder's component and the centring or whitening of its vectors."""

import pytest
import spacy
import torch
from spacy import Language

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.vector_origin import vector_origin
from spacy_spanbert.layers.vector_transform import fit_transform
from tests.tiny_pipeline import add_encoder, initialize, make_vectors_nlp

TEXT = "She left the bank of the river for the bank of the king"


@pytest.fixture
def nlp(tiny_bert) -> Language:
    return make_vectors_nlp(tiny_bert)


@pytest.fixture
def centred(nlp) -> tuple[Language, bytes]:
    """A pipeline, and a transform that says it was fitted on its vectors."""
    encoder = nlp.get_pipe("spanbert")
    origin = vector_origin(encoder.model.shims[0], "last", "mean")
    return nlp, fit_transform([nlp(TEXT).tensor], "centre", origin).to_bytes()


@pytest.mark.parametrize(
    ("settings", "checkpoint_name", "message"),
    [
        ({}, "tiny_bert", None),
        ({"layers": [-1]}, "tiny_bert", None),
        ({"layers": [0]}, "tiny_bert", r"layers \[2\], here \[0\]"),
        ({"pooling": "first"}, "tiny_bert", "pooling mean, here first"),
        ({}, "tiny_roberta", "encoder [0-9a-f]{16}, here [0-9a-f]{16}"),
    ],
)
def test_initialization_refuses_a_transform_of_other_vectors(
    centred, tmp_path, request, settings, checkpoint_name, message
):
    (tmp_path / "centre.safetensors").write_bytes(centred[1])
    nlp = spacy.blank("en")
    add_encoder(nlp, vectors=settings)
    checkpoint = str(request.getfixturevalue(checkpoint_name))
    arguments = {"checkpoint": checkpoint, "vector_transform": str(tmp_path / "centre.safetensors")}
    nlp.config["initialize"]["components"]["spanbert"] = arguments
    if message is None:
        nlp.initialize(lambda: [])
        assert nlp.get_pipe("spanbert").vectors.transform is not None
    else:
        with pytest.raises(SpanbertError, match=f"fitted on other vectors: {message}"):
            nlp.initialize(lambda: [])


def test_a_saved_pipeline_with_a_transform_is_not_loaded_with_other_settings(centred, tmp_path):
    nlp, transform = centred
    nlp.get_pipe("spanbert").vectors.from_bytes(transform)
    nlp.to_disk(tmp_path)
    with pytest.raises(SpanbertError, match=r"other vectors: layers \[2\], here \[1\]"):
        spacy.load(tmp_path, config={"components.spanbert.vectors.layers": [1]})
    config = spacy.load(tmp_path).config.copy()
    config["components"]["spanbert"]["vectors"]["pooling"] = "first"
    with pytest.raises(SpanbertError, match="other vectors: pooling mean, here first"):
        spacy.blank("en").from_config(config).from_bytes(nlp.to_bytes(exclude=["config.cfg"]))


def test_an_encoder_that_has_learned_since_its_transform_was_fitted_says_so(
    centred, tmp_path, caplog
):
    nlp, transform = centred
    nlp.get_pipe("spanbert").vectors.from_bytes(transform)
    nlp.to_disk(tmp_path)
    spacy.load(tmp_path)
    assert not caplog.records
    with torch.no_grad():
        for parameter in nlp.get_pipe("spanbert").model.shims[0].module.parameters():
            parameter.add_(0.01)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    (record,) = caplog.records
    assert "has learned since its vector transform was fitted" in record.getMessage()
    assert loaded.get_pipe("spanbert").vectors.transform is not None


def test_a_new_encoder_does_not_inherit_a_transform(centred, tiny_roberta):
    nlp, transform = centred
    nlp.get_pipe("spanbert").vectors.from_bytes(transform)
    initialize(nlp, tiny_roberta, [])
    assert nlp.get_pipe("spanbert").vectors.transform is None
