import time
from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.packing import pack_windows
from tests.pretraining.piece_documents import (
    make_document,
    make_documents,
    random_shapes,
    store_of,
)


@pytest.fixture
def bert(tiny_bert: Path) -> PreTrainedTokenizerFast:
    return load_tokenizer(tiny_bert)


def test_every_piece_is_in_exactly_one_window(checkpoint: Path, tmp_path: Path):
    tokenizer = load_tokenizer(checkpoint)
    documents = make_documents(random_shapes(9))
    packed = pack_windows(store_of(tmp_path, documents), range(9), 24, tokenizer)
    windows = [packed.window(index, 0) for index in range(len(packed))]
    assert all(len(window) <= 24 for window in windows)
    found = np.concatenate([window.ids[window.words >= 0] for window in windows])
    np.testing.assert_array_equal(found, np.concatenate([d.ids for d in documents]))


def test_windows_never_cross_documents(bert: PreTrainedTokenizerFast, tmp_path: Path):
    store = store_of(tmp_path, make_documents([[[1, 1]], [[1, 1]], [[1, 1]]]))
    packed = pack_windows(store, range(3), 50, bert)
    assert [len(packed.window(index, 0)) for index in range(len(packed))] == [4, 4, 4]


def test_words_of_a_window_are_those_of_the_document(bert: PreTrainedTokenizerFast, tmp_path: Path):
    document = make_document([[2, 3], [1, 2, 2]], gap=3)
    packed = pack_windows(store_of(tmp_path, [document]), [0], 8, bert)
    assert len(packed) == 2
    assert packed.window(1, 0).words.tolist() == [-1, 0, 1, 1, 2, 2, -1]


def test_a_text_shorter_than_a_window_is_one_window(bert: PreTrainedTokenizerFast, tmp_path: Path):
    packed = pack_windows(store_of(tmp_path, [make_document([[1], [2]])]), [0], 512, bert)
    assert len(packed) == 1
    window = packed.window(0, 7)
    assert window.ids.tolist() == [bert.cls_token_id, 1000, 1001, 1002, bert.sep_token_id]
    assert window.segments.tolist() == [0] * 5
    assert window.is_next is None
    assert packed.fill == 5 / 512


def test_windows_are_filled_but_for_a_part_of_a_sentence(
    bert: PreTrainedTokenizerFast, tmp_path: Path
):
    rng = np.random.default_rng(0)
    shape = [rng.integers(1, 3, 20).tolist() for _ in range(500)]
    packed = pack_windows(store_of(tmp_path, [make_document(shape)]), [0], 256, bert)
    assert packed.fill > 0.93


def test_a_window_without_room_is_an_error(bert: PreTrainedTokenizerFast, tmp_path: Path):
    store = store_of(tmp_path, [make_document([[1]])])
    with pytest.raises(SpanbertError, match=r"longer window \(\[pretraining.packing\] window\)"):
        pack_windows(store, [0], 2, bert)


def test_a_window_is_built_in_well_under_a_third_of_a_millisecond(
    bert: PreTrainedTokenizerFast, tmp_path: Path
):
    store = store_of(tmp_path, make_documents(random_shapes(200)))
    packed = pack_windows(store, range(200), 128, bert)
    times = []
    for index in range(len(packed)):
        start = time.perf_counter()
        packed.window(index, 0)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 3e-4
