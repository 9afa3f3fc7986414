import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corpus import Corpus, choose_held_out, open_corpus
from spacy_spanbert.pretraining.corpus_source import CorpusSource, SourceFile
from spacy_spanbert.pretraining.documents import PieceDocument
from tests.pretraining.piece_documents import make_document, random_shapes

SOURCE = CorpusSource((SourceFile("a.txt", 1, 1, "digest"),), "tokenizer", {"seed": 0})


@pytest.fixture
def bert(tiny_bert: Path) -> PreTrainedTokenizerFast:
    return load_tokenizer(tiny_bert)


@pytest.fixture
def documents(bert: PreTrainedTokenizerFast) -> list[PieceDocument]:
    """Of any pieces of the vocabulary, special ones too."""
    rng = np.random.default_rng(0)
    made = []
    for shape in [*random_shapes(30), []]:
        document = make_document(shape)
        ids = rng.integers(0, len(bert), len(document)).astype(np.int32)
        made.append(PieceDocument(ids, document.words, document.sentences))
    return made


def open_(
    cache: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast, **options
) -> Corpus:
    options = {"held_out": 0.2, "seed": 0, **options}
    return open_corpus(cache, SOURCE, lambda: enumerate(documents), bert, **options)


def never() -> list[PieceDocument]:
    raise AssertionError("the corpus was made again")


def test_a_corpus_holds_every_document_with_a_piece_once(
    tmp_path: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast
):
    corpus = open_(tmp_path / "cache", documents, bert)
    assert len(corpus.store) == 30
    for number, document in enumerate(documents[:-1]):
        np.testing.assert_array_equal(corpus.store.document(number).ids, document.ids)
    assert len(corpus.held_out) == 6 == corpus.statistics.held_out_documents
    assert sorted([*corpus.train, *corpus.held_out]) == list(range(30))
    assert corpus.statistics.pieces == sum(map(len, documents))


def test_pieces_are_counted_in_the_train_part_without_special_and_unknown_ones(
    tmp_path: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast
):
    corpus = open_(tmp_path, documents, bert)
    expected = Counter(
        int(piece)
        for number in corpus.train
        for piece in documents[number].ids
        if piece not in bert.all_special_ids
    )
    assert {i: n for i, n in enumerate(corpus.counts.tolist()) if n} == expected
    assert corpus.counts.shape == (len(bert),)
    assert corpus.counts[bert.unk_token_id] == 0 < corpus.statistics.unknown


def test_a_corpus_that_is_there_is_not_made_again(
    tmp_path: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast
):
    made = open_(tmp_path, documents, bert)
    opened = open_corpus(tmp_path, SOURCE, never, bert, held_out=0.2, seed=0)
    assert opened.source == SOURCE
    assert opened.fingerprint == made.fingerprint == made.folder.name
    assert opened.statistics == made.statistics
    np.testing.assert_array_equal(opened.counts, made.counts)
    np.testing.assert_array_equal(opened.held_out, made.held_out)


@pytest.mark.parametrize("name", ["pieces.arrow", "held_out.npy", "counts.npy", "corpus.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "other", "half"])
def test_a_corpus_with_a_missing_or_damaged_file_is_made_again(
    tmp_path: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast, name, damage
):
    folder = open_(tmp_path, documents, bert).folder
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage != "missing":
        contents = {"empty": b"", "other": b"{", "half": content[: len(content) // 2]}
        (folder / name).write_bytes(contents[damage])
    made = open_(tmp_path, documents, bert)
    assert (made.folder / name).read_bytes() == content
    assert len(open_corpus(tmp_path, SOURCE, never, bert, held_out=0.2, seed=0).store) == 30


def test_a_corpus_whose_folder_is_gone_is_made_again(
    tmp_path: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast
):
    shutil.rmtree(open_(tmp_path, documents, bert).folder)
    assert len(open_(tmp_path, documents, bert).store) == 30


def test_a_corpus_appears_whole_or_not_at_all(
    tmp_path: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast
):
    def broken():
        yield from enumerate(documents[:5])
        raise OSError(28, "No space left on device")

    with pytest.raises(SpanbertError, match=r"No space left on device\. Make room"):
        open_corpus(tmp_path, SOURCE, broken, bert, held_out=0.2, seed=0)
    assert list(tmp_path.iterdir()) == []


def test_what_killed_processes_left_is_removed_when_it_is_a_day_old(
    tmp_path: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast
):
    for name, written in ((".writing-old", 1), (".writing-new", None)):
        (tmp_path / name / "corpus").mkdir(parents=True)
        for path in (tmp_path / name / "corpus" / "pieces.arrow", tmp_path / name / "corpus"):
            path.touch()
            if written:
                os.utime(path, (written, written))
    corpus = open_(tmp_path, documents, bert)
    assert {path.name for path in tmp_path.iterdir()} == {".writing-new", corpus.folder.name}


def test_no_text_is_an_error_that_names_the_files(tmp_path: Path, bert: PreTrainedTokenizerFast):
    with pytest.raises(SpanbertError, match=r"no word in a\.txt"):
        open_(tmp_path, [make_document([])], bert)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("n_documents", "share", "n_held_out"),
    [(1, 0.5, 0), (2, 0.01, 1), (2, 0.99, 1), (100, 0.0, 0), (100, 0.02, 2), (1000, 0.25, 250)],
)
def test_the_held_out_share_leaves_something_on_both_sides(
    n_documents: int, share: float, n_held_out: int
):
    documents = np.arange(n_documents)
    chosen = choose_held_out(documents, share, 7)
    assert len(set(chosen.tolist())) == n_held_out
    assert all(0 <= number < n_documents for number in chosen)
    np.testing.assert_array_equal(chosen, choose_held_out(documents, share, 7))


def test_the_seed_chooses_what_is_held_out():
    one, other = (choose_held_out(np.arange(1000), 0.1, seed) for seed in (1, 2))
    assert one.tolist() != other.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_all_parts_of_a_document_are_held_out_or_none(
    tmp_path: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast, seed: int
):
    origins = [5] * 10 + [7] * 10 + [8, 9] + [20] * 9
    corpus = open_corpus(
        *(tmp_path, SOURCE, lambda: zip(origins, documents, strict=True), bert),
        **{"held_out": 0.4, "seed": seed},
    )
    train, held_out = (
        {origins[number] for number in part} for part in (corpus.train, corpus.held_out)
    )
    assert (len(train), len(held_out), train & held_out) == (3, 2, set())
    statistics = corpus.statistics
    assert (statistics.documents, statistics.held_out_documents) == (5, 2)
    assert statistics.parts == len(corpus.store) == 30


def test_the_parts_of_a_single_document_are_all_learned_from(
    tmp_path: Path, documents: list[PieceDocument], bert: PreTrainedTokenizerFast
):
    corpus = open_corpus(
        *(tmp_path, SOURCE, lambda: ((3, document) for document in documents), bert),
        **{"held_out": 0.4, "seed": 0},
    )
    assert len(corpus.train) == 30
