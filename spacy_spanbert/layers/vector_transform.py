"""Centring and whitening of vectors: raw cosines of contextual vectors crowd together."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError
from thinc.backends import get_array_ops

from spacy_spanbert.errors import SpanbertError

TransformKind = Literal["centre", "whiten"]
KINDS: tuple[str, ...] = get_args(TransformKind)
# Directions with less of the variance than this share of the strongest one's are noise.
LEAST_VARIANCE = 1e-6
# Whitening needs so many words for each number of a vector: with as many words as numbers it would
# make all of them equally unlike, whatever they were.
LEAST_WORDS_PER_NUMBER = 2


@dataclass(frozen=True)
class VectorTransform:
    """What is done to each word's vector before it goes on a Doc.

    All contextual vectors share some directions, so that any two of them look alike (Ethayarajh,
    2019, "How Contextual are Contextualized Word Representations?"). Taking the mean away (Mu and
    Viswanath, 2018, "All-but-the-Top") or making all directions equally wide (Su, Cao, Liu and Ou,
    2021, "Whitening Sentence Representations") lets the cosine tell more.

    mean (NDArray): Subtracted, float32, shape (width,).
    matrix (NDArray | None): Then multiplied from the right, float32, shape (width, width); None to
        centre only.
    origin (dict[str, Any]): How the vectors it was fitted on were made, in JSON values; empty if
        that is not known.
    """

    mean: np.ndarray
    matrix: np.ndarray | None = None
    origin: dict[str, Any] = field(default_factory=dict)

    def apply(self, vectors: Any) -> Any:
        """Transform vectors; those that are zero, of words without pieces, stay zero.

        vectors (NDArray | cupy.ndarray): Shape (n_words, width).
        RETURNS (NDArray | cupy.ndarray): float32, in the same shape.
        RAISES (SpanbertError): If they are not as wide as those it was fitted on.
        """
        if vectors.shape[1] != len(self.mean):
            raise SpanbertError(
                f"the vector transform was fitted on vectors of {len(self.mean)} numbers, but this "
                f"encoder's have {vectors.shape[1]}: fit one on this pipeline with `python -m "
                "spacy spanbert vectors MODEL CORPUS OUT --fit centre`"
            )
        ops = get_array_ops(vectors)
        moved = vectors - ops.asarray2f(self.mean[None])
        if self.matrix is not None:
            moved = moved @ ops.asarray2f(self.matrix)
        moved[~vectors.any(axis=1)] = 0
        return moved

    @property
    def fingerprint(self) -> str:
        """RETURNS (str): 16 hexadecimal digits that tell it from other transforms."""
        arrays = [self.mean] if self.matrix is None else [self.mean, self.matrix]
        return hashlib.sha256(b"".join(a.astype("<f4").tobytes() for a in arrays)).hexdigest()[:16]

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): A safetensors file, with the origin in its metadata."""
        arrays = {"mean": self.mean}
        if self.matrix is not None:
            arrays["matrix"] = self.matrix
        metadata = {"vectors": json.dumps(self.origin, sort_keys=True)}
        return safetensors.numpy.save(arrays, metadata=metadata)


def read_transform(data: bytes, source: str) -> VectorTransform:
    """Load what to_bytes stored.

    data (bytes): A safetensors file.
    source (str): Where it comes from, for the error.
    RETURNS (VectorTransform): The transform.
    RAISES (SpanbertError): If it is damaged, or something else.
    """
    try:
        arrays = safetensors.numpy.load(data)
        mean, matrix = arrays["mean"], arrays.get("matrix")
        origin = _read_origin(data)
        is_sound = mean.ndim == 1 and (matrix is None or matrix.shape == mean.shape * 2)
    except (SafetensorError, KeyError, ValueError):
        is_sound = False
    if not is_sound:
        raise SpanbertError(
            f"{source} holds no vector transform: expected a safetensors file with `mean` and "
            "perhaps `matrix`, as `python -m spacy spanbert vectors ... --fit` writes it"
        )
    return VectorTransform(mean, matrix, origin)


def _read_origin(data: bytes) -> dict[str, Any]:
    """The metadata, which the library reads from files only: a length, then a JSON header."""
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    origin: dict[str, Any] = json.loads(header["__metadata__"]["vectors"])
    return origin


def fit_transform(
    blocks: Iterable[Any], kind: TransformKind, origin: dict[str, Any] | None = None
) -> VectorTransform:
    """Fit a transform on the vectors of a corpus; no more than a block is held.

    blocks (Iterable[NDArray | cupy.ndarray]): Vectors, each of shape (n_words, width); rows of
        zeros are left out.
    kind (str): "centre", or "whiten", which centres too.
    origin (dict[str, Any] | None): How the vectors were made, see EncoderVectors.origin.
    RETURNS (VectorTransform): The transform.
    RAISES (SpanbertError): If there are fewer than two vectors, to whiten fewer than twice as many
        as they are wide, or all are equal.
    """
    n_vectors = 0
    total: Any = 0.0
    products: Any = 0.0  # shape (width, width)
    for block in blocks:
        rows = np.asarray(get_array_ops(block).to_numpy(block), dtype="float64")
        rows = rows[rows.any(axis=1)]
        n_vectors += len(rows)
        total = total + rows.sum(axis=0)
        if kind == "whiten":
            products = products + rows.T @ rows
    if n_vectors < 2:
        raise SpanbertError(
            f"a vector transform is fitted on two words or more, but there are {n_vectors}: name a "
            "corpus with more text"
        )
    mean = total / n_vectors
    matrix = None
    if kind == "whiten":
        least = LEAST_WORDS_PER_NUMBER * len(mean)
        if n_vectors < least:
            raise SpanbertError(
                f"whitening vectors of {len(mean)} numbers needs a corpus of {least:,} words, "
                f"better ten times as many, but there are {n_vectors:,}: name a corpus with more "
                "text, or fit a centre"
            )
        matrix = _whitening(products / n_vectors - np.outer(mean, mean)).astype("float32")
    return VectorTransform(mean.astype("float32"), matrix, origin or {})


def _whitening(covariance: np.ndarray) -> np.ndarray:
    """The matrix after which all directions that vary have variance 1, shape (width, width)."""
    variances, directions = np.linalg.eigh(covariance)
    kept = variances > LEAST_VARIANCE * variances[-1]
    if variances[-1] <= 0 or not kept.any():
        raise SpanbertError("all vectors are equal: whitening needs a corpus of different words")
    scales = np.zeros_like(variances)
    scales[kept] = variances[kept] ** -0.5
    return np.asarray(directions * scales)
