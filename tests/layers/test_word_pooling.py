from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy_transformers.data_classes import TransformerData
from thinc.api import Ragged

from spacy_spanbert.layers import word_pooling
from spacy_spanbert.layers.word_pooling import pool_words


def make_data(lengths: list[int], n_windows: int) -> TransformerData:
    """Words with so many pieces each; a piece is left over between two words."""
    places: list[int] = []
    row = n_windows
    for length in lengths:
        places += range(row, row + length)
        row += length + 1
    align = Ragged(np.array(places, dtype="i"), np.array(lengths, dtype="i"))
    return replace(TransformerData.empty(), align=align)


def make_rows(lengths: list[int], n_windows: int) -> np.ndarray:
    n_rows = n_windows + sum(lengths) + len(lengths)
    return np.random.default_rng(0).normal(size=(n_rows, 4)).astype("float32")


def slow(rows: np.ndarray, data: TransformerData, pooling: str) -> np.ndarray:
    """One word at a time."""
    words, first = [], 0
    for length in data.align.lengths:
        own = rows[data.align.dataXd[first : first + length]]
        first += length
        if length == 0:
            words.append(np.zeros(rows.shape[1]))
        else:
            words.append(own.mean(axis=0) if pooling == "mean" else own[0])
    return np.array(words).reshape(-1, rows.shape[1])


@pytest.mark.parametrize("pooling", ["mean", "first"])
@given(lengths=st.lists(st.integers(0, 4), max_size=12), block=st.integers(1, 13))
def test_each_word_has_the_mean_or_the_first_of_its_pieces(pooling, lengths, block):
    data, rows = make_data(lengths, n_windows=2), make_rows(lengths, n_windows=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_pooling, "BLOCK_WORDS", block)
        words = pool_words(rows, data, pooling)
    assert words.dtype == np.float32
    assert words.shape == (len(lengths), 4)
    np.testing.assert_allclose(words, slow(rows, data, pooling), rtol=1e-5, atol=1e-6)
