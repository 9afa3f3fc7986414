"""Which spans are scored, laid out so that scoring copies nothing per span."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class SpanStep:
    """The spans of one length: what the recurrence adds and which rows are scored.

    length (int): Length of the spans in words; 1 or more.
    n_active (int): How many starts, counted from the head of the order, reach this length.
    ends (Tensor): Long [n_active]; the last word of each of these spans.
    picked (Optional[Tensor]): Long [n_scored]; positions in the order whose span is scored.
        None when all active starts are scored.
    """

    length: int
    n_active: int
    ends: Tensor
    picked: Tensor | None

    @property
    def scored_ends(self) -> Tensor:
        """The last words of the spans that are scored; long [n_scored]."""
        return self.ends if self.picked is None else self.ends.index_select(0, self.picked)

    def pick(self, rows: Tensor) -> Tensor:
        """Select the scored rows.

        rows (Tensor): [n_active or more, ...]; one row for each start of the order.
        RETURNS (Tensor): [n_scored, ...]; a view where all active starts are scored.
        """
        if self.picked is None:
            return rows[: self.n_active]
        return rows.index_select(0, self.picked)


@dataclass(frozen=True, eq=False)
class SpanCandidates:
    """Spans over a block of words, ordered so that the starts of each length are a prefix.

    Starts are sorted by the longest span that begins there, longest first. The starts of the
    spans of length l are then the first `n_active[l - 1]` of the order, for every l: arrays of
    state are sliced, never gathered, and no cell is computed that is not a span.

    n_words (int): Words of the block.
    starts (Tensor): Long [n_spans]; first word of each candidate, in row order.
    lengths (Tensor): Long [n_spans]; words of each candidate, in row order.
    order (Tensor): Long [n_starts]; the starts that have candidates, by reach, longest first.
    n_active (tuple[int, ...]): For each length from 1: how many starts of the order reach it.
    n_scored (tuple[int, ...]): For each length from 1: how many spans are scored.
    picked (Optional[Tensor]): Long [n_spans]; position in the order of each scored span, length
        by length. None when every span that a start reaches is a candidate.
    places (Tensor): Long [n_spans]; where the result of each row stands when results are
        computed length by length.
    """

    n_words: int
    starts: Tensor
    lengths: Tensor
    order: Tensor
    n_active: tuple[int, ...]
    n_scored: tuple[int, ...]
    picked: Tensor | None
    places: Tensor

    @classmethod
    def all_spans(cls, reach: Any) -> "SpanCandidates":
        """Make every span up to a longest length at each start a candidate.

        Rows are ordered by start, then by length.

        reach (Tensor): Integers [n_words]; the longest span that begins at each word, 0 for
            none; already cut at the ends of sentences or documents.
        RETURNS (SpanCandidates): Without words or with only zeros: no rows.
        RAISES (ValueError): When reach is negative, or passes the last word.
        """
        reach = _long_vector(reach, "reach")
        n_words = reach.shape[0]
        words = torch.arange(n_words, device=reach.device)
        wrong = (reach < 0) | (words + reach > n_words)
        if bool(wrong.any()):
            word = int(wrong.nonzero()[0, 0])
            raise ValueError(
                f"reach[{word}] is {int(reach[word])}, but of {n_words} words a span that begins "
                f"at word {word} has 0 to {n_words - word}. Cut reach at the end of the words."
            )
        order, rank, n_active = _sort_starts(reach)
        starts = torch.repeat_interleave(words, reach)
        first_rows = reach.cumsum(0) - reach
        rows = torch.arange(starts.shape[0], device=reach.device)
        lengths = rows - first_rows[starts] + 1
        n_before = torch.tensor((0, *n_active), device=reach.device).cumsum(0)
        places = n_before[lengths - 1] + rank[starts]
        return cls(n_words, starts, lengths, order, n_active, n_active, None, places)

    @classmethod
    def given_spans(cls, starts: Any, lengths: Any, n_words: int) -> "SpanCandidates":
        """Make the given spans the candidates, in the given order; repeats are scored again.

        starts (Tensor): Integers [n_spans]; the first word of each span.
        lengths (Tensor): Integers [n_spans]; the words of each span, 1 or more.
        n_words (int): Words of the block.
        RETURNS (SpanCandidates): Without spans: no rows.
        RAISES (ValueError): When a span is empty or not inside the words.
        """
        starts, lengths = _long_vector(starts, "starts"), _long_vector(lengths, "lengths")
        if starts.shape != lengths.shape:
            raise ValueError(
                f"Expected one length for each start, but got {starts.shape[0]} starts and "
                f"{lengths.shape[0]} lengths."
            )
        wrong = (starts < 0) | (lengths < 1) | (starts + lengths > n_words)
        if bool(wrong.any()):
            row = int(wrong.nonzero()[0, 0])
            start, end = int(starts[row]), int(starts[row] + lengths[row])
            raise ValueError(
                f"Candidate {row} is the span ({start}, {end}), but a span has at least one word "
                f"and lies inside the {n_words} words, with its end exclusive."
            )
        reach = torch.zeros(n_words, dtype=torch.long, device=starts.device)
        reach = reach.scatter_reduce(0, starts, lengths, "amax")
        order, rank, n_active = _sort_starts(reach)
        ranks = rank[starts]
        by_length = torch.argsort(lengths * (n_words + 1) + ranks, stable=True)
        places = torch.empty_like(by_length)
        places[by_length] = torch.arange(starts.shape[0], device=starts.device)
        n_scored = tuple(torch.bincount(lengths, minlength=1).tolist()[1:])
        return cls(n_words, starts, lengths, order, n_active, n_scored, ranks[by_length], places)

    @property
    def n_spans(self) -> int:
        """How many candidates there are."""
        return self.starts.shape[0]

    def rows_of(self, starts: Any, lengths: Any) -> Tensor:
        """Look spans up.

        starts (Tensor): Integers [n_queries]; any, also outside the words.
        lengths (Tensor): Integers [n_queries]; any.
        RETURNS (Tensor): Long [n_queries]; the row of each span, the first one of repeated
            candidates, -1 where the span is not a candidate.
        """
        device = self.starts.device
        starts = _long_vector(starts, "starts").to(device)
        lengths = _long_vector(lengths, "lengths").to(device)
        if not self.n_spans:
            return torch.full_like(starts, -1)
        n_keys = self.n_words + 1
        keys, rows = (self.starts * n_keys + self.lengths).sort(stable=True)
        inside = (starts >= 0) & (lengths >= 1) & (starts + lengths <= self.n_words)
        wanted = torch.where(inside, starts * n_keys + lengths, -1)
        found = torch.searchsorted(keys, wanted).clamp_max(self.n_spans - 1)
        return torch.where(keys[found] == wanted, rows[found], -1)

    def neighbour_rows(self, rows: Tensor) -> Tensor:
        """Find the candidates with one boundary moved by one word.

        rows (Tensor): Long [n_queries]; rows of candidates.
        RETURNS (Tensor): Long [n_queries, 4]; rows of the spans that begin one word earlier,
            begin one later, end one earlier, end one later; -1 where not a candidate.
        """
        # [n_queries, 4]
        starts = self.starts[rows].unsqueeze(1) + rows.new_tensor([-1, 1, 0, 0])
        lengths = self.lengths[rows].unsqueeze(1) + rows.new_tensor([1, -1, -1, 1])
        return self.rows_of(starts.flatten(), lengths.flatten()).view(-1, 4)

    def steps(self) -> Iterator[SpanStep]:
        """Go through the lengths.

        YIELDS (SpanStep): The spans of length 1, 2, ... up to the longest; nothing when there
            are no candidates.
        """
        n_done = 0
        counts = zip(self.n_active, self.n_scored, strict=True)
        for length, (n_active, n_scored) in enumerate(counts, start=1):
            ends = self.order[:n_active] + (length - 1)
            picked = None if self.picked is None else self.picked[n_done : n_done + n_scored]
            n_done += n_scored
            yield SpanStep(length, n_active, ends, picked)

    def to(self, device: torch.device | str) -> "SpanCandidates":
        """Move to a device.

        device (torch.device): Where the words are.
        RETURNS (SpanCandidates): Itself, when it is there already.
        """
        if self.starts.device == torch.device(device):
            return self
        return SpanCandidates(
            n_words=self.n_words,
            starts=self.starts.to(device),
            lengths=self.lengths.to(device),
            order=self.order.to(device),
            n_active=self.n_active,
            n_scored=self.n_scored,
            picked=None if self.picked is None else self.picked.to(device),
            places=self.places.to(device),
        )


def _long_vector(values: Any, name: str) -> Tensor:
    """Read integers as a long vector, or say what came instead."""
    vector = torch.as_tensor(values)
    if vector.numel() and (vector.is_floating_point() or vector.dtype == torch.bool):
        raise ValueError(f"Expected integers in {name}, but got {vector.dtype}.")
    if vector.dim() != 1:
        raise ValueError(f"Expected {name} of one axis, but got shape {tuple(vector.shape)}.")
    return vector.long()


def _sort_starts(reach: Tensor) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """Order the starts by reach, longest first.

    reach (Tensor): Long [n_words].
    RETURNS (tuple[Tensor, Tensor, tuple[int, ...]]): The starts with any reach [n_starts]; the
        position of each word in that order [n_words]; for each length, how many reach it.
    """
    order = torch.argsort(reach, descending=True, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(order.shape[0], device=order.device)
    # [longest + 1] -> [longest]: starts with at least that reach
    at_least = torch.bincount(reach, minlength=1).flip(0).cumsum(0).flip(0)
    n_active = tuple(at_least[1:].tolist())
    return order[: n_active[0] if n_active else 0], rank, n_active
