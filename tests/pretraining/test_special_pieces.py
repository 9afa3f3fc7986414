from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.special_pieces import special_pieces

A, B = "The day broke gray and dull.", "The clouds hung heavily."


def ints(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def encode(tokenizer: PreTrainedTokenizerFast, text: str) -> np.ndarray:
    return ints(tokenizer(text, add_special_tokens=False)["input_ids"])


@pytest.mark.parametrize("pair", [False, True])
def test_windows_equal_the_tokenizers_own_encoding(checkpoint: Path, pair: bool):
    tokenizer = load_tokenizer(checkpoint)
    texts = [A, B] if pair else [A]
    ids = [encode(tokenizer, text) for text in texts]
    special = special_pieces(tokenizer, pair=pair)
    window = special.put_around(ids, [np.arange(len(part), dtype=np.int32) for part in ids])
    whole = tokenizer(*texts, return_token_type_ids=True, return_special_tokens_mask=True)
    assert window.ids.tolist() == whole["input_ids"]
    assert window.segments.tolist() == whole["token_type_ids"]
    np.testing.assert_array_equal(window.words < 0, np.array(whole["special_tokens_mask"]) == 1)
    assert len(special) == tokenizer.num_special_tokens_to_add(pair)


def test_words_are_numbered_from_0_without_gaps(tiny_bert: Path):
    special = special_pieces(load_tokenizer(tiny_bert), pair=True)
    window = special.put_around([ints([7, 8, 9]), ints([7, 8])], [ints([4, 4, 9]), ints([9, 12])])
    assert window.words.tolist() == [-1, 0, 0, 1, -1, 2, 3, -1]
    assert window.segments.tolist() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert {window.ids.dtype, window.words.dtype, window.segments.dtype} == {np.dtype(np.int32)}


def test_a_tokenizer_without_a_class_of_its_own_has_berts_form(tiny_bert: Path):
    bert = load_tokenizer(tiny_bert)
    plain = PreTrainedTokenizerFast(
        tokenizer_object=bert.backend_tokenizer, cls_token="[CLS]", sep_token="[SEP]"
    )
    for pair in (False, True):
        expected, found = special_pieces(bert, pair=pair), special_pieces(plain, pair=pair)
        assert [gap.tolist() for gap in found.gaps] == [gap.tolist() for gap in expected.gaps]
        assert found.second_segment == expected.second_segment
        assert found.between_first == expected.between_first


def test_a_tokenizer_without_special_pieces_is_an_error(tiny_bert: Path):
    backend = load_tokenizer(tiny_bert).backend_tokenizer
    with pytest.raises(SpanbertError, match=r"cls_token.*sep_token.*name another"):
        special_pieces(PreTrainedTokenizerFast(tokenizer_object=backend), pair=False)
