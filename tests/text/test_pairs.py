import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from spacy_spanbert.text.pairs import shorten_pair

SIZES = st.integers(0, 40)


def take_away_one_by_one(n_first: int, n_second: int, room: int) -> int:
    """The length that both have to keep to."""
    while n_first + n_second > room:
        if n_first > n_second:
            n_first -= 1
        else:
            n_second -= 1
    return min(n_first, n_second)


@given(SIZES, SIZES, SIZES)
def test_shortening_is_taking_pieces_from_the_longer_text(n_first, n_second, room):
    kept = shorten_pair(n_first, n_second, room)
    assert sum(kept) == min(n_first + n_second, room)
    assert kept[0] <= n_first
    assert kept[1] <= n_second
    assert min(kept) == take_away_one_by_one(n_first, n_second, room)


@pytest.mark.parametrize("room", range(2, 14))
def test_shortening_is_that_of_hugging_face(tiny_bert, room):
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    for n_first in range(1, 9):
        for n_second in range(1, 9):
            encoding = tokenizer(
                "a " * n_first, "b " * n_second, truncation="longest_first", max_length=room + 3
            )
            owners = encoding.sequence_ids()
            theirs = owners.count(0), owners.count(1)
            assert shorten_pair(n_first, n_second, room) == theirs
