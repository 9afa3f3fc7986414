"""Ordered pairs of spans: how the two lie to each other, and which words are their context."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

ARRANGEMENTS = (
    "head before tail",
    "tail before head",
    "same words",
    "tail inside head",
    "head inside tail",
    "crossing, head first",
    "crossing, tail first",
)
# A distance of so many words, or more, begins a new bucket; bucket 0 is for spans that overlap.
DISTANCES = (0, 1, 2, 3, 4, 6, 9, 14, 22, 35, 60, 100)


@dataclass(frozen=True, eq=False)
class Arguments:
    """The spans that pairs are made of, over the words of a batch of documents.

    n_words (int): Words of all documents.
    starts (Tensor): Long [n_spans]; first words.
    ends (Tensor): Long [n_spans]; words after the last; a span has one word or more.
    labels (Tensor): Long [n_spans]; the spans' labels, 0 for one that is not known.
    floors (Tensor): Long [n_spans]; first word of the document that the span is in.
    ceilings (Tensor): Long [n_spans]; word after the last of that document.
    """

    n_words: int
    starts: Tensor
    ends: Tensor
    labels: Tensor
    floors: Tensor
    ceilings: Tensor

    def to(self, device: torch.device | str) -> "Arguments":
        """Move to a device.

        device (torch.device): Where the words are.
        RETURNS (Arguments): On that device.
        """
        columns = (self.starts, self.ends, self.labels, self.floors, self.ceilings)
        return Arguments(self.n_words, *(column.to(device) for column in columns))


class PairLayout(NamedTuple):
    """How the two spans of each pair lie to each other.

    arrangements (Tensor): Long [n_pairs]; index into ARRANGEMENTS.
    distances (Tensor): Long [n_pairs]; bucket of the number of words between them; 0 where they
        overlap.
    context (tuple[Tensor, Tensor, Tensor, Tensor]): Starts and ends of two stretches of words, long
        [n_pairs] each: between the spans, twice the same; of spans that overlap, what only one of
        them covers, at the left and at the right.
    """

    arrangements: Tensor
    distances: Tensor
    context: tuple[Tensor, Tensor, Tensor, Tensor]


def lay_out(arguments: Arguments, heads: Tensor, tails: Tensor) -> PairLayout:
    """Tell how the spans of pairs lie to each other.

    arguments (Arguments): The spans.
    heads (Tensor): Long [n_pairs]; which span is the first argument.
    tails (Tensor): Long [n_pairs]; the second, of the same document.
    RETURNS (PairLayout): One row a pair.
    """
    head_starts, head_ends = arguments.starts[heads], arguments.ends[heads]
    tail_starts, tail_ends = arguments.starts[tails], arguments.ends[tails]
    first, last_start = (
        torch.minimum(head_starts, tail_starts),
        torch.maximum(head_starts, tail_starts),
    )
    first_end, last = torch.minimum(head_ends, tail_ends), torch.maximum(head_ends, tail_ends)
    gaps = last_start - first_end
    is_apart = gaps >= 0
    starts_first, ends_last = head_starts <= tail_starts, head_ends >= tail_ends
    starts_last, ends_first = head_starts >= tail_starts, head_ends <= tail_ends
    arrangements = torch.where(starts_first, 5, 6)
    arrangements = torch.where(starts_last & ends_first, 4, arrangements)
    arrangements = torch.where(starts_first & ends_last, 3, arrangements)
    arrangements = torch.where((first == last_start) & (first_end == last), 2, arrangements)
    arrangements = torch.where(is_apart, torch.where(head_ends <= tail_starts, 0, 1), arrangements)
    borders = torch.tensor(DISTANCES, device=gaps.device)
    left_start, left_end = torch.where(is_apart, first_end, first), last_start
    right_start, right_end = first_end, torch.where(is_apart, last_start, last)
    return PairLayout(
        arrangements,
        torch.bucketize(gaps, borders, right=True),
        (left_start, left_end, right_start, right_end),
    )
