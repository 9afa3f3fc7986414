"""From scores to the spans that are written on a Doc."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span, SpanGroup
from torch import Tensor

from spacy_spanbert.annotations.candidates import ranks_at_start
from spacy_spanbert.annotations.overlap import resolve_overlap
from spacy_spanbert.pipeline.label_choice import choose_labels


@dataclass(frozen=True)
class ScoredSpans:
    """Spans above the threshold, over the words of a batch of Docs.

    starts (NDArray[np.int64]): First word, counted over all Docs, shape (n_spans,).
    ends (NDArray[np.int64]): Word after the last, shape (n_spans,).
    labels (NDArray[np.int64]): Index of the label, shape (n_spans,).
    scores (NDArray[np.float32]): Probability of that label, shape (n_spans,).
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]

    @classmethod
    def none(cls) -> "ScoredSpans":
        """RETURNS (ScoredSpans): No spans."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, none, np.zeros(0, dtype=np.float32))

    @classmethod
    def join(cls, parts: Sequence["ScoredSpans"]) -> "ScoredSpans":
        """Put spans behind one another.

        parts (Sequence[ScoredSpans]): Any number of them.
        RETURNS (ScoredSpans): All spans, in this order.
        """
        parts = [cls.none(), *parts]
        return cls(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.ends for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.scores for part in parts]),
        )

    def __getitem__(self, index: slice | NDArray[np.int64]) -> "ScoredSpans":
        return ScoredSpans(
            self.starts[index], self.ends[index], self.labels[index], self.scores[index]
        )


def select_spans(
    blocks: Iterable[tuple[Tensor, Tensor, Tensor]],
    *,
    threshold: float,
    multilabel: bool,
    max_positive: int | None,
) -> ScoredSpans:
    """Keep what is probable enough, block by block.

    blocks (Iterable[tuple[Tensor, Tensor, Tensor]]): Starts, lengths and logits of spans.
    threshold, multilabel, max_positive: See choose_labels.
    RETURNS (ScoredSpans): Ordered by start, then by end, then by label.
    """
    found = []
    for starts, lengths, logits in blocks:
        # Only what is kept leaves the device of the logits; starts and lengths may be elsewhere.
        rows, labels, scores = choose_labels(
            logits, threshold=threshold, multilabel=multilabel, max_positive=max_positive
        )
        first = starts.cpu()[rows]
        columns = (first, first + lengths.cpu()[rows], labels, scores)
        found.append(ScoredSpans(*(column.numpy() for column in columns)))
    merged = ScoredSpans.join(found)
    return merged[np.lexsort((merged.labels, merged.ends, merged.starts))]


def select_candidates(
    blocks: Iterable[tuple[Tensor, Tensor, Tensor]], *, threshold: float, top_k: int | None
) -> ScoredSpans:
    """Keep the spans that are probable enough, and of those that begin at one word the best.

    blocks (Iterable[tuple[Tensor, Tensor, Tensor]]): Starts, lengths and logits of spans, shape
        (n_spans, 1); all spans of a start in one block.
    threshold (float): Lowest probability, 0 to 1.
    top_k (int | None): The most spans that begin at a word; of equally probable ones the shorter.
    RETURNS (ScoredSpans): Ordered by start, then by end; all labels are 0.
    """
    parts = []
    for block in blocks:
        part = select_spans([block], threshold=threshold, multilabel=True, max_positive=None)
        if top_k is not None:
            part = part[np.flatnonzero(ranks_at_start(part.starts, part.scores) < top_k)]
        parts.append(part)
    return ScoredSpans.join(parts)


def write_spans(
    docs: Sequence[Doc],
    predictions: Sequence[ScoredSpans],
    *,
    labels: Sequence[str],
    spans_key: str,
    write_ents: bool,
) -> None:
    """Write spans with their probabilities on Docs.

    docs (Sequence[Doc]): `doc.spans[spans_key]` is set on each, also where it is empty.
    predictions (Sequence[ScoredSpans]): What was found in each Doc, in its own words.
    labels (Sequence[str]): Names of the labels.
    spans_key (str): Key in `doc.spans`.
    write_ents (bool): Whether to set `doc.ents` too; the spans of a Doc must not overlap then.
    """
    for doc, found in zip(docs, predictions, strict=True):
        columns = (found.starts.tolist(), found.ends.tolist(), found.labels.tolist())
        spans = [
            Span(doc, start, end, label=labels[label])
            for start, end, label in zip(*columns, strict=True)
        ]
        doc.spans[spans_key] = SpanGroup(
            doc, name=spans_key, spans=spans, attrs={"scores": found.scores}
        )
        if write_ents:
            doc.ents = spans


def split_by_doc(found: ScoredSpans, docs: Sequence[Doc], overlap: str) -> list[ScoredSpans]:
    """Give each Doc its spans, and let overlapping ones compete.

    found (ScoredSpans): Spans over the words of all Docs, ordered by start.
    docs (Sequence[Doc]): The Docs.
    overlap (str): "any", "nested" or "flat"; see resolve_overlap.
    RETURNS (list[ScoredSpans]): One entry a Doc, positions counted from its first word.
    """
    borders = np.cumsum([0, *(len(doc) for doc in docs)])
    rows = np.searchsorted(found.starts, borders)
    split = []
    for index in range(len(docs)):
        part = found[rows[index] : rows[index + 1]]
        shift = borders[index]
        part = ScoredSpans(part.starts - shift, part.ends - shift, part.labels, part.scores)
        kept = resolve_overlap(part.starts, part.ends, part.scores, overlap)
        split.append(part[np.sort(kept)])
    return split
