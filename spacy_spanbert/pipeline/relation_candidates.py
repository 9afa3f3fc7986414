"""Which ordered pairs of spans are scored: a registered function that the config chooses."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span
from spacy.util import registry

from spacy_spanbert.annotations.gold_spans import sentence_numbers
from spacy_spanbert.errors import SpanbertError

LabelPairs = AbstractSet[tuple[str, str]]
Indices = NDArray[np.int64]
# Gets a Doc, its spans (by start, the longer first), and the pairs of labels that relations of the
# training data join. Yields heads and tails, as positions among the spans, block by block.
Candidates = Callable[[Doc, Sequence[Span], LabelPairs], Iterator[tuple[Indices, Indices]]]
# So many pairs each way, or those of one span, are a block: few enough for the processor's cache.
BLOCK_PAIRS = 2048


@dataclass(frozen=True)
class RelationCandidates:
    """Chooses the pairs of spans within reach of one another; none is paired with itself.

    The cost of a span is that of the pairs within `max_distance` and `sentences`: no other is
    looked at. It can be pickled, for worker processes that are not forked.

    max_distance (int | None): The most words between the two spans; None: any number.
    sentences (int | None): 0: both in one sentence; 1: or in neighbouring ones; and so on. None, or
        a Doc without sentence boundaries: anywhere.
    label_pairs (Literal["seen", "any"] | LabelPairs): Labels of head and tail that are allowed. A
        span without a label, as the span finder writes them, may be any of them.
    nested (bool): Whether spans that overlap are paired too.
    """

    max_distance: int | None
    sentences: int | None
    label_pairs: Literal["seen", "any"] | LabelPairs
    nested: bool

    def __call__(
        self, doc: Doc, spans: Sequence[Span], seen: LabelPairs
    ) -> Iterator[tuple[Indices, Indices]]:
        """Choose the pairs of a Doc.

        doc (Doc): The Doc.
        spans (Sequence[Span]): Its spans, by start, the longer first.
        seen (LabelPairs): Labels of head and tail of the relations in the training data.
        YIELDS (tuple[Indices, Indices]): Heads and tails, as positions among the spans, block by
            block; shapes (n_pairs,). Nothing without spans.
        """
        starts = np.array([span.start for span in spans], dtype=np.int64)
        ends = np.array([span.end for span in spans], dtype=np.int64)
        allowed = None
        if self.label_pairs != "any":
            allowed = _allowed(spans, seen if self.label_pairs == "seen" else self.label_pairs)
        for first, second in _blocks(self._last_partners(doc, starts, ends)):
            if not self.nested:
                apart = ends[first] <= starts[second]
                first, second = first[apart], second[apart]
            heads, tails = np.concatenate([first, second]), np.concatenate([second, first])
            if allowed is not None:
                kept = allowed(heads, tails)
                heads, tails = heads[kept], tails[kept]
            yield heads, tails

    def _last_partners(self, doc: Doc, starts: Indices, ends: Indices) -> Indices:
        """Count, for each span, the spans that begin before its last partner does, that one too.

        Spans are ordered by start: the partners of a span that stand behind it are those that
        follow.
        """
        behind = np.full(len(starts), len(starts), dtype=np.int64)
        if self.max_distance is not None:
            furthest = ends + self.max_distance
            behind = np.minimum(behind, np.searchsorted(starts, furthest, side="right"))
        numbers = None if self.sentences is None else sentence_numbers(doc)
        if numbers is not None and self.sentences is not None:
            number = np.array(numbers, dtype=np.int64)
            # a span over a border belongs to the sentence of its last word as a partner's left,
            # and to that of its first word as its right
            furthest = number[ends - 1] + self.sentences
            last = np.searchsorted(number[starts], furthest, side="right")
            behind = np.minimum(behind, last)
        return behind


@registry.misc("spacy-spanbert.relation_candidates.v1")
def make_relation_candidates(
    max_distance: int | None = 100,
    sentences: int | None = None,
    # Any: what cannot be is refused here, with an example of what can
    label_pairs: Any = "seen",
    nested: bool = True,
) -> Candidates:
    """Make what chooses pairs; see RelationCandidates.

    max_distance (int | None): The most words between the two spans; None: any number.
    sentences (int | None): 0: both in one sentence; 1: or in neighbouring ones; and so on. None, or
        a Doc without sentence boundaries: anywhere.
    label_pairs (Literal["seen", "any"] | list[list[str]]): Labels of head and tail: "seen": those
        of the relations in the training data; "any"; or a list of pairs. A span without a label
        may be any of them.
    nested (bool): Whether spans that overlap, one inside the other for example, are paired too.
    RETURNS (Candidates): The function.
    RAISES (SpanbertError): If a value cannot be.
    """
    for name, value in (("max_distance", max_distance), ("sentences", sentences)):
        if value is not None and value < 0:
            raise SpanbertError(
                f"{name} of relation_candidates is {value}, expected null or a number, 0 or more"
            )
    if label_pairs == "seen" or label_pairs == "any":
        return RelationCandidates(max_distance, sentences, label_pairs, nested)
    if not (isinstance(label_pairs, list) and label_pairs and all(map(_is_pair, label_pairs))):
        raise SpanbertError(
            f'label_pairs of relation_candidates is {label_pairs!r}, expected "seen", "any" or a '
            'list of pairs of labels, one or more, such as [["PER", "ORG"], ["ORG", "LOC"]]'
        )
    pairs = frozenset((head, tail) for head, tail in label_pairs)
    return RelationCandidates(max_distance, sentences, pairs, nested)


def _is_pair(value: Any) -> bool:
    is_list = isinstance(value, list | tuple)
    return is_list and len(value) == 2 and all(isinstance(label, str) for label in value)


def _blocks(behind: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Go through the pairs of each span with those that follow it, in blocks of bounded length."""
    numbers = np.arange(len(behind), dtype=np.int64)
    counts = np.maximum(behind - numbers - 1, 0)
    total = counts.cumsum()
    start = 0
    while start < len(behind):
        before = total[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(total, before + BLOCK_PAIRS, side="right")))
        block = counts[start:end]
        first = np.repeat(numbers[start:end], block)
        offsets = np.arange(len(first)) - np.repeat(block.cumsum() - block, block)
        yield first, first + 1 + offsets
        start = end


def _allowed(
    spans: Sequence[Span], pairs: LabelPairs
) -> Callable[[Indices, Indices], NDArray[np.bool_]]:
    labels = sorted({span.label_ for span in spans})
    codes = {label: code for code, label in enumerate(labels)}
    code = np.array([codes[span.label_] for span in spans], dtype=np.int64)
    table = np.array([[_fits(head, tail, pairs) for tail in labels] for head in labels], dtype=bool)
    return lambda heads, tails: table[code[heads], code[tails]]


def _fits(head: str, tail: str, pairs: LabelPairs) -> bool:
    """RETURNS (bool): Whether a pair of labels is one of these; an empty label stands for any."""
    if head and tail:
        return (head, tail) in pairs
    return any(head in ("", first) and tail in ("", second) for first, second in pairs)
