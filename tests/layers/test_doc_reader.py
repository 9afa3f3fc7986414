"""What the encoder reads of a Doc."""

import numpy as np
import pytest
from spacy.tokens import Doc
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer

from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.layers.doc_reader import DocReader


def test_a_row_is_what_the_tokenizer_makes_of_a_text(checkpoint, make_docs):
    reader = DocReader(load_checkpoint(checkpoint))
    texts = ["the old house", "", "He did"]
    rows = reader.input_rows(reader.encode(make_docs(*texts)))
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    assert [row.ids.tolist() for row in rows] == tokenizer(texts)["input_ids"]


@pytest.mark.parametrize(("window", "stride"), [(None, None), (6, 1), (9, 4), (9, 7)])
def test_every_output_row_is_claimed_once(checkpoint, make_docs, window, stride):
    reader = DocReader(load_checkpoint(checkpoint), window=window, stride=stride)
    encoded = reader.encode(make_docs("a", "", "She said that he would not come to the house"))
    rows = reader.input_rows(encoded)
    targets = np.concatenate([row.targets for row in rows])
    assert sorted(targets.tolist()) == list(range(sum(doc.n_rows for doc in encoded)))
    for row in rows:
        assert len(row.sources) == len(row.targets)
        assert row.sources[0] == 0
        assert ((row.sources[1:] > 0) & (row.sources[1:] < len(row.ids) - 1)).all()
        assert window is None or len(row.ids) <= window


def test_the_window_is_the_checkpoints_longest_and_windows_overlap_by_a_quarter(checkpoint):
    reader = DocReader(load_checkpoint(checkpoint))
    assert (reader.window_len, reader.stride) == (510, 382)


def test_text_mode_lets_a_piece_belong_to_two_words(tiny_bert, make_docs):
    docs = [Doc(make_docs("a")[0].vocab, words=["hou", "se"], spaces=[False, False])]
    loaded = load_checkpoint(tiny_bert)
    whole = DocReader(loaded, cut_at_words=False).encode(docs)[0]
    cut = DocReader(loaded).encode(docs)[0]
    assert whole.alignment.n_pieces.tolist() == [1, 1]
    assert len(whole.pieces) == 1
    assert (cut.pieces.starts >= 3).sum() == cut.alignment.n_pieces[1]


@pytest.mark.parametrize("window", [2, 513])
def test_a_window_that_the_checkpoint_cannot_take_is_refused(checkpoint, window):
    with pytest.raises(ValueError, match=f"window is {window} pieces, but .* takes 3 to 512"):
        DocReader(load_checkpoint(checkpoint), window=window)


def test_a_stride_beyond_the_window_is_refused(checkpoint):
    with pytest.raises(ValueError, match=r"stride is 15 pieces, but a window holds 14"):
        DocReader(load_checkpoint(checkpoint), window=16, stride=15)


def test_a_tokenizer_without_special_pieces_is_refused(tiny_bert):
    loaded = load_checkpoint(tiny_bert)
    nothing = TemplateProcessing(single="$A", pair="$A $B", special_tokens=[])
    loaded.tokenizer.backend_tokenizer.post_processor = nothing
    with pytest.raises(ValueError, match="puts no special piece before a text"):
        DocReader(loaded)
