from pathlib import Path

import numpy as np
import pytest

from spacy_spanbert.pretraining import piece_store
from spacy_spanbert.pretraining.piece_store import COLUMNS, PieceStore, write_pieces
from tests.pretraining.piece_documents import make_document, make_documents, random_shapes


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piece_store, "CHUNK", 3)


def test_documents_come_back_as_written_over_chunks(tmp_path: Path):
    documents = make_documents(random_shapes(10))
    documents.insert(4, make_document([]))
    path = tmp_path / "pieces.arrow"
    assert write_pieces(path, enumerate(documents, start=3)) == 11
    store = PieceStore(path)
    assert len(store) == 11
    assert store.origins.tolist() == list(range(3, 14))
    for number in (10, 0, 4, 5, 2, 3):
        for name in COLUMNS:
            found = getattr(store.document(number), name)
            assert found.dtype == np.int32
            np.testing.assert_array_equal(found, getattr(documents[number], name))


def test_a_part_of_a_document_is_what_slicing_it_gives(tmp_path: Path):
    documents = make_documents(random_shapes(7))
    write_pieces(tmp_path / "pieces.arrow", enumerate(documents))
    ids, words = PieceStore(tmp_path / "pieces.arrow").pieces(5, 1, 6)
    np.testing.assert_array_equal(ids, documents[5].ids[1:6])
    np.testing.assert_array_equal(words, documents[5].words[1:6])


def test_what_is_read_is_mapped_and_cannot_be_changed(tmp_path: Path):
    write_pieces(tmp_path / "pieces.arrow", enumerate(make_documents(random_shapes(2))))
    document = PieceStore(tmp_path / "pieces.arrow").document(0)
    with pytest.raises(ValueError, match="read-only"):
        document.ids[0] = 1


def test_no_documents_give_an_empty_store(tmp_path: Path):
    assert write_pieces(tmp_path / "pieces.arrow", []) == 0
    store = PieceStore(tmp_path / "pieces.arrow")
    assert len(store) == len(store.origins) == 0
