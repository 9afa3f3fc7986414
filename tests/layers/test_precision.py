"""In which number format the encoder runs, and in which its weights stay."""

import numpy as np
import pytest
import torch

from spacy_spanbert.layers.encoder import encoder_shim
from spacy_spanbert.layers.precision import resolve_precision
from tests.layers.conftest import rows_of
from tests.tiny_pipeline import make_encoder_model, make_optimizer

CPU = torch.device("cpu")
TEXTS = ("the old house", "She said that he would not come")
# bfloat16 keeps 8 bits; measured over two layers: 0.02
BFLOAT16 = {"rtol": 0.05, "atol": 0.06}


def pretend(monkeypatch: pytest.MonkeyPatch, **capabilities: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)


@pytest.mark.parametrize("name", ["amx_bf16", "avx512_bf16"])
def test_auto_is_bfloat16_where_the_processor_multiplies_in_it(monkeypatch, name):
    pretend(monkeypatch, avx512=True, **{name: True})
    assert resolve_precision("auto", CPU) == torch.bfloat16


def test_auto_is_float32_on_other_processors(monkeypatch):
    pretend(monkeypatch, avx512=True, amx_bf16=False, avx2=True)
    assert resolve_precision("auto", CPU) == torch.float32
    pretend(monkeypatch)
    assert resolve_precision("auto", CPU) == torch.float32


@pytest.mark.parametrize("has_bfloat16", [True, False])
def test_auto_knows_the_processor_with_older_versions_of_torch(monkeypatch, has_bfloat16):
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_bfloat16)
    expected = torch.bfloat16 if has_bfloat16 else torch.float32
    assert resolve_precision("auto", CPU) == expected


def test_auto_is_float32_on_a_device_it_knows_nothing_of(monkeypatch):
    pretend(monkeypatch, amx_bf16=True)
    assert resolve_precision("auto", torch.device("meta")) == torch.float32


@pytest.mark.parametrize("has_bfloat16", [True, False])
def test_a_stated_precision_is_kept_on_every_processor(monkeypatch, has_bfloat16):
    pretend(monkeypatch, amx_bf16=has_bfloat16)
    assert resolve_precision("bfloat16", CPU) == torch.bfloat16
    assert resolve_precision("float32", CPU) == torch.float32


def test_auto_runs_in_what_it_resolves_to(monkeypatch, tiny_bert, make_docs):
    docs = make_docs(*TEXTS)
    outputs = {}
    for precision in ("float32", "bfloat16"):
        model = make_encoder_model(tiny_bert, precision=precision)
        outputs[precision] = model.predict(docs).model_output["last_hidden_state"]
    assert not np.array_equal(outputs["float32"], outputs["bfloat16"])
    for has_bfloat16, precision in ((True, "bfloat16"), (False, "float32")):
        pretend(monkeypatch, amx_bf16=has_bfloat16)
        model = make_encoder_model(tiny_bert, precision="auto")
        found = model.predict(docs).model_output["last_hidden_state"]
        assert np.array_equal(found, outputs[precision])


@pytest.mark.parametrize("is_train", [True, False])
def test_bfloat16_stays_close_to_float32(checkpoint, make_docs, is_train):
    docs = make_docs(*TEXTS)
    outputs = []
    for precision in ("float32", "bfloat16"):
        model = make_encoder_model(checkpoint, precision=precision)
        batch, _ = model(docs, is_train=is_train)
        outputs.append(np.concatenate([rows_of(data) for data in batch.doc_data]))
    assert outputs[1].dtype == np.float32
    assert not np.array_equal(outputs[0], outputs[1])
    np.testing.assert_allclose(outputs[1], outputs[0], **BFLOAT16)


def learn(model, docs) -> None:
    batch, backprop = model.begin_update(docs)
    n_rows = sum(len(rows_of(data)) for data in batch.doc_data)
    backprop(np.random.rand(n_rows, 32).astype("f"))
    model.finish_update(make_optimizer(0.05))


def test_weights_and_gradients_stay_in_float32(tiny_bert, make_docs):
    model = make_encoder_model(tiny_bert, precision="bfloat16")
    module = encoder_shim(model).module
    model.predict(make_docs(*TEXTS))
    before = module.get_input_embeddings().weight.detach().clone()
    batch, backprop = model.begin_update(make_docs(*TEXTS))
    backprop(np.random.rand(batch.tensors[0].shape[1], 32).astype("f"))
    assert {p.grad.dtype for p in module.parameters() if p.grad is not None} == {torch.float32}
    model.finish_update(make_optimizer())
    assert {p.dtype for p in module.parameters()} == {torch.float32}
    assert not torch.equal(module.get_input_embeddings().weight, before)


def test_prediction_in_bfloat16_follows_an_update(tiny_bert, make_docs):
    docs = make_docs(*TEXTS)
    low = make_encoder_model(tiny_bert, precision="bfloat16")
    before = low.predict(docs).model_output["last_hidden_state"]
    learn(low, docs)
    after = low.predict(docs).model_output["last_hidden_state"]
    exact = make_encoder_model(tiny_bert)
    encoder_shim(exact).module.load_state_dict(encoder_shim(low).module.state_dict())
    expected = exact.predict(docs).model_output["last_hidden_state"]
    assert np.abs(before - expected).max() > 0.2
    np.testing.assert_allclose(after, expected, **BFLOAT16)


def test_the_copy_in_bfloat16_is_made_once_while_weights_stay(tiny_bert, make_docs):
    model = make_encoder_model(tiny_bert, precision="bfloat16")
    shim = encoder_shim(model)
    with shim.inference() as first, shim.inference() as second:
        assert first is second
        assert {p.dtype for p in first.parameters()} == {torch.bfloat16}
    learn(model, make_docs("a"))
    with shim.inference() as third:
        assert third is not first


def test_a_copied_or_loaded_model_does_not_predict_from_the_others_weights(tiny_bert, make_docs):
    docs = make_docs(*TEXTS)
    model = make_encoder_model(tiny_bert, precision="bfloat16")
    before = model.predict(docs).model_output["last_hidden_state"]
    copied = model.copy()
    learn(model, docs)
    assert np.array_equal(copied.predict(docs).model_output["last_hidden_state"], before)
    moved = model.predict(docs).model_output["last_hidden_state"]
    copied.from_bytes(model.to_bytes())
    assert np.array_equal(copied.predict(docs).model_output["last_hidden_state"], moved)
