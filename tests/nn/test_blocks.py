import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.nn.blocks import word_blocks
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.representations import REPRESENTATIONS
from tests.nn.naive import random_scorer, reach_of, spans_of
from tests.nn.test_candidates import reaches

SEGMENTS = st.lists(st.integers(1, 9), max_size=6)


@settings(deadline=None)
@given(reaches(), st.integers(1, 9), st.integers(0, 3))
def test_kept_rows_of_all_blocks_are_all_rows(reach: torch.Tensor, block_words: int, halo: int):
    spans, n_rows = [], 0
    for block in word_blocks(reach, block_words, halo):
        local = spans_of(block.reach)[block.kept]
        spans += [(block.first_word + start, length) for start, length in local]
        assert block.rows == slice(n_rows, n_rows + len(local))
        n_rows = block.rows.stop
    assert spans == spans_of(reach)


@settings(deadline=None)
@given(reaches(), st.integers(1, 9), st.integers(0, 3))
def test_a_block_holds_its_starts_their_halo_and_the_words_they_reach(
    reach: torch.Tensor, block_words: int, halo: int
):
    for block in word_blocks(reach, block_words, halo):
        assert block.reach.shape[0] == block.last_word - block.first_word
        assert block.reach.shape[0] <= block_words + 2 * halo + int(reach.max())
        local = spans_of(block.reach)[block.kept]
        first = block.first_word + local[0][0]
        last = block.first_word + local[-1][0]
        around = range(max(first - halo, 0), min(last + halo + 1, len(reach)))
        assert {*around} <= {*range(block.first_word, block.last_word)}
        inside = slice(around.start - block.first_word, around.stop - block.first_word)
        assert block.reach[inside].equal(reach[around.start : around.stop])


@settings(deadline=None, max_examples=15)
@pytest.mark.parametrize("conv_layers", [0, 2])
@pytest.mark.parametrize("representation", REPRESENTATIONS)
@given(segments=SEGMENTS, block_words=st.integers(1, 9))
def test_blocks_get_the_scores_of_the_whole(
    representation: str, conv_layers: int, segments: list[int], block_words: int
):
    torch.manual_seed(0)
    scorer = random_scorer(representation=representation, conv_layers=conv_layers, conv_width=3)
    reach = reach_of(segments, max_length=5)
    words = torch.randn(len(reach), 6)
    with torch.no_grad():
        whole = scorer(words, SpanCandidates.all_spans(reach))
        parts = [
            scorer(words[b.first_word : b.last_word], SpanCandidates.all_spans(b.reach))[b.kept]
            for b in word_blocks(reach, block_words, scorer.halo)
        ]
    assert torch.allclose(torch.cat([whole[:0], *parts]), whole, atol=1e-5)


def test_stretches_without_candidates_are_left_out():
    blocks = list(word_blocks([1, 1, 0, 0, 0, 1], 2))
    assert [(block.first_word, block.last_word) for block in blocks] == [(0, 2), (4, 6)]


def test_no_words_make_no_blocks():
    assert list(word_blocks([], 10)) == []


@pytest.mark.parametrize(("block_words", "halo"), [(0, 0), (-1, 0), (5, -1)])
def test_sizes_that_cannot_be_are_an_error(block_words: int, halo: int):
    with pytest.raises(ValueError, match=f"but got {block_words} and {halo}"):
        list(word_blocks([1], block_words, halo))
