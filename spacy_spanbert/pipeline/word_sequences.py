"""The sequences that words are tagged in: nothing is known across their borders."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from torch import Tensor

from spacy_spanbert.annotations.pair import is_pair, segments


def sequence_starts(doc: Doc) -> NDArray[np.int64]:
    """Cut a Doc into sequences: sentences where there are boundaries, and the two texts of a pair.

    doc (Doc): Any Doc.
    RETURNS (NDArray[np.int64]): First word of each sequence, shape (n_sequences,), rising; 0 alone
        where there is nothing to cut at, and in an empty Doc.
    RAISES (SpanbertError): If it is a pair whose words have changed.
    """
    starts = np.zeros(1, dtype=np.int64)
    if doc.has_annotation("SENT_START"):
        starts = np.union1d(starts, np.flatnonzero(doc.to_array("SENT_START") == 1))
    if is_pair(doc) and (border := len(segments(doc)[0])) < len(doc):
        starts = np.union1d(starts, [border])
    return starts.astype(np.int64)


def sequence_numbers(doc: Doc) -> NDArray[np.int64]:
    """Number the sequence of each word.

    doc (Doc): Any Doc.
    RETURNS (NDArray[np.int64]): From 0, rising; shape (n_words,).
    RAISES (SpanbertError): As sequence_starts.
    """
    return np.searchsorted(sequence_starts(doc), np.arange(len(doc)), side="right") - 1


def sequence_lengths(docs: Sequence[Doc]) -> Tensor:
    """Count the words of the sequences of Docs.

    docs (Sequence[Doc]): The Docs, one after the other.
    RETURNS (Tensor): Words of each sequence; long [n_sequences].
    RAISES (SpanbertError): As sequence_starts.
    """
    lengths = [np.diff(sequence_starts(doc), append=len(doc)) for doc in docs]
    return torch.from_numpy(np.concatenate([np.zeros(0, dtype=np.int64), *lengths]))
