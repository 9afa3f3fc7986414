"""Pairs of texts in the encoder, beside Hugging Face's own pair encoding."""

from pathlib import Path

import numpy as np
import pytest
import spacy
import torch
from hypothesis import given, settings
from transformers import BatchEncoding

from spacy_spanbert import make_pair
from spacy_spanbert.layers.encoder_output import n_cls_rows, n_unread_pieces
from tests.layers.conftest import HuggingFace, rows_of
from tests.text.samples import texts
from tests.tiny_pipeline import make_encoder_model

NLP = spacy.blank("en")
PAIRS = [
    ("The old mayor", "met the daughter of the king ."),
    ("Anna", ""),
    ("", "Anna"),
    ("", ""),
    ("Unbelievable ! We can not go .", "gonna"),
    ("[SEP] </s> </s>", "<s> [CLS]"),
]


def encode(hf: HuggingFace, first: str, second: str, **options) -> tuple[BatchEncoding, np.ndarray]:
    """What Hugging Face makes of a pair; special pieces that a text spells out are text."""
    # in lists: an empty second text by itself would be taken for none
    encoding = hf.tokenizer(
        [first], [second], return_tensors="pt", split_special_tokens=True, **options
    )
    with torch.inference_mode():
        return encoding, hf.model(**encoding).last_hidden_state[0].numpy()


def text_rows(encoding: BatchEncoding, hidden: np.ndarray) -> np.ndarray:
    """The rows of [CLS], then of the pieces of both texts."""
    owners = encoding.sequence_ids(0)
    return hidden[[0, *(i for i, owner in enumerate(owners) if owner is not None)]]


@pytest.mark.parametrize("pair", PAIRS)
def test_a_pair_is_encoded_as_hugging_face_does(hugging_face, pair):
    model = make_encoder_model(hugging_face.folder, alignment="text")
    (data,) = model.predict([make_pair(NLP, *pair)]).doc_data
    expected = text_rows(*encode(hugging_face, *pair))
    assert n_cls_rows(data) == 1
    np.testing.assert_allclose(rows_of(data), expected, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(first=texts, second=texts)
def test_any_pair_is_encoded_as_hugging_face_does(tiny_bert, tiny_roberta, first, second):
    # text that spaCy's tokenizer leaves as it is; a blank at the end belongs to neither text
    first, second = first.rstrip(), second.rstrip()
    for folder in (tiny_bert, tiny_roberta):
        hf = hugging(folder)
        doc = make_pair(NLP, first, second)
        (data,) = ENCODERS[folder].predict([doc]).doc_data
        encoding, hidden = encode(hf, first, second)
        if len(hidden) <= 512:
            np.testing.assert_allclose(rows_of(data), text_rows(encoding, hidden), atol=1e-5)


ENCODERS: dict[Path, object] = {}
KNOWN: dict[Path, HuggingFace] = {}


def hugging(folder: Path) -> HuggingFace:
    from transformers import AutoModel, AutoTokenizer

    if folder not in KNOWN:
        model = AutoModel.from_pretrained(folder).eval()
        KNOWN[folder] = HuggingFace(folder, model, AutoTokenizer.from_pretrained(folder))
        ENCODERS[folder] = make_encoder_model(folder, alignment="text")
    return KNOWN[folder]


def test_the_second_text_is_in_segment_one_of_a_bert(tiny_bert, tiny_roberta):
    for folder in (tiny_bert, tiny_roberta):
        reader = make_encoder_model(folder).shims[0].reader
        (encoded,) = reader.encode([make_pair(NLP, "a", "b b")])
        (row,) = reader.input_rows([encoded])
        if folder == tiny_bert:
            assert row.segments.tolist() == [0, 0, 0, 1, 1, 1]
            # [CLS] a [SEP] b b [SEP]
            assert reader.strings(row.ids)[::2] == ["[CLS]", "[SEP]", "b"]
        else:
            assert row.segments is None
            strings = reader.strings(row.ids)
            assert (strings[0], strings[2:4], strings[-1]) == ("<s>", ["</s>", "</s>"], "</s>")


def test_the_first_row_of_a_pair_too_long_is_that_of_hugging_face(hugging_face):
    first, second = "the old king " * 12, "a house of the mayor " * 20
    model = make_encoder_model(hugging_face.folder, window=40, alignment="text")
    (data,) = model.predict([make_pair(NLP, first.strip(), second.strip())]).doc_data
    encoding, hidden = encode(
        hugging_face, first.strip(), second.strip(), truncation="longest_first", max_length=40
    )
    np.testing.assert_allclose(rows_of(data)[0], hidden[0], atol=1e-5)
    n_read = sum(owner is not None for owner in encoding.sequence_ids(0))
    n_pieces = len(rows_of(data)) - 1
    assert n_unread_pieces(data) == n_pieces - n_read > 0


def test_words_cut_from_a_pair_get_vectors_of_windows_of_their_own_text(hugging_face):
    """The slow way: encode the text by itself, and take the rows that the pair does not read."""
    first, second = "the old king", "a house of the mayor " * 20
    model = make_encoder_model(hugging_face.folder, window=40, alignment="text")
    pair = make_pair(NLP, first, second.strip())
    alone, data = model.predict([NLP.make_doc(second.strip()), pair]).doc_data
    is_read = data.wordpieces.attention_mask[0] == 1
    n_first = len(hugging_face.tokenizer(first, add_special_tokens=False)["input_ids"])
    own = rows_of(alone)[n_cls_rows(alone) :]
    np.testing.assert_allclose(rows_of(data)[~is_read], own[~is_read[1 + n_first :]], atol=1e-5)
    assert (~is_read).sum() > 40
    assert np.isfinite(rows_of(data)).all()
    assert not np.allclose(rows_of(data)[is_read][1 + n_first :][:5], own[:5], atol=1e-3)


def test_in_both_orders_there_is_a_cls_for_each(hugging_face):
    model = make_encoder_model(hugging_face.folder, alignment="text", window=20)
    model.attrs["both_orders"] = True
    pair = ("the old king met the mayor", "a house of the old king of the mayor of Spain")
    one, other = (model.predict([make_pair(NLP, *x)]).doc_data[0] for x in (pair, pair[::-1]))
    assert n_cls_rows(one) == n_cls_rows(other) == 2
    np.testing.assert_allclose(rows_of(one)[:2], rows_of(other)[1::-1], atol=1e-5)
    for data, texts_ in ((one, pair), (other, pair[::-1])):
        _, hidden = encode(hugging_face, *texts_, truncation="longest_first", max_length=20)
        np.testing.assert_allclose(rows_of(data)[0], hidden[0], atol=1e-5)


def test_words_of_both_texts_are_aligned_and_singles_and_pairs_mix(hugging_face):
    model = make_encoder_model(hugging_face.folder)
    docs = [
        NLP.make_doc("The old king"),
        make_pair(NLP, "The old king", "met Anna"),
        NLP.make_doc(""),
        make_pair(NLP, "", "Anna"),
    ]
    together = model.predict(docs).doc_data
    for doc, data in zip(docs, together, strict=True):
        (alone,) = model.predict([doc]).doc_data
        np.testing.assert_allclose(rows_of(data), rows_of(alone), atol=1e-5)
        assert len(data.align.lengths) == len(doc)
        assert (data.align.lengths > 0).all()
        aligned = data.align.dataXd
        assert (np.diff(aligned) > 0).all()
        assert all(n_cls_rows(data) <= row < len(rows_of(data)) for row in aligned)


def test_gradients_of_a_pair_reach_the_segments(tiny_bert):
    model = make_encoder_model(tiny_bert, window=16)
    batch, backprop = model.begin_update([make_pair(NLP, "the old king", "a house " * 20)])
    backprop(np.ones_like(rows_of(batch.doc_data[0])))
    table = model.shims[0].module.embeddings.token_type_embeddings
    assert (table.weight.grad.abs().sum(dim=1) > 0).all()


def test_a_text_that_comes_again_is_cut_into_pieces_once(tiny_bert, monkeypatch):
    reader = make_encoder_model(tiny_bert).shims[0].reader
    seen = []
    cut = reader.tokenizer.__call__
    monkeypatch.setattr(
        type(reader.tokenizer), "__call__", lambda self, t, s: (seen.extend(t), cut(t, s))[1]
    )
    for names in (["b", "c"], ["d", "b"]):
        reader.encode([make_pair(NLP, "the query", name) for name in names])
    assert seen == ["the query", "b", "c", "d"]


def test_a_window_without_room_for_two_texts_is_refused(tiny_bert):
    model = make_encoder_model(tiny_bert, window=4)
    with pytest.raises(ValueError, match=r"window is 4 pieces, but a pair of texts needs 5"):
        model.predict([make_pair(NLP, "a", "b")])
