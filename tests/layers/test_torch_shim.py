"""Modules inside thinc models: stored without pickle, copied apart, stepped."""

import copy
import pickle

import pytest
import srsly
import torch
from thinc.api import Model

from spacy_spanbert.layers.encoder import build_encoder, encoder_shim
from spacy_spanbert.layers.encoder_shim import EncoderShim
from spacy_spanbert.layers.torch_shim import TorchShim
from tests.tiny_pipeline import make_encoder_model, make_optimizer


class Line(torch.nn.Module):
    """A module that knows its sizes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.sizes = {"width": width}
        self.layer = torch.nn.Linear(width, width)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dropout(self.layer(x))


def make_shim(width: int | None = 4, **settings: str) -> TorchShim:
    return TorchShim(None if width is None else Line(width), build=Line, **settings)


def weights(shim: TorchShim) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in shim.module.state_dict().items()}


def assert_equal(one: TorchShim, other: TorchShim) -> None:
    assert weights(one).keys() == weights(other).keys()
    for name, value in weights(one).items():
        assert torch.equal(value, weights(other)[name]), name


def step(shim: TorchShim) -> None:
    for parameter in shim.module.parameters():
        parameter.grad = torch.ones_like(parameter)
    shim.finish_update(make_optimizer(0.1))


@pytest.fixture
def no_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("pickle was used")

    for module, names in ((pickle, ("load", "loads", "dump", "dumps")), (torch, ("load", "save"))):
        for name in names:
            monkeypatch.setattr(module, name, refuse)


@pytest.mark.usefixtures("no_pickle")
def test_a_module_is_stored_as_safetensors_and_loads_into_an_empty_shim(tmp_path):
    shim, empty = make_shim(), make_shim(None)
    data = shim.to_bytes()
    message = srsly.msgpack_loads(data)
    assert message["sizes"] == {"width": 4}
    # a safetensors file begins with the length of its JSON header
    assert message["weights"][8:9] == b"{"
    assert not empty.has_module
    empty.from_bytes(data)
    assert_equal(shim, empty)
    assert empty.to_bytes() == data
    shim.to_disk(tmp_path / "model")
    assert_equal(make_shim(3).from_disk(tmp_path / "model"), shim)


@pytest.mark.usefixtures("no_pickle")
def test_an_encoder_is_stored_as_checkpoint_files_and_loads_into_an_empty_model(checkpoint):
    model = make_encoder_model(checkpoint)
    data = model.to_bytes()
    files = srsly.msgpack_loads(encoder_shim(model).to_bytes())
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= files.keys()
    assert files["model.safetensors"][8:9] == b"{"
    loaded = build_encoder(precision="float32").from_bytes(data)
    assert_equal(encoder_shim(loaded), encoder_shim(model))
    assert loaded.get_dim("nO") == 32
    assert encoder_shim(loaded).reader.special.prefix.tolist() == (
        encoder_shim(model).reader.special.prefix.tolist()
    )
    assert loaded.to_bytes() == data


def test_an_empty_shim_stores_that_it_is_empty():
    assert not make_shim(None).from_bytes(make_shim(None).to_bytes()).has_module
    assert not make_shim(4).from_bytes(make_shim(None).to_bytes()).has_module
    assert not EncoderShim().from_bytes(EncoderShim().to_bytes()).has_module


def test_an_empty_shim_is_stepped_without_error_and_says_what_it_lacks():
    shim = make_shim(None)
    shim.finish_update(make_optimizer())
    with pytest.raises(ValueError, match=r"no weights yet: call nlp\.initialize"):
        _ = shim.module


@pytest.mark.parametrize("copy_it", [lambda shim: shim.copy(), copy.deepcopy])
def test_a_copy_and_its_original_learn_apart(copy_it):
    shim = make_shim()
    step(shim)
    copied = copy_it(shim)
    assert copied.id != shim.id
    assert_equal(copied, shim)
    before = weights(shim)
    step(copied)
    assert all(torch.equal(before[name], value) for name, value in weights(shim).items())
    assert not torch.equal(before["layer.weight"], weights(copied)["layer.weight"])


def test_a_copy_begins_with_a_fresh_optimizer():
    """As a module does that was loaded from the same bytes."""
    shim = make_shim()
    step(shim)
    copied, loaded = shim.copy(), make_shim(None).from_bytes(shim.to_bytes())
    step(copied), step(loaded)
    assert_equal(copied, loaded)


def test_a_copied_encoder_stores_and_learns_its_own_weights(tiny_bert):
    model = make_encoder_model(tiny_bert)
    data = model.to_bytes()
    copied = copy.deepcopy(model) if False else model.copy()
    step(encoder_shim(copied))
    assert model.to_bytes() == data
    assert copied.to_bytes() != data
    loaded = build_encoder().from_bytes(copied.to_bytes())
    assert_equal(encoder_shim(loaded), encoder_shim(copied))


def test_a_module_that_replaces_another_is_stepped_instead():
    shim = make_shim()
    step(shim)
    old, new = shim.module, Line(4)
    shim.set_module(new)
    kept = {name: value.clone() for name, value in old.state_dict().items()}
    before = weights(shim)
    step(shim)
    assert all(torch.equal(value, kept[name]) for name, value in old.state_dict().items())
    assert not torch.equal(before["layer.weight"], weights(shim)["layer.weight"])


def test_dropout_and_gradients_are_for_training_only():
    shim = make_shim()
    with shim.inference() as module:
        assert not module(torch.ones(2, 4)).requires_grad
        assert not module.training
    with torch.no_grad(), shim.training() as module:
        assert module.training
        assert module(torch.ones(2, 4)).requires_grad


@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_matrix_products_run_in_the_stated_precision(mode, precision):
    with getattr(make_shim(precision=precision), mode)() as module:
        assert module(torch.ones(2, 4)).dtype == getattr(torch, precision)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match='precision must be "auto", "float32" or "bfloat16"'):
        make_shim(precision="half")


def test_moving_to_a_device_keeps_weights_and_what_is_fixed(tiny_bert):
    shim = encoder_shim(make_encoder_model(tiny_bert))
    shim.freeze(1)
    before, fixed = weights(shim), [p.requires_grad for p in shim.module.parameters()]
    step_before = shim._module_optimizer
    shim.to_device("cpu", 0)
    assert [p.requires_grad for p in shim.module.parameters()] == fixed
    assert all(torch.equal(value, before[name]) for name, value in weights(shim).items())
    assert step_before is None


def test_without_a_module_there_is_nothing_to_move():
    shim = TorchShim(None)
    shim.to_device("cpu", 0)
    assert not shim.has_module


def test_parameter_averages_of_a_thinc_optimizer_do_no_harm():
    model: Model = Model("line", lambda *args: None, shims=[make_shim()])
    before = weights(model.shims[0])
    with model.use_params({}):
        assert torch.equal(weights(model.shims[0])["layer.weight"], before["layer.weight"])
