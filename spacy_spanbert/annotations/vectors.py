"""Contextual vectors on a Doc: rows of `doc.tensor`, read by `.vector` and `.similarity`."""

import multiprocessing
import warnings
from collections.abc import Callable
from typing import Any

import numpy
from spacy.errors import Warnings
from spacy.tokens import Doc, Span, Token

from spacy_spanbert.errors import SpanbertError

Holder = Doc | Span | Token
Hooks = dict[str, Callable[..., Any]]

_is_worker = False
# Doc.to_bytes would warn of each Doc that bytes hold no hooks: restore_vectors puts them back.
# Filters of the user come first.
warnings.filterwarnings("ignore", message=r"\[W109\]", append=True)


def set_vectors(doc: Doc, vectors: Any) -> None:
    """Give the words of a Doc their vectors, and all that spaCy makes of them.

    doc (Doc): The Doc; hooks that others set for anything else stay.
    vectors (NDArray | cupy.ndarray): float32, shape (n_words, width); of an empty Doc (0, width).
    """
    doc.tensor = vectors
    doc.user_hooks.update(_DOC_HOOKS)
    doc.user_span_hooks.update(_SPAN_HOOKS)
    doc.user_token_hooks.update(_TOKEN_HOOKS)
    _expect_bytes_in_worker()


def restore_vectors(doc: Doc) -> Doc:
    """Let `.vector` and `.similarity` read `doc.tensor` again, on a Doc that came as bytes.

    Bytes, and so `nlp.pipe(n_process=2)`, and Doc.from_docs keep the vectors but no hooks. Without
    hooks spaCy's `.similarity` takes equally spelt words for the same, and `.vector` prefers static
    vectors.

    doc (Doc): The Doc; nothing happens to an empty one without a tensor.
    RETURNS (Doc): The same Doc.
    RAISES (SpanbertError): If it has words but no vectors: a DocBin, and so a .spacy file, keeps
        none.
    """
    if len(doc) or _has_tensor(doc):
        set_vectors(doc, _tensor(doc))
    return doc


def release_vectors(doc: Doc) -> Doc:
    """Take the vectors off a Doc, to spare memory.

    doc (Doc): The Doc, with or without vectors; hooks of others stay.
    RETURNS (Doc): The same Doc.
    """
    doc.tensor = numpy.zeros((0,), dtype="float32")
    pairs: list[tuple[Hooks, Hooks]] = [
        (doc.user_hooks, _DOC_HOOKS),
        (doc.user_span_hooks, _SPAN_HOOKS),
        (doc.user_token_hooks, _TOKEN_HOOKS),
    ]
    for hooks, ours in pairs:
        for name in [name for name, hook in ours.items() if hooks.get(name) is hook]:
            del hooks[name]
    return doc


def _expect_bytes_in_worker() -> None:
    """Keep a process of nlp.pipe(n_process=...) from stopping where warnings are errors.

    All Docs leave it as bytes, but the components in it need the hooks.
    """
    global _is_worker
    target = getattr(multiprocessing.current_process(), "_target", None)
    if not _is_worker and getattr(target, "__module__", "") == "spacy.language":
        _is_worker = True
        warnings.filterwarnings("ignore", message=r"\[W109\]")


def _has_tensor(doc: Doc) -> bool:
    tensor: Any = doc.tensor
    return tensor is not None and tensor.ndim == 2 and len(tensor) == len(doc)


def _tensor(doc: Doc) -> Any:
    """The vectors of a Doc, shape (n_words, width)."""
    if not _has_tensor(doc):
        shape = getattr(doc.tensor, "shape", None)
        raise SpanbertError(
            f"the Doc {doc.text[:40]!r} has {len(doc)} words, but no vector for each: doc.tensor "
            f"is {'None' if shape is None else f'of shape {shape}'}. A DocBin, the setting keep = "
            "false and spaCy's doc_cleaner drop it: run the pipeline over the text again, or store "
            "vectors with `python -m spacy spanbert vectors`"
        )
    return doc.tensor


def _mean(rows: Any) -> Any:
    return rows.sum(axis=0) / max(len(rows), 1)


def _doc_vector(doc: Doc) -> Any:
    return _mean(_tensor(doc))


def _span_vector(span: Span) -> Any:
    return _mean(_tensor(span.doc)[span.start : span.end])


def _token_vector(token: Token) -> Any:
    return _tensor(token.doc)[token.i]


def _doc_has_vector(doc: Doc) -> bool:
    return _has_tensor(doc) and bool(doc.tensor.any())


def _span_has_vector(span: Span) -> bool:
    return _has_tensor(span.doc) and bool(span.doc.tensor[span.start : span.end].any())


def _token_has_vector(token: Token) -> bool:
    return _has_tensor(token.doc) and bool(token.doc.tensor[token.i].any())


def _norm(vector: Any) -> float:
    return float((vector * vector).sum()) ** 0.5


def _doc_norm(doc: Doc) -> float:
    """Spare what spaCy does with its own value: it is kept when the vectors change."""
    return _norm(_doc_vector(doc))


def _similarity(this: Holder, other: Any) -> float:
    """The cosine, between -1 and 1; 0 where there is no vector, with spaCy's warning."""
    a, b = this.vector, other.vector
    norms = _norm(a) * _norm(b)
    if norms == 0:
        warnings.warn(Warnings.W008.format(obj=type(this).__name__), stacklevel=2)
        return 0.0
    if a.shape != b.shape:
        raise SpanbertError(
            f"{str(this)[:40]!r} has a contextual vector of {len(a)} numbers, but "
            f"{getattr(other, 'text', str(other))[:40]!r} one of {len(b)}, from another source: "
            "compare Docs of the same pipeline, and call spacy_spanbert.restore_vectors(doc) on a "
            "Doc that came as bytes or from another process"
        )
    return min(1.0, max(-1.0, float((a * b).sum()) / norms))


_DOC_HOOKS: Hooks = {
    "vector": _doc_vector,
    "has_vector": _doc_has_vector,
    "vector_norm": _doc_norm,
    "similarity": _similarity,
}
# No "vector_norm" here: spaCy's Span would return its vector for it.
_SPAN_HOOKS: Hooks = {
    "vector": _span_vector,
    "has_vector": _span_has_vector,
    "similarity": _similarity,
}
_TOKEN_HOOKS: Hooks = {
    "vector": _token_vector,
    "has_vector": _token_has_vector,
    "similarity": _similarity,
}
