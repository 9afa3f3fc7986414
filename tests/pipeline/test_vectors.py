"""Vectors of words from the component `spanbert`."""

import weakref
from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from spacy import Language
from spacy.tokens import Doc
from transformers import AutoModel, AutoTokenizer

from spacy_spanbert import restore_vectors
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.vector_transform import fit_transform
from tests.several_processes import assert_done
from tests.tiny_pipeline import (
    add_encoder,
    initialize,
    make_examples,
    make_nlp,
    make_optimizer,
    make_vectors_nlp,
)

TEXT = "She left the bank of the river for the bank of the king"
BANKS = (3, 9)
ROOT = Path(__file__).parents[2]


@pytest.fixture
def nlp(tiny_bert: Path) -> Language:
    return make_vectors_nlp(tiny_bert)


def hidden_states(checkpoint: Path, text: str) -> tuple[list[torch.Tensor], list[list[int]]]:
    """Every layer of plain transformers, and the rows of each word of the text.

    A piece that stands for a blank alone belongs to no word.
    """
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModel.from_pretrained(checkpoint).eval()
    encoding = tokenizer(text, return_tensors="pt", return_offsets_mapping=True)
    offsets = encoding.pop("offset_mapping")[0].tolist()
    words: dict[int, list[int]] = {}
    for row, (word, (start, end)) in enumerate(zip(encoding.word_ids(), offsets, strict=True)):
        if end > start:
            words.setdefault(word, []).append(row)
    output = model(**encoding, output_hidden_states=True)
    return [layer[0].detach() for layer in output.hidden_states], list(words.values())


@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize(
    ("layers", "meant"),
    [("last", [2]), ("last_four_mean", [1, 2]), ([0], [0]), ([-1, 0], [0, 2]), ([2], [2])],
)
def test_vectors_are_what_plain_transformers_and_a_loop_make(checkpoint, layers, meant, pooling):
    states, rows = hidden_states(checkpoint, TEXT)
    mean = torch.stack([states[number] for number in meant]).mean(dim=0)
    taken = rows if pooling == "mean" else [own[:1] for own in rows]
    expected = torch.stack([mean[own].mean(dim=0) for own in taken]).numpy()
    nlp = make_vectors_nlp(checkpoint, layers=layers, pooling=pooling)
    docs = list(nlp.pipe(["", TEXT, "He did"]))
    np.testing.assert_allclose(docs[1].tensor, expected, rtol=1e-4, atol=1e-4)
    assert docs[0].tensor.shape == (0, 32)
    assert docs[1].tensor.dtype == np.float32


@pytest.mark.parametrize("layers", ["last", "last_four_mean"])
def test_a_long_doc_in_many_windows_has_a_vector_for_each_word(tiny_bert, layers):
    nlp = make_vectors_nlp(tiny_bert, {"window": 16, "batch_pieces": 32}, layers=layers)
    doc = nlp(" ".join([TEXT] * 20))
    assert doc.tensor.shape == (len(doc), 32)
    assert (np.abs(doc.tensor).sum(axis=1) > 0.1).all()


def test_vectors_are_on_by_default_and_what_a_listener_with_mean_pooling_gets(tiny_bert):
    nlp = make_nlp(tiny_bert)
    doc = nlp(TEXT)
    listened = nlp.get_pipe("spanbert_spancat").model.get_ref("tok2vec").predict([doc])[0]
    assert np.array_equal(doc.tensor, listened)


def test_all_of_spacys_vector_attributes_work_without_a_warning(nlp):
    doc = nlp(TEXT)
    one, other = (doc[i] for i in BANKS)
    assert one.text == other.text
    assert one.similarity(other) < 0.999
    assert doc[3:6].similarity(doc[9:12]) < 0.999
    assert doc.similarity(nlp("He did not come")) < 0.999
    assert doc.similarity(nlp(TEXT)) == pytest.approx(1, abs=1e-5)
    for thing in (doc, doc[3:6], one):
        assert thing.has_vector
        assert thing.vector.shape == (32,)
        assert thing.vector_norm == pytest.approx(np.linalg.norm(thing.vector), rel=1e-5)
        assert thing.similarity(doc) == pytest.approx(doc.similarity(thing), abs=1e-6)


def test_a_doc_that_is_annotated_again_has_the_new_vectors(nlp, tiny_roberta):
    doc = nlp(TEXT)
    before = doc.vector.copy()
    assert doc.vector_norm
    initialize(nlp, tiny_roberta, [])
    doc = nlp(doc)
    assert not np.allclose(doc.vector, before)
    np.testing.assert_allclose(doc.vector, nlp(TEXT).vector, rtol=1e-5, atol=1e-6)


def test_without_keep_docs_have_no_vectors_and_no_layer_is_added_up(tiny_bert, monkeypatch):
    nlp = make_vectors_nlp(tiny_bert, layers="last_four_mean", keep=False)
    monkeypatch.setattr("spacy_spanbert.layers.encoder_run.LayerMean", None)
    doc = nlp(TEXT)
    assert doc.tensor.size == 0
    assert (doc.user_hooks, doc.user_token_hooks, doc.user_span_hooks) == ({}, {}, {})
    assert not doc.has_vector
    with pytest.raises(SpanbertError, match="keep = false"):
        restore_vectors(doc)


def test_the_encoders_output_on_docs_is_the_last_layer_whatever_layers_vectors_have(tiny_bert):
    docs = [make_vectors_nlp(tiny_bert, layers=layers)(TEXT) for layers in ("last", [0, 1])]
    outputs = [doc._.trf_data.model_output for doc in docs]
    assert list(outputs[1]) == ["last_hidden_state"]
    assert np.array_equal(*(output["last_hidden_state"] for output in outputs))


@pytest.mark.parametrize("frozen", [False, True])
def test_training_adds_no_layers_up_and_leaves_nothing_behind(tiny_bert, monkeypatch, frozen):
    nlp = make_nlp(tiny_bert, encoder={"vectors": {"layers": [0, 1]}, "frozen": frozen})
    examples = make_examples(nlp)
    before = nlp(TEXT).tensor
    with monkeypatch.context() as patched:
        patched.setattr("spacy_spanbert.layers.encoder_run.LayerMean", None)
        nlp.update(examples, sgd=make_optimizer())
    assert all(example.predicted.tensor.size == 0 for example in examples)
    assert np.array_equal(nlp(TEXT).tensor, before) == frozen


def test_a_component_that_annotates_while_it_learns_sets_vectors_that_go_with_their_batch(
    tiny_bert, monkeypatch
):
    nlp = make_nlp(tiny_bert)
    alive: list[weakref.ref] = []
    encoder = nlp.get_pipe("spanbert")
    pool = encoder.vectors.pool

    def watch(batch):
        pooled = pool(batch)
        alive.extend(weakref.ref(vectors) for vectors in pooled)
        return pooled

    monkeypatch.setattr(encoder.vectors, "pool", watch)
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=make_optimizer(), annotates=["spanbert"])
    assert len(alive) == 6
    assert all(vectors() is None for vectors in alive[:4])


@pytest.mark.parametrize("how", ["disk", "bytes"])
@pytest.mark.parametrize("kind", [None, "centre", "whiten"])
def test_a_saved_pipeline_has_the_same_vectors(tiny_bert, tmp_path, how, kind):
    nlp = make_vectors_nlp(tiny_bert, layers=[1], pooling="first")
    plain = nlp(TEXT).tensor
    if kind is not None:
        transform = fit_transform([plain] * 6, kind)
        (tmp_path / "transform.safetensors").write_bytes(transform.to_bytes())
        nlp.get_pipe("spanbert").vectors.load(tmp_path / "transform.safetensors")
    if how == "disk":
        nlp.to_disk(tmp_path / "nlp")
        loaded = spacy.load(tmp_path / "nlp")
        assert (tmp_path / "nlp/spanbert/vectors.safetensors").exists() == (kind is not None)
    else:
        loaded = spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert np.array_equal(loaded(TEXT).tensor, nlp(TEXT).tensor)
    assert np.allclose(loaded(TEXT).tensor, plain) == (kind is None)


def test_a_pipeline_saved_again_without_a_transform_has_none(tiny_bert, tmp_path):
    nlp = make_vectors_nlp(tiny_bert)
    nlp.get_pipe("spanbert").vectors.transform = fit_transform([nlp(TEXT).tensor], "centre")
    nlp.to_disk(tmp_path / "nlp")
    nlp.get_pipe("spanbert").vectors.transform = None
    nlp.to_disk(tmp_path / "nlp")
    assert spacy.load(tmp_path / "nlp").get_pipe("spanbert").vectors.transform is None


def test_initialization_takes_a_transform_and_names_a_file_that_is_not_there(nlp, tmp_path):
    plain = nlp(TEXT).tensor
    path = tmp_path / "centre.safetensors"
    path.write_bytes(fit_transform([plain], "centre").to_bytes())
    components = nlp.config["initialize"]["components"]["spanbert"]
    nlp.config["initialize"]["components"]["spanbert"] = {
        **components,
        "vector_transform": str(path),
    }
    nlp.initialize(lambda: [])
    np.testing.assert_allclose(nlp(TEXT).tensor, plain - plain.mean(axis=0), atol=1e-5)
    with pytest.raises(SpanbertError, match=r"no file .*none\.safetensors .*--fit centre"):
        nlp.get_pipe("spanbert").vectors.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ({"layer": "last"}, r"\[components.spanbert.vectors\] has no setting 'layer'"),
        ({"layers": "first"}, 'layers is "last", "last_four_mean" or a list .* but is \'first\''),
        ({"layers": []}, r"layers is .* at least one, but is \[\]"),
        ({"layers": [1.5]}, r"layers is .* but is \[1.5\]"),
        ({"layers": [True]}, r"layers is .* but is \[True\]"),
        ({"pooling": "last"}, 'pooling is "mean" or "first", but is \'last\''),
        ({"keep": "no"}, "keep is true or false, but is 'no'"),
    ],
)
def test_a_wrong_setting_is_named(vectors, message):
    with pytest.raises(ValueError, match=message):
        add_encoder(spacy.blank("en"), vectors=vectors)


def test_a_layer_the_encoder_does_not_have_is_named_at_initialization(tiny_bert):
    with pytest.raises(ValueError, match=r"names layer 3, but this encoder has the layers 0 .* 2"):
        make_vectors_nlp(tiny_bert, layers=[1, 3])


SEVERAL_PROCESSES = """
import sys, spacy, numpy
from spacy.language import Language
from spacy_spanbert import restore_vectors
import warnings
warnings.simplefilter("error")
@Language.component("look")
def look(doc):
    doc.user_data["similarity"] = doc[3].similarity(doc[9])
    return doc
nlp = spacy.load(sys.argv[1])
nlp.add_pipe("look")
text = sys.argv[2]
(expected,) = nlp.pipe([text])
for doc in nlp.pipe([text] * 4, n_process=2, batch_size=2):
    assert not doc.user_hooks
    assert numpy.allclose(doc.tensor, expected.tensor, atol=1e-5)
    assert numpy.array_equal(doc[3].vector, doc.tensor[3])
    assert abs(doc.user_data["similarity"] - expected[3].similarity(expected[9])) < 1e-5
    restore_vectors(doc)
    assert abs(doc[3].similarity(doc[9]) - expected[3].similarity(expected[9])) < 1e-5
print("done")
"""


def test_several_processes_keep_vectors_and_components_in_them_have_hooks(nlp, tmp_path):
    nlp.to_disk(tmp_path / "nlp")
    assert_done(SEVERAL_PROCESSES, tmp_path / "nlp", TEXT)


def test_a_listener_with_an_encoder_of_its_own_adds_no_layers_up(tiny_bert, monkeypatch):
    nlp = make_nlp(tiny_bert, encoder={"vectors": {"layers": [0, 1]}})
    nlp.replace_listeners("spanbert", "spanbert_spancat", ["model.tok2vec"])
    nlp.remove_pipe("spanbert")
    monkeypatch.setattr("spacy_spanbert.layers.encoder_run.LayerMean", None)
    assert nlp(TEXT).tensor.size == 0


def test_words_made_by_hand_have_vectors_and_white_space_has_zeros(nlp):
    doc = nlp(Doc(nlp.vocab, words=["the", "  ", "bank"], spaces=[False] * 3))
    assert [token.has_vector for token in doc] == [True, False, True]
