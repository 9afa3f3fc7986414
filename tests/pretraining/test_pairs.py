from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.pairs import TRIES, PackedPairs, Stretch, pack_pairs
from spacy_spanbert.pretraining.windows import Window
from tests.pretraining.piece_documents import (
    make_document,
    make_documents,
    random_shapes,
    store_of,
)

WINDOW = 48
DOCUMENTS = make_documents(random_shapes(40))
HOME = {int(i): number for number, document in enumerate(DOCUMENTS) for i in document.ids}


@pytest.fixture
def bert(tiny_bert: Path) -> PreTrainedTokenizerFast:
    return load_tokenizer(tiny_bert)


@pytest.fixture
def pairs(bert: PreTrainedTokenizerFast, tmp_path: Path) -> PackedPairs:
    return pack_pairs(store_of(tmp_path, DOCUMENTS), range(40), WINDOW, bert, seed=3)


def texts_of(window: Window) -> tuple[list[int], list[int]]:
    """Take a window apart by its special pieces alone."""
    cls, first, last = np.flatnonzero(window.words < 0).tolist()
    assert (cls, last) == (0, len(window) - 1)
    assert window.segments.tolist() == [0] * (first + 1) + [1] * (last - first)
    return window.ids[1:first].tolist(), window.ids[first + 1 : last].tolist()


def is_contiguous(ids: list[int]) -> bool:
    return ids == list(range(ids[0], ids[0] + len(ids))) and HOME[ids[0]] == HOME[ids[-1]]


def test_a_second_text_follows_the_first_exactly_where_the_label_says_so(pairs: PackedPairs):
    for index in range(len(pairs)):
        for epoch in (0, 1):
            window = pairs.window(index, epoch)
            first, second = texts_of(window)
            assert len(window) <= WINDOW
            assert is_contiguous(first)
            assert is_contiguous(second)
            if window.is_next:
                assert second[0] == first[-1] + 1
                assert HOME[second[0]] == HOME[first[0]]
            else:
                assert HOME[second[0]] != HOME[first[0]]


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_half_of_the_labels_are_true_in_every_epoch(pairs: PackedPairs, epoch: int):
    labels = [pairs.stretches(index, epoch)[2] for index in range(len(pairs))]
    assert abs(sum(labels) - len(labels) / 2) <= 0.5


def test_a_window_is_true_in_one_of_two_epochs(pairs: PackedPairs):
    for index in range(len(pairs)):
        assert pairs.stretches(index, 0)[2] != pairs.stretches(index, 1)[2]


def test_true_pairs_of_two_epochs_hold_every_piece_of_the_text(pairs: PackedPairs):
    true = [
        [piece for text in texts_of(window) for piece in text]
        for epoch in (0, 1)
        for index in range(len(pairs))
        if (window := pairs.window(index, epoch)).is_next
    ]
    left_out = set(HOME) - {piece for pieces in true for piece in pieces}
    assert sum(map(len, true)) + len(left_out) == len(HOME)
    assert len(left_out) < 0.01 * len(HOME)  # blocks of one word


def test_pairs_depend_on_seed_epoch_and_number_only(
    bert: PreTrainedTokenizerFast, tmp_path: Path, pairs: PackedPairs
):
    again = pack_pairs(store_of(tmp_path, DOCUMENTS), range(40), WINDOW, bert, seed=3)
    other = pack_pairs(store_of(tmp_path, DOCUMENTS), range(40), WINDOW, bert, seed=4)
    numbers = range(len(pairs) - 1, -1, -1)  # in any order
    assert all(pairs.stretches(i, 5) == again.stretches(i, 5) for i in numbers)
    assert any(pairs.stretches(i, 5) != other.stretches(i, 5) for i in numbers)
    assert any(pairs.stretches(i, 5) != pairs.stretches(i, 7) for i in numbers)


SHORT = random_shapes(400, n_sentences=4)  # posts, messages


def share_told(features: list[tuple[int, ...]], labels: list[bool]) -> float:
    """Share of labels, in the second half, that the most frequent label of each feature tells."""
    n, seen = len(features) // 2, defaultdict(Counter)
    for feature, label in zip(features[:n], labels[:n], strict=True):
        seen[feature][label] += 1
    guesses = [seen[f].most_common(1)[0][0] if seen[f] else True for f in features[n:]]
    return float(np.mean([g == label for g, label in zip(guesses, labels[n:], strict=True)]))


LONG_SENTENCES = [[[1] * (20 + 7 * (n * m % 13)) for m in range(1, 9)] for n in range(60)]


@pytest.mark.parametrize(
    "shapes",
    [random_shapes(400), SHORT, LONG_SENTENCES],
    ids=["long", "short", "long sentences"],
)
def test_neither_lengths_nor_edges_of_two_texts_tell_their_label(
    bert: PreTrainedTokenizerFast, tmp_path: Path, shapes: list
):
    documents = make_documents(shapes)
    pairs = pack_pairs(store_of(tmp_path, documents), range(len(shapes)), WINDOW, bert, seed=3)
    drawn = [pairs.stretches(index, epoch) for index in range(len(pairs)) for epoch in range(10)]
    labels = [is_next for _, _, is_next in drawn]

    def edges(text: Stretch) -> tuple[bool, bool]:
        borders = {*documents[text.document].sentences.tolist(), len(documents[text.document])}
        return text.start in borders, text.end in borders

    assert share_told([(len(b),) for _, b, _ in drawn], labels) < 0.53
    assert share_told([(len(a) // 4, len(b) // 4) for a, b, _ in drawn], labels) < 0.54
    assert share_told([edges(b) for _, b, _ in drawn], labels) < 0.53


def test_a_second_text_that_begins_inside_a_sentence_may_be_a_foreign_one(
    bert: PreTrainedTokenizerFast, tmp_path: Path
):
    """Or every text that begins so would follow the first."""
    store = store_of(tmp_path, make_documents([[[1] * 9]] * 30))
    pairs = pack_pairs(store, range(30), WINDOW, bert, seed=0)
    drawn = [pairs.stretches(index, epoch) for epoch in range(4) for index in range(len(pairs))]
    assert all(second.start > 0 and second.end == 9 for _, second, _ in drawn)
    assert {is_next for _, _, is_next in drawn} == {True, False}


def test_first_texts_have_the_same_lengths_under_both_labels(pairs: PackedPairs):
    lengths: dict[bool, list[int]] = {True: [], False: []}
    for index in range(len(pairs)):
        for epoch in range(4):
            first, _, is_next = pairs.stretches(index, epoch)
            lengths[is_next].append(first.end - first.start)
    assert abs(np.mean(lengths[True]) - np.mean(lengths[False])) < 1.5


def test_texts_are_split_between_sentences_where_there_are_two(pairs: PackedPairs):
    for index in range(len(pairs)):
        first, _, _ = pairs.stretches(index, 0)
        block_end = int(pairs.blocks.ends[index])
        sentences = DOCUMENTS[first.document].sentences.tolist()
        if any(first.start < sentence < block_end for sentence in sentences):
            assert first.end in sentences
        else:
            words = DOCUMENTS[first.document].words
            assert words[first.end] != words[first.end - 1]


def test_robertas_pairs_have_one_segment_and_two_pieces_between(tiny_roberta: Path, tmp_path: Path):
    tokenizer = load_tokenizer(tiny_roberta)
    pairs = pack_pairs(store_of(tmp_path, DOCUMENTS), range(40), WINDOW, tokenizer, seed=0)
    window = pairs.window(0, 0)
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    assert window.ids[window.words < 0].tolist() == [start, end, end, end]
    assert not window.segments.any()


@pytest.mark.parametrize(
    ("shapes", "message"),
    [([[[1, 2], [3]]], "is 1 with"), ([[[1, 2], [3]], [[2]], []], "is 1 with"), ([], "are 0 with")],
)
def test_a_single_document_is_an_error_that_says_what_to_do(
    bert: PreTrainedTokenizerFast, tmp_path: Path, shapes: list, message: str
):
    store = store_of(tmp_path, make_documents(shapes))
    with pytest.raises(SpanbertError, match=f"{message}.*Separate documents"):
        pack_pairs(store, range(len(shapes)), WINDOW, bert, seed=0)


def test_two_documents_are_enough(bert: PreTrainedTokenizerFast, tmp_path: Path):
    store = store_of(tmp_path, make_documents([[[1, 1]], [[9, 1], [60]]]))
    pairs = pack_pairs(store, range(2), 8, bert, seed=0)
    for epoch in range(20):
        for index in range(len(pairs)):
            first, second, is_next = pairs.stretches(index, epoch)
            assert (first.document == second.document) == is_next
            assert second.end > second.start
            assert len(pairs.window(index, epoch)) <= 8


def test_foreign_texts_are_of_no_other_part_of_the_document(
    bert: PreTrainedTokenizerFast, tmp_path: Path
):
    origins = [0] * 15 + [4] + [6] * 20 + [7] * 4
    store = store_of(tmp_path, DOCUMENTS, origins)
    pairs = pack_pairs(store, range(40), WINDOW, bert, seed=3)
    for index in range(len(pairs)):
        first, second, is_next = pairs.stretches(index, 0)
        assert (origins[first.document] == origins[second.document]) == is_next
    with pytest.raises(SpanbertError, match="is 1 with"):
        pack_pairs(store_of(tmp_path, DOCUMENTS, [2] * 40), range(40), WINDOW, bert, seed=3)


class CountingStore:
    """Counts what is asked of a store."""

    def __init__(self, store):
        self._store = store
        self.origins = store.origins
        self.n_documents = self.n_pieces = 0

    def document(self, number):
        self.n_documents += 1
        return self._store.document(number)

    def pieces(self, number, start, end):
        self.n_pieces += end - start
        return self._store.pieces(number, start, end)


def test_the_work_for_a_pair_does_not_grow_with_its_documents(
    bert: PreTrainedTokenizerFast, tmp_path: Path
):
    document = make_document([[1, 2, 1, 3, 1, 1, 2, 1, 1, 1]] * 2000)  # a long one
    store = CountingStore(store_of(tmp_path, [document, document]))
    pairs = pack_pairs(store, range(2), 128, bert, seed=0)
    for index in range(len(pairs)):
        store.n_documents = store.n_pieces = 0
        pairs.window(index, 0)
        # looked at to split it, then read
        assert store.n_pieces <= 2 * 128
        assert store.n_documents <= 2 + 2 * TRIES
