"""How many gold spans are among how many candidates."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Context
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from spacy.training import Example

from spacy_spanbert.annotations.candidates import nesting_depths, ranks_at_start
from spacy_spanbert.annotations.gold_spans import place_boundaries
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.training.span_counts import length_bucket

# A threshold is written with so many digits, the last one rounded down.
THRESHOLD_DIGITS = 3


class GoldCandidate(NamedTuple):
    """A gold span, whatever its labels, beside the candidates of its Doc.

    score (float): Its score; NaN if it is no candidate.
    rank (int): Among the candidates that begin at its word, 0 for the best; -1 if it is none.
    length (str): Bucket of its length in gold words; see length_bucket.
    depth (int): How many other gold spans it lies inside.
    labels (frozenset[str]): Its labels.
    """

    score: float
    rank: int
    length: str
    depth: int
    labels: frozenset[str]


@dataclass(frozen=True)
class RecallCurve:
    """Gold spans found, for every threshold.

    Between two thresholds the candidates of the lower score are all alike: a part of them, drawn at
    random, has its share of their gold spans, so that lines join the points.

    n_words (int): Predicted words.
    n_gold (int): Gold spans, 1 or more.
    n_candidates (NDArray[np.int64]): Candidates from a threshold on, rising from 0; shape
        (n_thresholds + 1,).
    n_found (NDArray[np.int64]): Gold spans among them, shape (n_thresholds + 1,).
    """

    n_words: int
    n_gold: int
    n_candidates: NDArray[np.int64]
    n_found: NDArray[np.int64]

    def recall(self, per_word: ArrayLike) -> NDArray[np.float64]:
        """Tell the recall of the best candidates.

        per_word (ArrayLike): Candidates for each word, any shape.
        RETURNS (NDArray[np.float64]): Shares of the gold spans, of the same shape; that of all
            candidates where there are no more.
        """
        wanted = np.asarray(per_word, dtype=np.float64) * self.n_words
        return np.interp(wanted, self.n_candidates, self.n_found) / self.n_gold


@dataclass
class CandidateCounts:
    """Scores of all candidates of a corpus, and of the gold spans among them.

    n_docs (int): Annotated Docs.
    n_words (int): Their predicted words.
    gold (list[GoldCandidate]): Their gold spans; those of the same words are one.
    """

    n_docs: int = 0
    n_words: int = 0
    gold: list[GoldCandidate] = field(default_factory=list)
    _scores: list[NDArray[np.float32]] = field(default_factory=list)
    _ranks: list[NDArray[np.int32]] = field(default_factory=list)

    def add(
        self,
        example: Example,
        gold_key: str,
        starts: ArrayLike,
        ends: ArrayLike,
        scores: ArrayLike,
    ) -> None:
        """Count a Doc; without `reference.spans[gold_key]` it is not annotated and is left out.

        example (Example): Predicted and reference Doc.
        gold_key (str): Key of the gold spans.
        starts (ArrayLike): First word of each candidate, each once, shape (n_spans,).
        ends (ArrayLike): Word after the last, shape (n_spans,).
        scores (ArrayLike): The higher the better, shape (n_spans,).
        RAISES (SpanbertError): If the two texts differ in more than white space and case.
        """
        if gold_key not in example.reference.spans:
            return
        self.n_docs += 1
        self.n_words += len(example.predicted)
        values = np.asarray(scores, dtype=np.float32)
        ranks = ranks_at_start(starts, values)
        self._scores.append(values)
        self._ranks.append(ranks.astype(np.int32))
        boundaries = np.stack([np.asarray(starts), np.asarray(ends)], axis=1).tolist()
        row_of = {(start, end): row for row, (start, end) in enumerate(boundaries)}
        labels: dict[tuple[int, int], set[str]] = {}
        for span in filter(len, example.reference.spans[gold_key]):  # no candidate has no words
            labels.setdefault((span.start, span.end), set()).add(span.label_)
        depths = nesting_depths(labels)
        places = place_boundaries(example.predicted, example.reference, list(labels))
        for (span, names), place in zip(labels.items(), places, strict=True):
            row = row_of.get(place)
            self.gold.append(
                GoldCandidate(
                    score=math.nan if row is None else float(values[row]),
                    rank=-1 if row is None else int(ranks[row]),
                    length=length_bucket(span[1] - span[0]),
                    depth=depths[span],
                    labels=frozenset(names),
                )
            )

    @property
    def scores(self) -> NDArray[np.float32]:
        """RETURNS (NDArray[np.float32]): Of all candidates, shape (n_candidates,)."""
        return np.concatenate([np.zeros(0, dtype=np.float32), *self._scores])

    @property
    def ranks(self) -> NDArray[np.int32]:
        """RETURNS (NDArray[np.int32]): Of all candidates, shape (n_candidates,)."""
        return np.concatenate([np.zeros(0, dtype=np.int32), *self._ranks])

    def curves(self, names_of: Callable[[GoldCandidate], Iterable[str]]) -> dict[str, RecallCurve]:
        """Follow the recall of groups of gold spans from the highest threshold to the lowest.

        names_of (Callable[[GoldCandidate], Iterable[str]]): The groups that a gold span is in.
        RETURNS (dict[str, RecallCurve]): By group; all have the same candidates.
        """
        groups: dict[str, list[float]] = {}
        for gold in self.gold:
            for name in names_of(gold):
                groups.setdefault(name, []).append(gold.score)
        thresholds, counts = np.unique(self.scores, return_counts=True)
        # highest first
        thresholds, n_candidates = thresholds[::-1], np.append(0, counts[::-1].cumsum())
        curves = {}
        for name, scores in groups.items():
            found = np.sort([-score for score in scores if not math.isnan(score)])
            n_found = np.searchsorted(found, -thresholds.astype(np.float64), side="right")
            curves[name] = RecallCurve(
                self.n_words, len(scores), n_candidates, np.append(0, n_found)
            )
        return curves

    def count(self, threshold: float, top_k: int | None = None) -> tuple[int, int]:
        """Count what a threshold and a top_k leave.

        threshold (float): Lowest score.
        top_k (int | None): The most candidates that begin at a word.
        RETURNS (tuple[int, int]): Candidates, and gold spans among them.
        """
        most = math.inf if top_k is None else top_k
        kept = (self.scores >= np.float32(threshold)) & (self.ranks < most)
        found = sum(x.score >= np.float32(threshold) and x.rank < most for x in self.gold)
        return int(kept.sum()), int(found)

    def fit_threshold(self, min_recall: float, top_k: int | None = None) -> float:
        """Find the highest threshold with a given recall.

        min_recall (float): Share of the gold spans, above 0 and up to 1.
        top_k (int | None): The most candidates that begin at a word.
        RETURNS (float): With three digits, rounded down.
        RAISES (SpanbertError): If there are no gold spans, or too few of them are candidates.
        """
        most = math.inf if top_k is None else top_k
        scores = sorted((x.score for x in self.gold if 0 <= x.rank < most), reverse=True)
        if not self.gold:
            raise SpanbertError("no threshold can be fitted: the corpus has no gold spans")
        n_needed = math.ceil(round(min_recall * len(self.gold), 6))
        if n_needed > len(scores):
            raise SpanbertError(
                f"a recall of {min_recall:.1%} cannot be reached with any threshold: of "
                f"{len(self.gold):,} gold spans {len(scores):,} ({len(scores) / len(self.gold):.1%}"
                ") are candidates at all; `python -m spacy spanbert coverage` tells what keeps the "
                "others out of reach, and a low top_k leaves out more"
            )
        context = Context(prec=THRESHOLD_DIGITS, rounding=ROUND_FLOOR)
        return float(context.create_decimal_from_float(scores[n_needed - 1]))
