"""Pieces against Hugging Face's own tokenization, and against word borders."""

import os
import subprocess
import sys
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import ByteLevelBPETokenizer, Tokenizer
from transformers import PreTrainedTokenizerFast

from spacy_spanbert.text.pieces import Pieces, PieceTokenizer
from tests.text.samples import SCRIPTS, TEXTS, Words, cut_texts, make_words, spacy_words, texts

NO_WORDS = np.zeros(0, dtype=np.int32)


@cache
def piece_tokenizer(tokenizer: PreTrainedTokenizerFast, cut_at_words: bool) -> PieceTokenizer:
    return PieceTokenizer(tokenizer.backend_tokenizer, cut_at_words=cut_at_words)


def cut(tokenizer: PreTrainedTokenizerFast, words: Words, *, cut_at_words: bool = True) -> Pieces:
    return piece_tokenizer(tokenizer, cut_at_words)([words.text], [words.starts])[0]


def spell(tokenizer: PreTrainedTokenizerFast, pieces: Pieces) -> list[str]:
    return tokenizer.convert_ids_to_tokens(pieces.ids.tolist())


def assert_equal_to_hugging_face(
    tokenizer: PreTrainedTokenizerFast, text: str, pieces: Pieces
) -> None:
    expected = tokenizer(
        text, add_special_tokens=False, return_offsets_mapping=True, split_special_tokens=True
    )
    offsets = list(zip(pieces.starts.tolist(), pieces.ends.tolist(), strict=True))
    assert pieces.ids.tolist() == expected["input_ids"]
    assert offsets == expected["offset_mapping"]


def words_touched(words: Words, start: int, end: int) -> list[int]:
    """The slow way: which words share a character with a piece."""
    characters = set(range(start, end))
    spans = zip(words.starts.tolist(), words.ends.tolist(), strict=True)
    return [i for i, (first, after) in enumerate(spans) if characters & set(range(first, after))]


def assert_no_piece_spans_two_words(words: Words, pieces: Pieces) -> None:
    for start, end in zip(pieces.starts.tolist(), pieces.ends.tolist(), strict=True):
        assert len(words_touched(words, start, end)) <= 1, (words.text[start:end], words)


@pytest.mark.parametrize("name", TEXTS)
def test_text_mode_is_hugging_faces_own_tokenization(hf_tokenizer, name):
    words = spacy_words(name)
    assert_equal_to_hugging_face(
        hf_tokenizer, words.text, cut(hf_tokenizer, words, cut_at_words=False)
    )


@settings(max_examples=100, deadline=None)
@given(text=texts)
def test_text_mode_is_hugging_faces_own_tokenization_of_any_text(hf_tokenizer, text):
    words = make_words(text, [], [])
    assert_equal_to_hugging_face(hf_tokenizer, text, cut(hf_tokenizer, words, cut_at_words=False))


@pytest.mark.parametrize("name", TEXTS)
def test_no_piece_spans_two_words_of_spacy(hf_tokenizer, name):
    words = spacy_words(name)
    pieces = cut(hf_tokenizer, words)
    assert len(pieces) > 0
    assert_no_piece_spans_two_words(words, pieces)


@pytest.mark.parametrize("name", TEXTS)
def test_no_piece_spans_two_characters_that_are_words(hf_tokenizer, name):
    n_characters = len(TEXTS[name])
    words = make_words(TEXTS[name], list(range(n_characters)), list(range(1, n_characters + 1)))
    assert_no_piece_spans_two_words(words, cut(hf_tokenizer, words))


@settings(max_examples=150, deadline=None)
@given(words=cut_texts())
def test_no_piece_spans_two_words_of_any_text(hf_tokenizer, words):
    assert_no_piece_spans_two_words(words, cut(hf_tokenizer, words))


@settings(max_examples=100, deadline=None)
@given(words=cut_texts())
def test_pieces_are_in_text_order(hf_tokenizer, words):
    pieces = cut(hf_tokenizer, words)
    assert (np.diff(pieces.starts) >= 0).all()
    assert (np.diff(pieces.ends) >= 0).all()
    assert (pieces.starts <= pieces.ends).all()
    assert len(pieces) == 0 or pieces.ends[-1] <= len(words.text)


@settings(max_examples=100, deadline=None)
@given(text=texts, data=st.data())
def test_word_borders_where_the_pre_tokenizer_cuts_anyway_change_nothing(hf_tokenizer, text, data):
    backend = hf_tokenizer.backend_tokenizer
    if backend.normalizer is not None:  # so that the pre-tokenizer sees the text itself
        text = backend.normalizer.normalize_str(text)
    units = [offsets for _, offsets in backend.pre_tokenizer.pre_tokenize_str(text)]
    # words begin behind the blank that a byte-level unit carries
    borders = {start + (text[start] == " ") for start, end in units if start < end}
    starts = [border for border in sorted(borders) if data.draw(st.booleans())]
    pieces = cut(hf_tokenizer, make_words(text, starts, starts))
    assert_equal_to_hugging_face(hf_tokenizer, text, pieces)


@pytest.mark.parametrize("name", SCRIPTS)
def test_pieces_of_words_between_blanks_are_hugging_faces_own(hf_tokenizer, name):
    texts = TEXTS[name].split()
    starts = np.cumsum([0] + [len(word) + 1 for word in texts])[:-1].tolist()
    words = make_words(" ".join(texts), starts, starts)
    assert_equal_to_hugging_face(hf_tokenizer, words.text, cut(hf_tokenizer, words))


@pytest.mark.parametrize(("first", "second"), [("can", "not"), ("gon", "na"), ("do", "n't")])
def test_a_contraction_is_cut_where_its_words_meet(hf_tokenizer, first, second):
    text = f"I {first}{second} go"
    border = 2 + len(first)
    words = make_words(text, [0, 2, border, border + len(second) + 1], [])
    pieces = cut(hf_tokenizer, words)
    assert border in pieces.starts
    assert border in pieces.ends
    # the second word is spelled as at the start of a text, not as a continuation
    alone = hf_tokenizer(second, add_special_tokens=False)["input_ids"]
    inside = (pieces.starts >= border) & (pieces.ends <= border + len(second))
    assert pieces.ids[inside & (pieces.ends > pieces.starts)].tolist() == alone


def test_what_remains_of_a_cut_unit_does_not_join_the_next_word(tiny_roberta):
    """Cut behind "!!", the pre-tokenizer would read the "'s" of a genitive."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(tiny_roberta / "tokenizer.json"))
    words = make_words("!!'sell", [0, 2, 3], [2, 3, 7])
    pieces = cut(tokenizer, words)
    assert "'s" in tokenizer.get_vocab()
    assert spell(tokenizer, pieces)[:3] == ["!", "!", "'"]


@pytest.mark.parametrize("removed", ["\x0c", "\x1c", "\x85", "\u200b"])
def test_words_do_not_join_over_a_character_that_the_normalizer_removes(tiny_bert, removed):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(tiny_bert / "tokenizer.json"))
    words = make_words(f"a{removed}b", [0, 1, 2], [1, 2, 3])
    assert spell(tokenizer, cut(tokenizer, words)) == ["a", "b"]
    joined = cut(tokenizer, words, cut_at_words=False)
    assert spell(tokenizer, joined) == ["a", "##b"]


def test_a_blank_stays_with_the_word_behind_it():
    """Also where the tokenizer counts the blank into the piece."""
    trained = ByteLevelBPETokenizer(trim_offsets=False)
    trained.train_from_iterator(["a word a word"] * 3, vocab_size=280, show_progress=False)
    pieces = PieceTokenizer(Tokenizer.from_str(trained.to_str()))
    text, starts = "a wordword", np.array([0, 2, 6], dtype=np.int32)
    ids = pieces([text], [starts])[0].ids.tolist()
    assert [trained.id_to_token(index) for index in ids] == ["a", "Ġword", "wor", "d"]


@pytest.mark.parametrize("literal", ["[SEP]", "[CLS]", "[MASK]", "</s>", "<s>", "<mask>"])
@pytest.mark.parametrize("cut_at_words", [True, False])
def test_a_special_piece_spelled_out_is_text(hf_tokenizer, literal, cut_at_words):
    words = make_words(f"a {literal} b", [0, 2, 3 + len(literal)], [])
    pieces = cut(hf_tokenizer, words, cut_at_words=cut_at_words)
    special = set(hf_tokenizer.all_special_ids) - {hf_tokenizer.unk_token_id}
    assert not special & set(pieces.ids.tolist())


def test_truncation_and_padding_of_the_tokenizer_do_not_cut_texts(hf_tokenizer):
    limited = Tokenizer.from_str(hf_tokenizer.backend_tokenizer.to_str())
    limited.enable_truncation(4)
    limited.enable_padding(length=8)
    text = "many words " * 20
    pieces = PieceTokenizer(limited)([text, "a"], [NO_WORDS, NO_WORDS])
    assert [len(p) for p in pieces] == [
        len(hf_tokenizer(t, add_special_tokens=False)["input_ids"]) for t in (text, "a")
    ]
    assert limited.truncation["max_length"] == 4
    assert limited.padding["length"] == 8
    assert not limited.encode_special_tokens


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u200b", "\u0301"])
def test_texts_with_little_or_nothing_in_them_are_cut_without_error(hf_tokenizer, text):
    words = make_words(text, [0] if text else [], [len(text)] if text else [])
    assert_equal_to_hugging_face(hf_tokenizer, text, cut(hf_tokenizer, words))


def test_texts_of_a_batch_do_not_touch_one_another(hf_tokenizer):
    samples = [spacy_words(name) for name in TEXTS]
    tokenizer = PieceTokenizer(hf_tokenizer.backend_tokenizer)
    batch = tokenizer([words.text for words in samples], [words.starts for words in samples])
    for words, pieces in zip(samples, batch, strict=True):
        alone = cut(hf_tokenizer, words)
        assert pieces.ids.tolist() == alone.ids.tolist()
        assert pieces.starts.tolist() == alone.starts.tolist()
        assert pieces.ends.tolist() == alone.ends.tolist()


def test_a_word_of_five_thousand_characters_is_kept_whole(tiny_roberta):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(tiny_roberta / "tokenizer.json"))
    words = make_words("x" * 5000, [0], [5000])
    pieces = cut(tokenizer, words)
    assert (pieces.starts[0], pieces.ends[-1]) == (0, 5000)
    assert all(
        end == start
        for (_, end), (start, _) in pairwise(zip(pieces.starts, pieces.ends, strict=True))
    )


FORK = """
import os
import numpy as np
from tokenizers import Tokenizer, models
from spacy_spanbert.text.pieces import PieceTokenizer

tokenizer = PieceTokenizer(Tokenizer(models.WordLevel({"a": 0}, "a")))
tokenizer(["a"] * 100, [np.zeros(1, "i")] * 100)  # with threads, which a child does not have
child = os.fork()
tokenizer(["a"] * 100, [np.zeros(1, "i")] * 100)
os.write(1, f"{child == 0} {os.environ.get('TOKENIZERS_PARALLELISM')}\\n".encode())
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.parametrize("setting", [None, "true", "false"])
def test_a_forked_process_does_not_use_the_tokenizers_threads_and_says_nothing(setting):
    env = {key: value for key, value in os.environ.items() if key != "TOKENIZERS_PARALLELISM"}
    if setting is not None:
        env["TOKENIZERS_PARALLELISM"] = setting
    run = subprocess.run(
        [sys.executable, "-c", FORK], env=env, capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert sorted(run.stdout.splitlines()) == [f"False {setting}", "True false"]
