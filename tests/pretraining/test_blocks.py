from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.blocks import cut_blocks, fitting_end, nearest_end
from spacy_spanbert.pretraining.documents import PieceDocument
from tests.pretraining.piece_documents import (
    SHAPES,
    Shape,
    make_document,
    make_documents,
    random_shapes,
    store_of,
)

in_one_folder = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def slow_ends(document: PieceDocument, room: int) -> list[int]:
    """Try every end, the best first: a sentence's, a word's, any."""
    n_pieces = len(document)
    sentence_ends = {*document.sentences.tolist()[1:], n_pieces}
    word_ends = {i for i in range(1, n_pieces) if document.words[i] != document.words[i - 1]}
    ends: list[int] = []
    start = 0
    while start < n_pieces:
        fitting = range(start + 1, min(start + room, n_pieces) + 1)
        candidates = [
            [end for end in fitting if end in sentence_ends],
            [end for end in fitting if end in word_ends],
            list(fitting),
        ]
        start = next(ends for ends in candidates if ends)[-1]
        ends.append(start)
    return ends


@in_one_folder
@given(shapes=st.lists(SHAPES, max_size=4), room=st.integers(1, 30))
def test_blocks_equal_those_found_by_trying_every_end(
    tmp_path: Path, shapes: list[Shape], room: int
):
    documents = make_documents(shapes)
    blocks = cut_blocks(store_of(tmp_path, documents), range(len(documents)), room)
    expected = [
        (number, end)
        for number, document in enumerate(documents)
        for end in slow_ends(document, room)
    ]
    assert list(zip(blocks.documents.tolist(), blocks.ends.tolist(), strict=True)) == expected


@in_one_folder
@given(shapes=st.lists(SHAPES, max_size=4), room=st.integers(1, 30))
def test_every_piece_is_in_exactly_one_block(tmp_path: Path, shapes: list[Shape], room: int):
    documents = make_documents(shapes)
    blocks = cut_blocks(store_of(tmp_path, documents), range(len(documents)), room)
    found = [
        documents[number].ids[start:end]
        for number, start, end in zip(blocks.documents, blocks.starts, blocks.ends, strict=True)
    ]
    assert all(1 <= len(ids) <= room for ids in found)
    np.testing.assert_array_equal(
        np.concatenate([*found, []]), np.concatenate([*(d.ids for d in documents), []])
    )


def test_a_sentence_longer_than_the_room_is_cut_at_words(tmp_path: Path):
    store = store_of(tmp_path, [make_document([[1, 1], [3, 3, 3], [1]])])
    blocks = cut_blocks(store, [0], 7)
    assert blocks.ends.tolist() == [2, 8, 12]


def test_a_word_longer_than_the_room_is_cut_anywhere(tmp_path: Path):
    store = store_of(tmp_path, [make_document([[2, 9, 1]])])
    assert cut_blocks(store, [0], 4).ends.tolist() == [2, 6, 10, 12]


def test_only_the_documents_asked_for_are_cut(tmp_path: Path):
    store = store_of(tmp_path, make_documents(random_shapes(5)))
    assert set(cut_blocks(store, [1, 4], 20).documents.tolist()) == {1, 4}


def test_nothing_gives_no_blocks(tmp_path: Path):
    blocks = cut_blocks(store_of(tmp_path, [make_document([])]), [0], 20)
    assert len(blocks) == 0
    assert blocks.fill() == 0.0


def test_the_filled_share_counts_special_pieces(tmp_path: Path):
    store = store_of(tmp_path, [make_document([[6], [4]])])
    blocks = cut_blocks(store, [0], 8)
    assert blocks.fill() == (6 + 4) / 16
    assert blocks.fill(2) == (6 + 4 + 4) / 20


def test_no_room_is_an_error_that_says_what_to_do(tmp_path: Path):
    store = store_of(tmp_path, [make_document([[1]])])
    with pytest.raises(SpanbertError, match="room for 0: give a longer window"):
        cut_blocks(store, [0], 0)


@given(SHAPES, st.data())
def test_the_nearest_end_is_that_of_trying_all(shape: Shape, data: st.DataObject):
    document = make_document(shape)
    if not len(document):
        return
    start = data.draw(st.integers(0, len(document) - 1), "start")
    room = data.draw(st.integers(1, len(document) + 3), "room")
    wanted = data.draw(st.integers(1, room), "wanted")
    ends = [*document.sentences.tolist()[1:], len(document)]
    fitting = [end for end in ends if start < end <= start + room]
    found = nearest_end(document, start, wanted, room)
    if fitting:
        assert found in fitting
        assert abs(found - start - wanted) == min(abs(end - start - wanted) for end in fitting)
    else:
        assert found == fitting_end(document, document.sentences, start, wanted)
