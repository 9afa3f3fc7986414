"""The encoder's gradient against plain autograd through Hugging Face's model."""

import numpy as np
import pytest
import torch

from spacy_spanbert.layers.encoder import encoder_shim
from tests.layers.conftest import rows_of
from tests.tiny_pipeline import make_encoder_model

TEXTS = ("the old house", "She said that he would not come", "a", "")


def gradients(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: p.grad for name, p in module.named_parameters() if p.grad is not None}


def assert_equal(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=2e-5, msg=name)


@pytest.mark.parametrize("batch_pieces", [1, 4096])
def test_gradient_is_that_of_plain_autograd(hugging_face, make_docs, batch_pieces):
    model = make_encoder_model(hugging_face.folder, batch_pieces=batch_pieces)
    batch, backprop = model.begin_update(make_docs(*TEXTS))
    n_rows = [len(rows_of(data)) for data in batch.doc_data]
    weights = torch.randn(sum(n_rows), 32)
    backprop(weights.numpy())

    expected = torch.cat([hugging_face.rows(text) for text in TEXTS])
    (expected * weights).sum().backward()
    assert_equal(gradients(encoder_shim(model).module), gradients(hugging_face.model))


def test_gradient_of_a_long_text_is_that_of_its_windows(hugging_face, make_docs):
    model = make_encoder_model(hugging_face.folder, window=8, stride=4)
    docs = make_docs(" ".join(TEXTS[:3] * 2))
    batch, backprop = model.begin_update(docs)
    weights = torch.randn(len(rows_of(batch.doc_data[0])), 32)
    backprop(weights.numpy())

    encoded = encoder_shim(model).reader.encode(docs)[0]
    windows, ids = encoded.windows, encoded.pieces.ids.tolist()
    loss = torch.zeros(())
    for index in range(len(windows)):
        start = windows.starts[index]
        hidden = hugging_face.encode(ids[start : windows.ends[index]])
        loss = loss + (hidden[0] * weights[index]).sum()
        for piece in range(windows.home_starts[index], windows.home_ends[index]):
            loss = loss + (hidden[1 + piece - start] * weights[len(windows) + piece]).sum()
    loss.backward()
    assert_equal(gradients(encoder_shim(model).module), gradients(hugging_face.model))


def test_gradients_of_two_batches_add_up(hugging_face, make_docs):
    model = make_encoder_model(hugging_face.folder)
    weights = torch.randn(32)
    for text in TEXTS:
        batch, backprop = model.begin_update(make_docs(text))
        backprop(weights.expand(len(rows_of(batch.doc_data[0])), 32).numpy())
    (torch.cat([hugging_face.rows(text) for text in TEXTS]) @ weights).sum().backward()
    assert_equal(gradients(encoder_shim(model).module), gradients(hugging_face.model))


def test_an_encoder_with_all_layers_fixed_takes_a_gradient_without_error(tiny_bert, make_docs):
    model = make_encoder_model(tiny_bert)
    encoder_shim(model).freeze(2)
    batch, backprop = model.begin_update(make_docs("a"))
    backprop(np.ones_like(rows_of(batch.doc_data[0])))
    assert gradients(encoder_shim(model).module) == {}


def test_more_fixed_layers_than_there_are_is_refused(tiny_bert):
    model = make_encoder_model(tiny_bert)
    with pytest.raises(ValueError, match=r"freeze_layers is 3, but this encoder has 2 layers"):
        encoder_shim(model).freeze(3)
