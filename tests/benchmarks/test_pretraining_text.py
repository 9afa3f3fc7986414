"""Text to pretrain on, and windows without padding."""

import json
from pathlib import Path

import pytest

from benchmarks.pretraining_text import FullWindows, find_texts
from spacy_spanbert.checkpoints.load import load_tokenizer
from tests.pretraining.piece_documents import make_documents, store_of

SHAPES = [[[1, 2], [3]], [[2, 2, 2]], [[1], [1, 4]]]


def test_full_windows_are_all_text_in_order_without_padding(tmp_path: Path, tiny_bert: Path):
    tokenizer = load_tokenizer(tiny_bert)
    documents = make_documents(SHAPES)
    text = FullWindows(store_of(tmp_path, documents), 7, tokenizer)
    windows = [text.window(index, 0) for index in range(len(text))]
    pieces = [piece for document in documents for piece in document.ids.tolist()]
    assert len(windows) == len(pieces) // 5
    assert [p for w in windows for p in w.ids[1:-1].tolist()] == pieces[: 5 * len(windows)]
    for window in windows:
        assert len(window) == 7
        assert window.ids[[0, -1]].tolist() == [tokenizer.cls_token_id, tokenizer.sep_token_id]
    # the word of two pieces that ends the first document and the one behind it are two words
    words = [number for window in windows for number in window.words[1:-1].tolist()]
    assert words == [0, 1, 1, 2, 2, 0, 1, 1, 2, 2, 0, 0, 1, 2, 3]


def test_a_text_shorter_than_a_window_is_refused(tmp_path: Path, tiny_bert: Path):
    store = store_of(tmp_path, make_documents([[[1, 2]]]))
    with pytest.raises(SystemExit, match="Expected text of 5 pieces or more, but got 3"):
        FullWindows(store, 7, load_tokenizer(tiny_bert))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for folder in ("raw_biomed", "genia"):
        (tmp_path / folder).mkdir()
    (tmp_path / "raw_biomed" / "train.txt").write_text("One.\n\nTwo.\n", encoding="utf8")
    records = [("a", "A first."), ("a", "A second."), ("b", "B first.")]
    lines = [json.dumps({"doc_id": name, "text": text}) + "\n" for name, text in records]
    (tmp_path / "genia" / "train.jsonl").write_text("".join(lines), encoding="utf8")
    return tmp_path


def test_annotated_documents_become_text_with_blank_lines_between(data: Path):
    raw, annotated = find_texts("biomedical", data, data / "work", quick=False)
    assert raw == data / "raw_biomed" / "train.txt"
    assert annotated.read_text("utf8") == "A first.\nA second.\n\nB first.\n"


def test_quick_takes_the_beginning(data: Path):
    (data / "raw_biomed" / "train.txt").write_text("x" * 200_000, encoding="utf8")
    raw, _ = find_texts("biomedical", data, data / "work", quick=True)
    assert raw.read_text("utf8") == "x" * 150_000


def test_a_missing_text_is_named(data: Path):
    with pytest.raises(SystemExit, match=r"raw_fiction_full/train.txt: give --data FOLDER"):
        find_texts("fiction", data, data / "work", quick=False)
