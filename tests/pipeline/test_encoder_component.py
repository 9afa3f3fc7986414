"""The component `spanbert`: initializing, saving, settings."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy import Language
from spacy.tokens import Doc
from transformers import AutoModel, AutoTokenizer

from spacy_spanbert.layers.encoder import encoder_shim
from tests.tiny_pipeline import (
    add_encoder,
    fit,
    initialize,
    make_examples,
    make_nlp,
)

TEXT = "The old mayor of New York met the daughter of the king of France ."


def make_encoder_nlp(checkpoint: Path | None, **config) -> Language:
    nlp = spacy.blank("en")
    add_encoder(nlp, **config)
    if checkpoint is not None:
        initialize(nlp, checkpoint, [])
    return nlp


def vectors(nlp: Language, text: str = TEXT) -> np.ndarray:
    return nlp(text)._.trf_data.model_output["last_hidden_state"][0]


def initialize_with(nlp: Language, **arguments) -> None:
    nlp.config["initialize"]["components"] = {"spanbert": arguments}
    nlp.initialize(lambda: [])


def test_the_factory_runs_on_its_default_config(tiny_bert):
    nlp = spacy.blank("en")
    nlp.add_pipe("spanbert")
    initialize(nlp, tiny_bert, [])
    assert vectors(nlp).shape[1] == 32
    assert nlp.config["components"]["spanbert"]["model"]["precision"] == "auto"


@pytest.mark.parametrize("how", ["bytes", "disk"])
def test_a_saved_encoder_gives_the_same_output_with_its_checkpoint_gone(checkpoint, tmp_path, how):
    shutil.copytree(checkpoint, tmp_path / "checkpoint")
    nlp = make_encoder_nlp(tmp_path / "checkpoint", model={"window": 16})
    expected = vectors(nlp)
    shutil.rmtree(tmp_path / "checkpoint")
    if how == "disk":
        nlp.to_disk(tmp_path / "nlp")
        loaded = spacy.load(tmp_path / "nlp")
    else:
        loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert np.array_equal(vectors(loaded), expected)


def test_a_saved_encoder_holds_no_pickle_and_no_place_of_this_machine(tiny_bert, tmp_path):
    nlp = make_encoder_nlp(tiny_bert)
    nlp.config["initialize"]["components"] = {}
    nlp.to_disk(tmp_path / "nlp")
    names = {path.name for path in (tmp_path / "nlp" / "spanbert").rglob("*") if path.is_file()}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= names
    assert not {name for name in names if name.endswith((".bin", ".pt", ".pkl"))}
    for path in (tmp_path / "nlp").rglob("*"):
        if path.is_file():
            assert str(tiny_bert).encode() not in path.read_bytes(), path


@pytest.mark.parametrize("has_bfloat16", [True, False])
def test_the_saved_config_says_auto_whatever_it_resolves_to(
    monkeypatch, tiny_bert, tmp_path, has_bfloat16
):
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"amx_bf16": has_bfloat16})
    nlp = make_encoder_nlp(tiny_bert, model={"precision": "auto"})
    nlp(TEXT)
    nlp.to_disk(tmp_path / "nlp")
    config = spacy.util.load_config(tmp_path / "nlp" / "config.cfg")
    assert config["components"]["spanbert"]["model"]["precision"] == "auto"
    for path in (tmp_path / "nlp").rglob("*"):
        if path.is_file():
            assert b"bfloat16" not in path.read_bytes(), path


def test_a_checkpoint_written_by_the_component_loads_with_plain_transformers(checkpoint, tmp_path):
    nlp = make_nlp(checkpoint)
    fit(nlp, make_examples(nlp), n_steps=3)
    nlp.get_pipe("spanbert").to_checkpoint(tmp_path / "out")
    model = AutoModel.from_pretrained(tmp_path / "out").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    hidden = model(**tokenizer("the old house", return_tensors="pt")).last_hidden_state[0]
    expected = hidden.detach().numpy()[:-1]
    np.testing.assert_allclose(vectors(nlp, "the old house"), expected, rtol=1e-5, atol=1e-5)


def test_an_encoder_from_scratch_has_the_sizes_asked_for(tiny_bert):
    nlp = make_encoder_nlp(None)
    size = {"n_layers": 1, "width": 8, "n_heads": 2, "max_pieces": 64}
    initialize_with(nlp, size=size, tokenizer=str(tiny_bert), seed=1)
    assert vectors(nlp).shape[1] == 8
    module = encoder_shim(nlp.get_pipe("spanbert").model).module
    assert (module.config.num_hidden_layers, module.config.max_position_embeddings) == (1, 64)


def test_initializing_again_without_a_checkpoint_keeps_the_weights(tiny_bert):
    nlp = make_encoder_nlp(tiny_bert)
    before = vectors(nlp)
    initialize_with(nlp)
    assert np.array_equal(vectors(nlp), before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"\[initialize.components.spanbert\] checkpoint is missing"),
        ({"checkpoint": "no/such/folder/"}, "There is no folder 'no/such/folder/'"),
        ({"checkpoint": "x", "size": {}}, "checkpoint and size are both given"),
        ({"size": {}}, "size is given without tokenizer"),
    ],
)
def test_what_initialization_lacks_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        initialize_with(make_encoder_nlp(None), **arguments)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"freeze_layers": -1}, r"\[components.spanbert\] freeze_layers is 0 or more, but is -1"),
        ({"lr_scale": 0}, r"\[components.spanbert\] lr_scale is above 0, but is 0.* frozen = true"),
        ({"layer_lr_decay": 1.5}, r"\[components.spanbert\] layer_lr_decay .* but is 1.5"),
        ({"model": {"window": -3}}, "window is a number of pieces, 1 or more, but is -3"),
        ({"model": {"precision": "fp16"}}, "precision"),
        (
            {"model": {"alignment": "piece"}},
            r"^\[components\.\*\.model\] of spacy-spanbert.Encoder.v1: alignment must be",
        ),
        ({"frozzen": True}, "frozzen"),
    ],
)
def test_a_wrong_value_in_the_config_is_named_by_its_key(config, message):
    with pytest.raises(ValueError, match=message):
        add_encoder(spacy.blank("en"), **config)


def test_a_window_beyond_the_checkpoint_is_named_at_initialization(tiny_bert):
    with pytest.raises(
        ValueError, match="window is 513 pieces, but this checkpoint takes 3 to 512"
    ):
        make_encoder_nlp(tiny_bert, model={"window": 513})


def test_a_component_of_another_name_is_named_by_it(tiny_bert):
    for config, key in (
        ({"freeze_layers": 5}, r"\] freeze_layers is 5, but this encoder has 2 layers"),
        ({"model": {"window": 513}}, r"\.model\] window is 513 pieces"),
    ):
        nlp = spacy.blank("en")
        model = {"@architectures": "spacy-spanbert.Encoder.v1", **config.get("model", {})}
        nlp.add_pipe("spanbert", name="reader", config={**config, "model": model})
        nlp.config["initialize"]["components"] = {"reader": {"checkpoint": str(tiny_bert)}}
        with pytest.raises(ValueError, match=r"^\[components\.reader" + key):
            nlp.initialize(lambda: [])


def test_settings_of_learning_reach_the_optimizer_also_after_loading(tiny_bert, tmp_path):
    nlp = make_encoder_nlp(tiny_bert, freeze_layers=1, lr_scale=0.5, layer_lr_decay=0.25)
    nlp.to_disk(tmp_path / "nlp")
    for pipeline in (nlp, spacy.load(tmp_path / "nlp")):
        shim = encoder_shim(pipeline.get_pipe("spanbert").model)
        assert shim.lr_scale == 0.5
        factors = {name: factor for name, p, factor in shim.parameters() if p.requires_grad}
        assert set(factors.values()) == {1.0}
        assert all(not name.startswith(("embeddings", "encoder.layer.0")) for name in factors)
        assert {factor for _, _, factor in shim.parameters()} == {1.0, 0.25, 0.0625}


def test_a_pipeline_without_weights_says_so_when_it_is_used_saved_or_loaded(tmp_path):
    nlp = make_encoder_nlp(None)
    with pytest.raises(ValueError, match=r"no weights yet: call nlp\.initialize"):
        nlp(TEXT)
    with pytest.raises(ValueError, match=r"no weights yet: call nlp\.initialize"):
        nlp.get_pipe("spanbert").to_checkpoint(tmp_path / "checkpoint")
    nlp.to_disk(tmp_path / "nlp")
    with pytest.raises(ValueError, match=r"'spanbert' has no folder .*nlp/spanbert/checkpoint"):
        spacy.load(tmp_path / "nlp")
    loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert not loaded.get_pipe("spanbert").model.shims[0].has_module


def test_a_pipe_of_docs_is_one_forward_pass_for_each_batch(tiny_bert):
    nlp = make_encoder_nlp(tiny_bert)
    expected = [vectors(nlp, text) for text in ("a", "the old house", "")]
    docs = list(nlp.pipe(["a", "the old house", ""], batch_size=2))
    for doc, rows in zip(docs, expected, strict=True):
        found = doc._.trf_data.model_output["last_hidden_state"][0]
        np.testing.assert_allclose(found, rows, rtol=1e-5, atol=1e-5)
    assert nlp.get_pipe("spanbert").predict([]).doc_data == []


def test_extra_annotations_are_set_from_the_activations(tiny_bert):
    from spacy_transformers.util import registry

    seen = []
    registry.annotation_setters("tests.note.v1", func=lambda: lambda docs, batch: seen.append(docs))
    setter = {"@annotation_setters": "tests.note.v1"}
    nlp = make_encoder_nlp(tiny_bert, set_extra_annotations=setter)
    doc = nlp(TEXT)
    assert seen == [[doc]]


def test_an_error_in_a_batch_goes_to_the_error_handler(tiny_bert):
    nlp = make_encoder_nlp(tiny_bert)
    failed = []

    def handle(name, component, docs, error):
        failed.append((name, [doc.text for doc in docs], type(error)))

    nlp.set_error_handler(handle)
    nlp.get_pipe("spanbert").set_extra_annotations = fail_on_house
    docs = list(nlp.pipe(["a", "house", "b"], batch_size=1))
    assert [doc.text for doc in docs] == ["a", "b"]
    assert failed == [("spanbert", ["house"], KeyError)]


def fail_on_house(docs, batch) -> None:
    if any(doc.text == "house" for doc in docs):
        raise KeyError("house")


def test_words_of_a_doc_made_by_hand_are_kept(tiny_bert):
    nlp = make_encoder_nlp(tiny_bert)
    doc = nlp(Doc(nlp.vocab, words=["hou", "se"], spaces=[False, False]))
    assert (doc._.trf_data.align.lengths > 0).all()
    assert len(doc._.trf_data.align.lengths) == 2
