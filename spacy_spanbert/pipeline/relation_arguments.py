"""The spans that relations join, and the pairs of them, over a batch of Docs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc, Span
from torch import Tensor

from spacy_spanbert.annotations.gold_spans import distinct_spans
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.relation_pairs import Arguments
from spacy_spanbert.pipeline.relation_candidates import (
    BLOCK_PAIRS,
    Candidates,
    Indices,
    LabelPairs,
)


def argument_spans(doc: Doc, spans_key: str, name: str) -> list[Span]:
    """Read the spans of a Doc that relations may join.

    doc (Doc): The Doc.
    spans_key (str): Key in `doc.spans`. A Doc without words needs none.
    name (str): The component's name.
    RETURNS (list[Span]): Each once, by start, the longer first, then label; without empty ones.
    RAISES (SpanbertError): If there is no such key.
    """
    if spans_key in doc.spans:
        return distinct_spans(doc.spans[spans_key])
    if not len(doc):
        return []
    raise SpanbertError(
        f"component {name!r} finds relations between the spans of doc.spans[{spans_key!r}], which "
        f"the Doc {doc.text[:60]!r} does not have. Put a component before it that sets them "
        "(spanbert_spancat), or set them yourself. For gold spans, let the corpus reader hand them "
        f'on: @readers = "spacy-spanbert.Corpus.v1" with gold_spans = ["{spans_key}"]; and instead '
        "of `spacy evaluate` and `spacy find-threshold`, whose own reader drops spans, use "
        "`python -m spacy spanbert evaluate`"
    )


def to_arguments(
    docs: Sequence[Doc], spans: Sequence[Sequence[Span]], labels: Mapping[str, int]
) -> Arguments:
    """Lay the spans of Docs out for the scorer.

    docs (Sequence[Doc]): The Docs, one after the other.
    spans (Sequence[Sequence[Span]]): Of each Doc, its spans.
    labels (Mapping[str, int]): Number of each label, 1 or more; those that are missing get 0.
    RETURNS (Arguments): Over the words of all Docs.
    """
    borders = np.cumsum([0, *map(len, docs)])
    rows = [
        (
            borders[index] + span.start,
            borders[index] + span.end,
            labels.get(span.label_, 0),
            borders[index],
            borders[index + 1],
        )
        for index, doc_spans in enumerate(spans)
        for span in doc_spans
    ]
    # [5, n_spans]
    columns = torch.from_numpy(np.array(rows, dtype=np.int64).reshape(-1, 5).T.copy())
    return Arguments(int(borders[-1]), *columns)


def pair_blocks(
    docs: Sequence[Doc],
    spans: Sequence[Sequence[Span]],
    candidates: Candidates,
    seen: LabelPairs,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Go through the pairs of Docs, in blocks of more or less equal length.

    docs (Sequence[Doc]): The Docs.
    spans (Sequence[Sequence[Span]]): Of each Doc, its spans.
    candidates (Candidates): Chooses the pairs of a Doc.
    seen (LabelPairs): Pairs of labels that relations of the training data join.
    YIELDS (tuple[Tensor, Tensor]): Heads and tails, counted over the spans of all Docs, long
        [n_pairs] each; one pair or more.
    RAISES (SpanbertError): If a function of the user's own yields what are no such pairs.
    """
    waiting: list[tuple[Tensor, Tensor]] = []
    n_waiting = n_before = 0
    for doc, doc_spans in zip(docs, spans, strict=True):
        for heads, tails in _checked_pairs(candidates, doc, doc_spans, seen) if doc_spans else ():
            if len(heads):
                both = (torch.from_numpy(heads), torch.from_numpy(tails))
                waiting.append((both[0] + n_before, both[1] + n_before))
                n_waiting += len(heads)
            if n_waiting >= BLOCK_PAIRS:
                yield _joined(waiting)
                waiting, n_waiting = [], 0
        n_before += len(doc_spans)
    if waiting:
        yield _joined(waiting)


def _checked_pairs(
    candidates: Candidates, doc: Doc, spans: Sequence[Span], seen: LabelPairs
) -> Iterator[tuple[Indices, Indices]]:
    """Pass on what a function chooses; positions out of range would be spans of another Doc."""
    blocks: Any = candidates(doc, spans, seen)
    for block in blocks if isinstance(blocks, Iterable) else [blocks]:
        arrays = tuple(block) if isinstance(block, tuple | list) else (block,)
        if len(arrays) != 2 or not all(_are_positions(array, len(spans)) for array in arrays):
            problem = " and ".join(map(_describe, arrays)) or "an empty tuple"
        elif len(arrays[0]) != len(arrays[1]):
            problem = f"{len(arrays[0])} heads and {len(arrays[1])} tails"
        else:
            yield arrays[0].astype(np.int64), arrays[1].astype(np.int64)
            continue
        name = getattr(candidates, "__qualname__", type(candidates).__name__)
        raise SpanbertError(
            f"the candidates function {name} yields, of the Doc {doc.text[:60]!r}, {problem}. "
            "Expected are blocks of heads and tails, two one-dimensional NumPy arrays of whole "
            f"numbers that are as long as each other: positions among the {len(spans)} spans, 0 to "
            f"{len(spans) - 1}, as in `yield np.array([0, 0]), np.array([1, 2])`"
        )


def _are_positions(array: Any, n_spans: int) -> bool:
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        return False
    if not len(array):
        return True
    return array.dtype.kind in "iu" and bool(array.min() >= 0 and array.max() < n_spans)


def _describe(array: Any) -> str:
    if not isinstance(array, np.ndarray):
        return f"a {type(array).__name__}, {array!r:.40}"
    is_of_numbers = array.size and array.dtype.kind in "iuf"
    values = f" from {array.min()} to {array.max()}" if is_of_numbers else ""
    return f"an array of {array.dtype}{values}, shape {array.shape}"


def _joined(blocks: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    heads, tails = zip(*blocks, strict=True)
    return torch.cat(heads), torch.cat(tails)
