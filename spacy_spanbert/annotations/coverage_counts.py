"""Counts of gold spans, within reach and out of reach."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from spacy_spanbert.annotations.gold_spans import GoldSpan

REASONS = {  # in the words of a table's header
    "empty": "no words",
    "misaligned": "misaligned",
    "crosses_sentence": "across sentences",
    "second_label": "second label",
    "too_long": "too long",
    "crossing": "crossing",
}
LIMITS: tuple[int | None, ...] = (1, 2, 3, 5, 8, 12, 16, 20, 30, None)


@dataclass
class Coverage:
    """Gold spans of a corpus, and those out of reach, each under one reason.

    The reasons are tried in this order: "empty" (the span has no words), "misaligned"
    (it does not begin and end where predicted words do), "crosses_sentence",
    "second_label" (one more label on a stretch, where a span can have only one),
    "too_long", "crossing" (it cannot stand together with the other gold spans).

    spans_key (str): Key of `doc.spans` that was read.
    max_length (Optional[int]): Longest span that can be predicted; None for any.
    overlap (str): "any", "nested" or "flat".
    n_docs (int): Documents with the key.
    n_docs_without_key (int): Documents without it; nothing else counts them.
    n_duplicates (int): Spans left out because the document has the same one with the
        same label already.
    n_inside (int): Spans inside a longer gold span.
    by_label (Counter[str]): Spans by label.
    by_length (Counter[int]): Spans by length, in the words the pipeline sees, or in gold
        words if misaligned.
    lengths (Counter[int]): The same for those that a large enough `max_length` allows.
    unreachable (dict[str, Counter[str]]): Unreachable spans by reason and label.
    unreachable_by_length (dict[str, Counter[int]]): The same by reason and length.
    reachable_at (Counter[Optional[int]]): How many spans could be predicted if max_length were
        this; for each of LIMITS and for `max_length`.
    """

    spans_key: str
    max_length: int | None = None
    overlap: str = "any"
    n_docs: int = 0
    n_docs_without_key: int = 0
    n_duplicates: int = 0
    n_inside: int = 0
    by_label: Counter[str] = field(default_factory=Counter)
    by_length: Counter[int] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    unreachable: dict[str, Counter[str]] = field(
        default_factory=lambda: {reason: Counter() for reason in REASONS}
    )
    unreachable_by_length: dict[str, Counter[int]] = field(
        default_factory=lambda: {reason: Counter() for reason in REASONS}
    )
    reachable_at: Counter[int | None] = field(default_factory=Counter)

    @property
    def n_spans(self) -> int:
        """Number of gold spans."""
        return self.by_label.total()

    @property
    def n_unreachable(self) -> int:
        """Number of gold spans that cannot be predicted."""
        return sum(counts.total() for counts in self.unreachable.values())

    def recall_ceiling(self, max_length: int | None) -> float | None:
        """Share of the gold spans that could be predicted if `max_length` were this.

        max_length (Optional[int]): One of LIMITS, or the `max_length` of this object.
        RETURNS (Optional[float]): From 0 to 1; None where there are no gold spans.
        """
        return self.reachable_at[max_length] / self.n_spans if self.n_spans else None

    def leave_out(self, reason: str, span: GoldSpan) -> None:
        """Count a gold span as unreachable.

        reason (str): One of REASONS.
        span (GoldSpan): The span.
        """
        self.unreachable[reason][span.label] += 1
        self.unreachable_by_length[reason][span.length] += 1

    def to_dict(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): Everything, as it can be written in JSON."""
        limits = sorted(self.reachable_at, key=lambda limit: (limit is None, limit))
        return {
            "spans_key": self.spans_key,
            "max_length": self.max_length,
            "overlap": self.overlap,
            "n_docs": self.n_docs,
            "n_docs_without_key": self.n_docs_without_key,
            "n_spans": self.n_spans,
            "n_duplicates": self.n_duplicates,
            "n_inside": self.n_inside,
            "n_unreachable": self.n_unreachable,
            "by_label": _sorted_counts(self.by_label),
            "by_length": _sorted_counts(self.by_length),
            "unreachable": {key: _sorted_counts(self.unreachable[key]) for key in REASONS},
            "unreachable_by_length": {
                key: _sorted_counts(self.unreachable_by_length[key]) for key in REASONS
            },
            "reachable_at": [
                {
                    "max_length": limit,
                    "n_spans": self.reachable_at[limit],
                    "recall_ceiling": self.recall_ceiling(limit),
                }
                for limit in limits
            ],
        }


def _sorted_counts(counts: Counter[Any]) -> dict[str, int]:
    """In the order of the keys, which become strings, as JSON has no others."""
    return {str(key): counts[key] for key in sorted(counts)}
