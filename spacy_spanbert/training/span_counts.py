"""Counts behind the scores of predicted spans."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass, field

from spacy_spanbert.annotations.nesting import containing_another, inside_another
from spacy_spanbert.annotations.positions import Boundaries, WordPositions

LabelledSpan = tuple[int, int, str]  # start and end (exclusive) on a ruler, label

LENGTH_BUCKETS = {"1": 1, "2": 2, "3-4": 4, "5-8": 8, "9-16": 16, "17+": None}


@dataclass
class Tally:
    """Predicted and gold spans of one kind, and how many of each the other side has.

    n_predicted (int): Predicted spans of the kind.
    n_right (int): Those of them that are gold spans.
    n_gold (int): Gold spans of the kind.
    n_found (int): Those of them that were predicted.
    """

    n_predicted: int = 0
    n_right: int = 0
    n_gold: int = 0
    n_found: int = 0

    def add(
        self,
        predicted: Set,
        gold: Set,
        *,
        all_predicted: Set | None = None,
        all_gold: Set | None = None,
    ) -> None:
        """Count the spans of one document.

        predicted (Set): Predicted spans of the kind.
        gold (Set): Gold spans of the kind.
        all_predicted (Optional[Set]): Where gold spans are looked up; by default `predicted`.
        all_gold (Optional[Set]): Where predicted spans are looked up; by default `gold`.
        """
        self.n_predicted += len(predicted)
        self.n_right += len(predicted & (gold if all_gold is None else all_gold))
        self.n_gold += len(gold)
        self.n_found += len(gold & (predicted if all_predicted is None else all_predicted))

    @property
    def is_empty(self) -> bool:
        """Whether there were neither predicted nor gold spans of the kind."""
        return self.n_predicted == self.n_gold == 0

    def to_dict(self) -> dict[str, float | None]:
        """Work out precision, recall and their harmonic mean.

        RETURNS (dict[str, Optional[float]]): "p", "r" and "f", from 0 to 1, 0.0 where
            only one side has spans; None where neither has.
        """
        if self.is_empty:
            return {"p": None, "r": None, "f": None}
        precision = self.n_right / max(1, self.n_predicted)
        recall = self.n_found / max(1, self.n_gold)
        total = precision + recall
        return {"p": precision, "r": recall, "f": 2 * precision * recall / total if total else 0.0}

    def to_dict_with_size(self) -> dict[str, float | None]:
        """RETURNS (dict[str, Optional[float]]): As to_dict, with "n_predicted" and "n_gold"."""
        return {**self.to_dict(), "n_predicted": self.n_predicted, "n_gold": self.n_gold}


def _tallies() -> defaultdict[str, Tally]:
    return defaultdict(Tally)


@dataclass
class SpanCounts:
    """Everything counted over a corpus; see `score_spans` for what each kind means."""

    overall: Tally = field(default_factory=Tally)
    boundaries: Tally = field(default_factory=Tally)
    inside: Tally = field(default_factory=Tally)
    containing: Tally = field(default_factory=Tally)
    per_label: dict[str, Tally] = field(default_factory=_tallies)
    per_length: dict[str, Tally] = field(default_factory=_tallies)
    n_right_boundaries: int = 0
    n_right_labels: int = 0

    def add(
        self,
        predicted: Set[LabelledSpan],
        gold: Set[LabelledSpan],
        gold_words: WordPositions,
    ) -> None:
        """Count the spans of one document.

        predicted (Set[LabelledSpan]): Predicted spans; may be empty.
        gold (Set[LabelledSpan]): Gold spans; may be empty.
        gold_words (WordPositions): The gold words, on the ruler the spans are on.
        """
        self.overall.add(predicted, gold)
        self._add_per_label(predicted, gold)
        self._add_boundaries(predicted, gold)
        self._add_nesting(predicted, gold)
        for span in predicted | gold:
            bucket = length_bucket(_count_words(span, gold_words))
            self.per_length[bucket].add({span} & predicted, {span} & gold)

    def _add_per_label(self, predicted: Set[LabelledSpan], gold: Set[LabelledSpan]) -> None:
        for span in predicted | gold:
            self.per_label[span[2]].add({span} & predicted, {span} & gold)

    def _add_boundaries(self, predicted: Set[LabelledSpan], gold: Set[LabelledSpan]) -> None:
        gold_boundaries = _boundaries(gold)
        self.boundaries.add(_boundaries(predicted), gold_boundaries)
        placed = {span for span in predicted if span[:2] in gold_boundaries}
        self.n_right_boundaries += len(placed)
        self.n_right_labels += len(placed & gold)

    def _add_nesting(self, predicted: Set[LabelledSpan], gold: Set[LabelledSpan]) -> None:
        for tally, select in ((self.inside, inside_another), (self.containing, containing_another)):
            selected, selected_gold = select(_boundaries(predicted)), select(_boundaries(gold))
            tally.add(
                {span for span in predicted if span[:2] in selected},
                {span for span in gold if span[:2] in selected_gold},
                all_predicted=predicted,
                all_gold=gold,
            )


def length_bucket(n_words: int) -> str:
    """Name the bucket of lengths a span falls into.

    n_words (int): Length of the span in words; 0 (white space only) counts as 1.
    RETURNS (str): A key of LENGTH_BUCKETS.
    """
    for name, longest in LENGTH_BUCKETS.items():
        if longest is None or n_words <= longest:
            return name
    raise AssertionError("the last bucket has no end")


def _boundaries(spans: Set[LabelledSpan]) -> set[Boundaries]:
    return {(start, end) for start, end, _ in spans}


def _count_words(span: LabelledSpan, words: WordPositions) -> int:
    """Count the words a span touches, also those it covers in part."""
    start, end, _ = span
    return max(0, bisect_left(words.starts, end) - bisect_right(words.ends, start))
