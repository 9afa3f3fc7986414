from pathlib import Path

import pytest
from transformers import AutoTokenizer

from spacy_spanbert.checkpoints.casing import lowercases
from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.vocabulary import SPECIAL_PIECES, train_vocabulary
from tests.tiny_encoder import read_texts

SENTENCE = "Philip carried the Élan downstairs, [MASK] unbelievably!"


@pytest.mark.parametrize("cased", [True, False])
def test_a_saved_vocabulary_is_loaded_alike_by_plain_transformers_and_by_us(
    tmp_path: Path, cased: bool
):
    tokenizer = train_vocabulary(read_texts, 600, cased=cased, window=128)
    tokenizer.save_pretrained(tmp_path)
    for loaded in (AutoTokenizer.from_pretrained(tmp_path), load_tokenizer(tmp_path)):
        assert loaded.get_vocab() == tokenizer.get_vocab()
        assert loaded(SENTENCE)["input_ids"] == tokenizer(SENTENCE)["input_ids"]
        assert loaded.model_max_length == 128
        assert lowercases(loaded) != cased
    assert ("Philip" in "".join(tokenizer.tokenize(SENTENCE)).replace("##", "")) == cased


def test_a_vocabulary_has_its_size_and_berts_special_pieces_first():
    tokenizer = train_vocabulary(read_texts, 600)
    assert len(tokenizer) == 600
    assert tokenizer.convert_ids_to_tokens(range(5)) == list(SPECIAL_PIECES)
    assert sorted(tokenizer.all_special_ids) == [0, 1, 2, 3, 4]
    assert tokenizer("a")["input_ids"] == tokenizer.convert_tokens_to_ids(["[CLS]", "a", "[SEP]"])
    assert tokenizer("a", "b")["token_type_ids"] == [0, 0, 0, 1, 1]


def test_frequent_words_become_pieces_and_no_word_is_unknown():
    tokenizer = train_vocabulary(read_texts, 1000, cased=False)
    assert {"the", "and", "##ing"} <= tokenizer.get_vocab().keys()
    pieces = [piece for text in read_texts() for piece in tokenizer.tokenize(text)]
    assert "[UNK]" not in pieces


def test_the_same_text_gives_the_same_vocabulary():
    """Left alone, the trainer breaks ties by the order of hashes, which differs each time."""
    one, two, three = (train_vocabulary(read_texts, 800).get_vocab() for _ in range(3))
    assert one == two == three


def test_little_text_gives_fewer_pieces():
    tokenizer = train_vocabulary(lambda: ["aa bb aa bb"])
    assert set(tokenizer.get_vocab()) == {*SPECIAL_PIECES, "a", "b", "##a", "##b", "aa", "bb"}


def test_no_text_and_no_room_are_errors_that_say_what_to_do():
    with pytest.raises(SpanbertError, match="no character"):
        train_vocabulary(lambda: ["", " \n"])
    with pytest.raises(SpanbertError, match=r"more than 11 pieces.* size is 11: give a larger"):
        train_vocabulary(lambda: ["abc"], 11)
