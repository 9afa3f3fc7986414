import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.pretraining.corpus import Corpus, open_corpus
from spacy_spanbert.pretraining.corpus_source import CorpusSource
from spacy_spanbert.pretraining.documents import PieceDocument
from spacy_spanbert.pretraining.unigram import unigram_loss
from tests.pretraining.piece_documents import make_document

SOURCE = CorpusSource((), "tokenizer")


@pytest.fixture
def tokenizer(tiny_bert: Path):
    return load_tokenizer(tiny_bert)


def make_corpus(folder: Path, tokenizer, ids: list[list[int]], held_out: float) -> Corpus:
    documents = []
    for numbers in ids:
        made = make_document([[1] * len(numbers)])
        documents.append(
            PieceDocument(np.array(numbers, dtype=np.int32), made.words, made.sentences)
        )
    return open_corpus(
        folder, SOURCE, lambda: enumerate(documents), tokenizer, held_out=held_out, seed=0
    )


def test_it_is_the_mean_surprise_at_pieces_that_are_not_special(tmp_path, tokenizer):
    special = tokenizer.all_special_ids
    rng = np.random.default_rng(0)
    ids = [rng.integers(0, 40, 30).tolist() for _ in range(6)]
    corpus = make_corpus(tmp_path, tokenizer, ids, held_out=0.5)
    counts = Counter(
        piece for number in corpus.train for piece in ids[number] if piece not in special
    )
    n_possible = len(tokenizer) - len(special)
    total = sum(counts.values()) + n_possible
    losses = [
        -math.log((counts[piece] + 1) / total)
        for number in corpus.held_out
        for piece in ids[number]
        if piece not in special
    ]
    assert 0 < len(losses) < 3 * 30
    assert unigram_loss(corpus) == pytest.approx(sum(losses) / len(losses))


def test_unknown_words_make_no_difference(tmp_path, tokenizer):
    ids = [[10, 11, 12], [10, 13, 10], [11, 11, 12]]
    unknown = [[*numbers, tokenizer.unk_token_id, tokenizer.unk_token_id] for numbers in ids]
    losses = [
        unigram_loss(make_corpus(tmp_path / name, tokenizer, made, held_out=0.3))
        for name, made in (("without", ids), ("with", unknown))
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("ids", [[[10, 11]], [[1, 1], [1, 1]]])
def test_without_held_out_pieces_there_is_none(tmp_path, tokenizer, ids):
    assert unigram_loss(make_corpus(tmp_path, tokenizer, ids, held_out=0.5)) is None
