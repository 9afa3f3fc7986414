"""Vectors on Docs, with arrays made by hand."""

import gc
import pickle
import subprocess
import sys
import warnings
import weakref

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin

import spacy_spanbert
from spacy_spanbert.annotations.vectors import release_vectors, restore_vectors, set_vectors
from spacy_spanbert.errors import SpanbertError

NLP = spacy.blank("en")
WORDS = ["the", "bank", "of", "the", "bank", " "]
WIDTH = 3


def make_vectors(n_words: int = len(WORDS), seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n_words, WIDTH)).astype("float32")
    if n_words == len(WORDS):
        vectors[-1] = 0  # white space
    return vectors


@pytest.fixture
def doc() -> Doc:
    doc = Doc(NLP.vocab, words=WORDS)
    set_vectors(doc, make_vectors())
    return doc


def cosine(a, b) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def through_bytes(doc: Doc, vocab=NLP.vocab) -> Doc:
    return Doc(vocab).from_bytes(doc.to_bytes(exclude=["user_hooks"]))


def test_tokens_spans_and_docs_have_the_mean_of_their_words_rows(doc):
    rows = make_vectors()
    for token in doc:
        assert np.array_equal(token.vector, rows[token.i])
    for start in range(len(doc)):
        for end in range(start + 1, len(doc) + 1):
            vector = doc[start:end].vector
            np.testing.assert_allclose(vector, rows[start:end].mean(axis=0), rtol=1e-5, atol=1e-6)
            assert doc[start:end].vector_norm == pytest.approx(np.linalg.norm(vector))
    np.testing.assert_allclose(doc.vector, rows.mean(axis=0), rtol=1e-5, atol=1e-6)
    assert doc.vector_norm == pytest.approx(np.linalg.norm(rows.mean(axis=0)))
    assert doc[1].vector_norm == pytest.approx(np.linalg.norm(rows[1]))


def test_every_pair_of_doc_span_and_token_has_the_cosine_of_its_vectors(doc):
    other = Doc(NLP.vocab, words=["a", "bank"])
    set_vectors(other, make_vectors(2, seed=1))
    things = [doc, doc[1], doc[0:2], doc[3:5], other, other[1], other[0:2]]
    for a in things:
        for b in things:
            assert a.similarity(b) == pytest.approx(cosine(a.vector, b.vector), abs=1e-6)
            assert -1 <= a.similarity(b) <= 1


def test_equal_spellings_are_not_equal(doc):
    """As spaCy by itself would have it."""
    assert doc[1].similarity(doc[4]) < 0.99
    assert doc[0:2].similarity(doc[3:5]) < 0.99
    assert doc[1:2].similarity(doc[4]) < 0.99
    assert doc[1].similarity(doc[1]) == pytest.approx(1)


def test_has_vector_tells_where_all_is_zero(doc):
    assert [token.has_vector for token in doc] == [True] * 5 + [False]
    assert doc.has_vector
    assert doc[4:6].has_vector
    assert not doc[5:6].has_vector


def test_nothing_is_like_nothing_and_spacys_warning_says_so(doc):
    for blank in (doc[5], doc[5:6]):
        with pytest.warns(UserWarning, match=r"\[W008\] Evaluating .* based on empty vectors"):
            assert blank.similarity(doc[1]) == 0


def test_an_empty_doc_and_an_empty_span_have_zeros_of_the_right_width(doc):
    empty = Doc(NLP.vocab)
    set_vectors(empty, np.zeros((0, WIDTH), dtype="float32"))
    for nothing in (empty, doc[2:2]):
        assert nothing.vector.tolist() == [0] * WIDTH
        assert nothing.vector_norm == 0
        assert not nothing.has_vector


def test_new_vectors_are_seen_at_once(doc):
    assert doc.vector_norm and doc[1:3].vector.any()
    set_vectors(doc, make_vectors(seed=5))
    np.testing.assert_allclose(doc.vector, make_vectors(seed=5).mean(axis=0), rtol=1e-5, atol=1e-6)
    assert doc.vector_norm == pytest.approx(np.linalg.norm(doc.vector))


def test_vectors_of_another_width_are_refused(doc):
    other = Doc(NLP.vocab, words=["wider"])
    set_vectors(other, np.ones((1, 5), dtype="float32"))
    message = r"'bank' has a contextual vector of 3 numbers, but 'wider' one of 5.*restore_vectors"
    with pytest.raises(SpanbertError, match=message):
        doc[1].similarity(other[0])


def test_bytes_keep_vectors_and_restore_vectors_brings_the_rest(doc):
    copied = through_bytes(doc)
    assert np.array_equal(copied[1].vector, doc[1].vector)
    np.testing.assert_allclose(copied.vector, doc.vector, rtol=1e-5, atol=1e-6)
    with pytest.warns(UserWarning, match="W007"):  # spaCy's own similarity
        assert copied[0].similarity(copied[1]) != 0
    assert copied[1].similarity(copied[4]) == 1.0
    assert restore_vectors(copied) is copied
    assert copied[1].similarity(copied[4]) == doc[1].similarity(doc[4])


def test_joined_docs_keep_vectors_and_restore_vectors_brings_the_rest(doc):
    joined = Doc.from_docs([doc, doc])
    assert restore_vectors(joined) is joined
    n = len(doc)
    assert joined[1].similarity(joined[n + 4]) == pytest.approx(doc[1].similarity(doc[4]))


def test_restore_vectors_is_public():
    assert spacy_spanbert.restore_vectors is restore_vectors
    assert spacy_spanbert.release_vectors is release_vectors
    with pytest.raises(AttributeError, match="no 'restore'"):
        _ = spacy_spanbert.restore


QUIET_BYTES = """
import spacy, numpy, warnings
from spacy_spanbert.annotations.vectors import set_vectors
doc = spacy.blank("en")("a")
set_vectors(doc, numpy.ones((1, 2), dtype="f"))
doc.to_bytes()
warnings.simplefilter("error")
try:
    doc.to_bytes()
except UserWarning as warning:
    print(str(warning)[:6])
"""


def test_bytes_are_made_without_a_warning_unless_warnings_are_errors():
    command = [sys.executable, "-c", QUIET_BYTES]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("[W109]\n", "")


def test_with_static_vectors_a_doc_from_bytes_is_static_until_it_is_restored(doc):
    nlp = spacy.blank("en")
    nlp.vocab.set_vector("bank", np.ones(7, dtype="float32"))
    copied = through_bytes(doc, nlp.vocab)
    assert copied[1].vector.tolist() == [1] * 7
    with pytest.raises(SpanbertError, match=r"3 numbers, but 'bank' one of 7"):
        doc[1].similarity(copied[1])
    restore_vectors(copied)
    assert np.array_equal(copied[1].vector, doc[1].vector)
    assert copied[1].lex.vector.tolist() == [1] * 7


def test_a_doc_bin_keeps_no_vectors_which_is_said(doc):
    (copied,) = DocBin(docs=[doc]).get_docs(NLP.vocab)
    with pytest.raises(SpanbertError, match=r"'the bank of .* has 6 words, but no vector.*DocBin"):
        restore_vectors(copied)
    assert not copied.has_vector


def test_an_empty_doc_is_restored_to_nothing():
    doc = restore_vectors(Doc(NLP.vocab))
    assert not doc.has_vector


def test_copies_pickles_and_parts_keep_everything(doc):
    expected = doc[0:2].similarity(doc[3:5])
    for copied in (doc.copy(), pickle.loads(pickle.dumps(doc))):
        assert copied[0:2].similarity(copied[3:5]) == expected
    part = doc[3:5].as_doc()
    assert np.array_equal(part.vector, doc[3:5].vector)
    assert part.similarity(doc[0:2]) == pytest.approx(expected)


def test_merged_words_have_one_vector(doc):
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    assert doc[0].vector.shape == (WIDTH,)
    assert np.array_equal(doc[3].vector, make_vectors()[4])


def test_released_vectors_are_gone_and_hooks_of_others_stay(doc):
    doc.user_hooks["sents"] = list
    doc.user_token_hooks["vector"] = lambda token: "mine"
    release_vectors(doc)
    assert doc.tensor.size == 0
    assert doc.user_hooks == {"sents": list}
    assert doc.user_span_hooks == {}
    assert doc[1].vector == "mine"
    assert not doc.has_vector


def test_a_doc_whose_tensor_was_taken_says_what_takes_it(doc):
    doc.tensor = None  # as doc_cleaner does
    assert not doc.has_vector
    assert not doc[0].has_vector
    assert not doc[0:2].has_vector
    for read in (lambda: doc.vector, lambda: doc[0].vector, lambda: doc[0:2].vector):
        with pytest.raises(SpanbertError, match=r"doc\.tensor is None.*doc_cleaner"):
            read()


def test_a_doc_is_freed_without_the_garbage_collector():
    doc = Doc(NLP.vocab, words=WORDS)
    vectors = make_vectors()
    set_vectors(doc, vectors)
    alive = weakref.ref(vectors)
    gc.disable()
    try:
        del doc, vectors
        assert alive() is None
    finally:
        gc.enable()


@given(st.integers(1, 6), st.integers(0, 5), st.floats(1e-12, 1e12))
def test_a_cosine_is_one_for_the_same_direction_at_any_length(n_words, seed, scale):
    doc, other = Doc(NLP.vocab, words=["a"] * n_words), Doc(NLP.vocab, words=["b"] * n_words)
    vectors = make_vectors(n_words, seed)
    vectors[~vectors.any(axis=1)] = 1
    set_vectors(doc, vectors)
    set_vectors(other, (vectors * scale).astype("float32"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert doc[0].similarity(other[0]) == pytest.approx(1, abs=1e-5)
