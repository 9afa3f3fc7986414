import numpy as np
import pytest
import safetensors.numpy

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.vector_transform import fit_transform, read_transform

WIDTH = 6


def make_vectors(n_words: int = 500, seed: int = 0) -> np.ndarray:
    """Correlated, far from the origin, with zeros for some words."""
    generator = np.random.default_rng(seed)
    mixed = generator.normal(size=(n_words, WIDTH)) @ generator.normal(size=(WIDTH, WIDTH))
    vectors = (mixed + 3).astype("float32")
    vectors[::7] = 0
    return vectors


def rows_of(vectors: np.ndarray) -> np.ndarray:
    return vectors[vectors.any(axis=1)]


def test_centred_vectors_have_mean_zero_and_words_without_vectors_none():
    vectors = make_vectors()
    centred = fit_transform([vectors], "centre").apply(vectors)
    np.testing.assert_allclose(rows_of(centred).mean(axis=0), 0, atol=1e-5)
    assert not centred[::7].any()
    np.testing.assert_allclose(
        centred[1:7], vectors[1:7] - rows_of(vectors).mean(axis=0), rtol=1e-4, atol=1e-5
    )


def test_whitened_vectors_have_the_identity_for_covariance():
    vectors = make_vectors()
    whitened = fit_transform([vectors], "whiten").apply(vectors)
    assert whitened.dtype == np.float32
    rows = rows_of(whitened)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(rows, rowvar=False, bias=True), np.eye(WIDTH), atol=1e-3)
    assert not whitened[::7].any()


@pytest.mark.parametrize("kind", ["centre", "whiten"])
def test_blocks_make_no_difference(kind):
    vectors = make_vectors()
    whole = fit_transform([vectors], kind).apply(vectors)
    blocks = [vectors[:1], vectors[1:300], vectors[300:300], vectors[300:]]
    np.testing.assert_allclose(fit_transform(blocks, kind).apply(vectors), whole, atol=1e-5)


def test_whitening_on_too_few_words_is_refused_since_it_would_make_all_equally_unlike():
    vectors = rows_of(make_vectors(2 * WIDTH + 10))
    assert len(vectors) >= 2 * WIDTH
    whitened = fit_transform([vectors], "whiten").apply(vectors)
    unit = whitened / np.linalg.norm(whitened, axis=1, keepdims=True)
    assert (unit @ unit.T)[np.triu_indices(len(unit), 1)].std() > 0.1
    message = rf"of {WIDTH} numbers needs a corpus of {2 * WIDTH} words.* but there are {WIDTH}"
    with pytest.raises(SpanbertError, match=message):
        fit_transform([vectors[:WIDTH]], "whiten")


def test_directions_that_do_not_vary_are_left_out_and_nothing_is_endless():
    vectors = rows_of(make_vectors(300))
    vectors[:, 1] = vectors[:, 0]
    whitened = fit_transform([vectors], "whiten").apply(make_vectors(100, seed=1))
    assert np.isfinite(whitened).all()
    assert np.abs(whitened).max() < 1000


def test_the_cosine_of_words_in_general_falls_to_about_zero():
    rows = rows_of(make_vectors())

    def mean_cosine(vectors: np.ndarray) -> float:
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return float((unit @ unit.T).mean())

    assert mean_cosine(rows) > 0.5
    for kind in ("centre", "whiten"):
        assert abs(mean_cosine(fit_transform([rows], kind).apply(rows))) < 0.05


@pytest.mark.parametrize("kind", ["centre", "whiten"])
def test_a_stored_transform_does_the_same(kind):
    transform = fit_transform([make_vectors()], kind, {"layers": [2]})
    loaded = read_transform(transform.to_bytes(), "a file")
    assert loaded.origin == {"layers": [2]}
    assert loaded.fingerprint == transform.fingerprint
    other = fit_transform([make_vectors() + 1], kind)
    assert other.fingerprint != transform.fingerprint
    assert np.array_equal(loaded.apply(make_vectors()), transform.apply(make_vectors()))


def test_another_width_is_refused():
    transform = fit_transform([make_vectors()], "centre")
    with pytest.raises(SpanbertError, match=r"fitted on vectors of 6 numbers, .* have 2: fit one"):
        transform.apply(np.ones((3, 2), dtype="float32"))
    assert transform.apply(np.zeros((0, WIDTH), dtype="float32")).shape == (0, WIDTH)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"what is this",
        safetensors.numpy.save({"weights": np.ones(2)}),
        safetensors.numpy.save({"mean": np.ones((2, 2))}),
        safetensors.numpy.save({"mean": np.ones(2), "matrix": np.ones((2, 3))}),
    ],
)
def test_what_is_no_transform_is_named(data):
    with pytest.raises(SpanbertError, match=r"a/file holds no vector transform.*--fit"):
        read_transform(data, "a/file")


def test_too_few_words_and_equal_words_are_refused():
    for blocks in ([], [np.zeros((5, 2))], [np.ones((1, 2))]):
        with pytest.raises(SpanbertError, match="two words or more"):
            fit_transform(blocks, "centre")
    with pytest.raises(SpanbertError, match="all vectors are equal"):
        fit_transform([np.ones((9, 2))], "whiten")
