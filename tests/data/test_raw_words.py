import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import spacy
from transformers import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.data import raw_words
from spacy_spanbert.data.problems import CorpusError
from spacy_spanbert.data.raw_words import WordSplitter, read_pieces
from spacy_spanbert.text.alignment import align_words
from spacy_spanbert.text.pieces import PieceTokenizer
from tests.text.samples import TEXTS, words_of
from tests.tiny_encoder import read_texts

SAMPLES = [*TEXTS.values(), "", "\n", "One. Two!\n\nThree? \u201cFour.\u201d Five"]


def test_words_and_sentences_are_those_of_spacy():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    for text, document in zip(SAMPLES, WordSplitter("en")(SAMPLES), strict=True):
        doc = nlp(text)
        assert document.text == text
        assert document.word_starts.tolist() == [word.idx for word in doc]
        assert document.sentence_starts.tolist() == [sentence.start for sentence in doc.sents]


def test_a_full_vocabulary_is_made_anew_with_the_same_words(monkeypatch: pytest.MonkeyPatch):
    splitter = WordSplitter("en")
    before = splitter(SAMPLES)
    monkeypatch.setattr(raw_words, "MOST_KNOWN_WORDS", 1)
    full = splitter._nlp
    after = splitter(SAMPLES)
    assert splitter._nlp is not full
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old.word_starts, new.word_starts)


def test_spacy_gets_no_long_stretch_without_white_space(monkeypatch: pytest.MonkeyPatch):
    """Its time grows with the square of a run of brackets."""
    monkeypatch.setattr(raw_words, "MOST_UNBROKEN", 10)
    splitter = WordSplitter("en")
    split, seen = splitter._nlp.tokenizer, []
    splitter._nlp.tokenizer = lambda text: seen.append(text) or split(text)  # type: ignore[assignment]
    text = "So (see 1234567890)! " + "(" * 35 + " no end" + ")" * 40 + " abc. Next\n\n" + "]" * 10
    (document,) = splitter([text])
    assert "".join(seen) == text
    assert max(len(stretch) for part in seen for stretch in part.split()) == 10
    assert document.text == text
    starts = document.word_starts.tolist()
    assert set(starts) >= {i for i, character in enumerate(text) if character in "()]"}
    # a word begins after white space, and none but those of white space holds any
    assert set(starts) >= {i + 1 for i, character in enumerate(text[:-1]) if character == " "}
    # a sentence goes on where a stretch was cut
    words = [text[starts[i] :][:4] for i in document.sentence_starts]
    assert words == ["So (", "no e", "Next"]


def test_a_run_of_brackets_has_the_pieces_of_the_tokenizer_alone(tiny_bert: Path):
    backend = load_tokenizer(tiny_bert).backend_tokenizer
    text = "(" * 20_000
    (document,) = read_pieces([text], "en", backend, 1)
    assert document.ids.tolist() == backend.encode(text, add_special_tokens=False).ids
    assert document.words.tolist() == list(range(20_000))


def test_an_unknown_language_is_an_error_that_says_what_to_do():
    with pytest.raises(CorpusError, match=r"no language 'qqq': give a code such as en"):
        WordSplitter("qqq")


@pytest.fixture
def tokenizer(checkpoint: Path) -> PreTrainedTokenizerFast:
    return load_tokenizer(checkpoint)


def test_every_piece_belongs_to_the_spacy_word_it_stands_in(tokenizer: PreTrainedTokenizerFast):
    backend = tokenizer.backend_tokenizer
    nlp = spacy.blank("en")
    pieces_of = PieceTokenizer(backend)
    for text, document in zip(SAMPLES, read_pieces(SAMPLES, "en", backend, 1), strict=True):
        words = words_of(nlp(text))
        pieces = pieces_of([text], [words.starts])[0]
        np.testing.assert_array_equal(document.ids, pieces.ids)
        assert (np.diff(document.words) >= 0).all()
        alignment = align_words(pieces, words.starts, words.ends)
        for word, (first, n_pieces) in enumerate(
            zip(alignment.first, alignment.n_pieces, strict=True)
        ):
            visible = [
                i for i in range(first, first + n_pieces) if pieces.ends[i] > pieces.starts[i]
            ]
            # a normalizer that swaps characters may move a mark to the next word
            assert text == TEXTS["ar"] or set(document.words[visible]) <= {word}


def test_sentences_begin_with_the_first_piece_of_their_words(tiny_bert: Path):
    backend = load_tokenizer(tiny_bert).backend_tokenizer
    text = "\n One two. Three four!  \n\n Five?"
    (document,) = read_pieces([text], "en", backend, 1)
    pieces = [backend.id_to_token(i) for i in document.ids]
    starts = document.sentences.tolist()
    assert starts[0] == 0
    assert [pieces[i] for i in starts] == ["one", pieces[pieces.index(".") + 1], "f"]
    assert np.all(np.diff(starts) > 0)


def test_texts_without_pieces_give_empty_documents(tiny_bert: Path):
    backend = load_tokenizer(tiny_bert).backend_tokenizer
    for document in read_pieces(["", " \n ", "\u200b"], "en", backend, 1):
        assert len(document) == 0
        assert len(document.sentences) == 0


@pytest.mark.slow
def test_processes_give_the_same_in_the_same_order(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(raw_words, "ALONE_BATCHES", 1)
    monkeypatch.setattr(raw_words, "BATCH_CHARACTERS", 2000)
    backend = load_tokenizer(tiny_bert).backend_tokenizer
    texts = [*SAMPLES, *read_texts(60)]
    expected = list(read_pieces(texts, "en", backend, 1))
    found = list(read_pieces(iter(texts), "en", backend, 2))
    for one, two in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one.ids, two.ids)
        np.testing.assert_array_equal(one.words, two.words)
        np.testing.assert_array_equal(one.sentences, two.sentences)


def test_texts_are_read_as_they_are_needed(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(raw_words, "BATCH_CHARACTERS", 10)
    n_read = 0

    def texts():
        nonlocal n_read
        while True:
            n_read += 1
            yield "Ten letters, no end."

    monkeypatch.setattr(raw_words, "ALONE_BATCHES", 1)
    documents = read_pieces(texts(), "en", load_tokenizer(tiny_bert).backend_tokenizer, 1)
    for _ in range(50):
        next(documents)
    assert n_read <= 52


ENDLESS = """
import multiprocessing, sys
from pathlib import Path
from tokenizers import Tokenizer
from spacy_spanbert.data.raw_words import _in_parallel, _Work
if __name__ == "__main__":
    tokenizer = Path(sys.argv[1], "tokenizer.json").read_text("utf8")
    for _ in _in_parallel(iter([["some text"]] * 9), _Work("en", tokenizer), 1):
        print(*[child.pid for child in multiprocessing.active_children()], flush=True)
        input()
"""


@pytest.mark.slow
def test_processes_end_when_the_one_that_started_them_is_killed(tiny_bert: Path, tmp_path: Path):
    (tmp_path / "endless.py").write_text(ENDLESS)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "endless.py"), str(tiny_bert)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as run:
        assert run.stdout
        children = list(map(int, run.stdout.readline().split()))
        assert children
        run.kill()
        run.wait()
    until = time.monotonic() + 30
    while any(map(is_running, children)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(is_running, children))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        try:
            os.kill(pid, 0)
        except OSError:
            return False
        return not Path("/proc").is_dir()
    return state != "Z"
