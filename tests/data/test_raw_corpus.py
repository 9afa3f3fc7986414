from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.data import raw_text
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.raw_corpus import open_raw_corpus
from spacy_spanbert.data.raw_words import read_pieces
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corpus_source import CorpusChangedError
from spacy_spanbert.pretraining.packing import pack_windows
from spacy_spanbert.pretraining.pairs import pack_pairs
from tests.tiny_encoder import read_texts


@pytest.fixture
def tokenizer(checkpoint: Path) -> PreTrainedTokenizerFast:
    return load_tokenizer(checkpoint)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    sentences = read_texts(120)
    documents = ["\n".join(sentences[i : i + 6]) for i in range(0, 120, 6)]
    path = tmp_path / "text" / "train.txt"
    path.parent.mkdir()
    path.write_text("\n\n".join(documents), encoding="utf8")
    (path.parent / "empty.txt").touch()
    return path


def test_every_piece_of_the_train_part_is_in_exactly_one_window(
    text: Path, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
):
    corpus = open_raw_corpus([text.parent], tokenizer, tmp_path / "cache", held_out=0.1)
    assert corpus.statistics.documents == 20
    assert len(corpus.held_out) == 2
    packed = pack_windows(corpus.store, corpus.train, 48, tokenizer)
    windows = [packed.window(index, 0) for index in range(len(packed))]
    found = np.concatenate([window.ids[window.words >= 0] for window in windows])
    texts = text.read_text("utf8").split("\n\n")
    expected = read_pieces(
        [texts[number] for number in corpus.train], "en", tokenizer.backend_tokenizer, 1
    )
    np.testing.assert_array_equal(found, np.concatenate([d.ids for d in expected]))
    assert packed.fill > 0.6
    assert len(pack_pairs(corpus.store, corpus.train, 48, tokenizer, seed=0)) > 20


def test_an_edited_text_is_noticed_at_resume_and_otherwise_read_anew(
    text: Path, tiny_bert: Path, tmp_path: Path
):
    bert = load_tokenizer(tiny_bert)
    begun = open_raw_corpus([text], bert, tmp_path / "cache")
    assert open_raw_corpus([text], bert, tmp_path / "cache", known=begun.source).folder == (
        begun.folder
    )
    text.write_text("Something else.\n\nAltogether.")
    with pytest.raises(CorpusChangedError, match=r"train.txt was changed"):
        open_raw_corpus([text], bert, tmp_path / "cache", known=begun.source)
    assert open_raw_corpus([text], bert, tmp_path / "cache").statistics.documents == 2


def test_a_removed_text_is_noticed_at_resume(text: Path, tiny_bert: Path, tmp_path: Path):
    bert = load_tokenizer(tiny_bert)
    begun = open_raw_corpus([text.parent], bert, tmp_path / "cache")
    text.rename(tmp_path / "away.txt")
    with pytest.raises(CorpusChangedError, match=r"train.txt is missing"):
        open_raw_corpus([text.parent], bert, tmp_path / "cache", known=begun.source)
    with pytest.raises(CorpusError, match=r"train.txt: there is no such file"):
        open_raw_corpus([text], bert, tmp_path / "cache", known=begun.source)


def test_wrong_bytes_leave_no_corpus_unless_they_are_replaced(tiny_bert: Path, tmp_path: Path):
    bert = load_tokenizer(tiny_bert)
    (tmp_path / "a.txt").write_bytes(b"caf\xe9 one\n\ntwo")
    with pytest.raises(CorpusError, match=r"a.txt:1: .*byte 4 of the file is 0xe9"):
        open_raw_corpus([tmp_path / "a.txt"], bert, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
    problems = Problems()
    corpus = open_raw_corpus(
        [tmp_path / "a.txt"], bert, tmp_path / "cache", errors="replace", problems=problems
    )
    assert corpus.statistics.documents == 2
    assert problems.counts == {"not UTF-8": 1}


def test_empty_files_alone_are_an_error(tiny_bert: Path, tmp_path: Path):
    (tmp_path / "a.txt").write_text("\n \n")
    with pytest.raises(SpanbertError, match=r"no word in .*a\.txt"):
        open_raw_corpus([tmp_path / "a.txt"], load_tokenizer(tiny_bert), tmp_path / "cache")


def test_one_line_without_an_end_is_a_corpus(tiny_bert: Path, tmp_path: Path):
    (tmp_path / "a.txt").write_text("One line.")
    corpus = open_raw_corpus([tmp_path / "a.txt"], load_tokenizer(tiny_bert), tmp_path / "cache")
    assert corpus.statistics.documents == 1
    assert corpus.train.tolist() == [0]


def test_parts_of_a_long_document_stay_together(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(raw_text, "MOST_CHARACTERS", 100)
    documents = [f"word{number} " * 100 for number in range(4)]
    # a part of its own that has no pieces is passed over
    documents[1] += " " * 10 + "\u200b" * 200
    (tmp_path / "a.txt").write_text("\n\n".join(documents))
    bert = load_tokenizer(tiny_bert)
    corpus = open_raw_corpus([tmp_path / "a.txt"], bert, tmp_path / "cache", held_out=0.5)
    assert (corpus.statistics.documents, corpus.statistics.held_out_documents) == (4, 2)
    assert corpus.statistics.parts == len(corpus.store) > 20
    train, held_out = (set(corpus.store.origins[part]) for part in (corpus.train, corpus.held_out))
    assert train | held_out == {0, 1, 2, 3}
    assert not train & held_out
