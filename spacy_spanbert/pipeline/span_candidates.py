"""Which spans of a batch of Docs are scored."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from spacy.tokens import Doc
from thinc.api import to_numpy
from thinc.types import Ragged

from spacy_spanbert.nn.candidates import SpanCandidates

Suggester = Callable[..., Ragged]


def span_reach(docs: Sequence[Doc], max_length: int, *, cross_sentences: bool) -> torch.Tensor:
    """Say how long spans may be that begin at each word.

    docs (Sequence[Doc]): The Docs, one after the other.
    max_length (int): Longest span, in words.
    cross_sentences (bool): Whether spans may reach over sentence boundaries. Where a Doc has none,
        nothing is restricted.
    RETURNS (torch.Tensor): Lengths in words, integers of shape (n_words,).
    """
    reach = [np.zeros(0, dtype=np.int64)]
    for doc in docs:
        ends = np.full(len(doc), len(doc))
        if not cross_sentences and doc.has_annotation("SENT_START"):
            starts = np.flatnonzero(doc.to_array("SENT_START") == 1)
            following = np.searchsorted(starts, np.arange(len(doc)), side="right")
            ends = np.append(starts, len(doc))[following]
        reach.append(np.minimum(ends - np.arange(len(doc)), max_length))
    return torch.from_numpy(np.concatenate(reach))


def suggested_spans(docs: Sequence[Doc], suggester: Suggester) -> tuple[torch.Tensor, torch.Tensor]:
    """Ask a suggester for candidates.

    docs (Sequence[Doc]): The Docs, one after the other.
    suggester (Suggester): Any spaCy suggester.
    RETURNS (tuple[torch.Tensor, torch.Tensor]): First words counted over all Docs, ascending, and
        lengths in words, shape (n_spans,) each; every span once.
    """
    suggested = suggester(list(docs))
    offsets = np.cumsum([0, *(len(doc) for doc in docs)])[: len(docs)]
    # shape (n_spans, 2)
    spans = to_numpy(suggested.dataXd).reshape(-1, 2).astype(np.int64)
    spans = np.unique(spans + np.repeat(offsets, to_numpy(suggested.lengths))[:, None], axis=0)
    return torch.from_numpy(spans[:, 0].copy()), torch.from_numpy(spans[:, 1] - spans[:, 0])


def training_candidates(
    docs: Sequence[Doc], max_length: int, *, cross_sentences: bool, suggester: Suggester | None
) -> SpanCandidates:
    """Lay out the candidates of a batch.

    docs, max_length, cross_sentences, suggester: As for the two functions above.
    RETURNS (SpanCandidates): Over the words of all Docs.
    """
    if suggester is None:
        reach = span_reach(docs, max_length, cross_sentences=cross_sentences)
        return SpanCandidates.all_spans(reach)
    starts, lengths = suggested_spans(docs, suggester)
    return SpanCandidates.given_spans(starts, lengths, sum(len(doc) for doc in docs))
