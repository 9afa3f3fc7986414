"""Nested spans, labels of texts and of pairs of texts on one shared encoder, inside spaCy."""

from spacy_spanbert.annotations.pair import make_pair, segments
from spacy_spanbert.annotations.ranking import rank

__all__ = ["make_pair", "rank", "segments"]
