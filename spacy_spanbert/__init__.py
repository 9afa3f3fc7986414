"""Nested spans, relations, tags, labels of texts and pairs, vectors: one encoder, inside spaCy."""

from importlib import import_module
from typing import Any

# What Python code may use. It is imported when it is asked for: commands and pretraining import
# this package too, and need none of it.
_PLACES = {
    "Relation": "annotations.relations",
    "make_pair": "annotations.pair",
    "rank": "annotations.ranking",
    "release_vectors": "annotations.vectors",
    "restore_vectors": "annotations.vectors",
    "segments": "annotations.pair",
}
__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"spacy_spanbert has no {name!r}: it has {', '.join(__all__)}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
