"""Sequences of many lengths, laid out so that a step concerns all that are still going on."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True)
class SequenceLayout:
    """The words of sequences, ordered by steps, the longest sequence first in each step.

    A step of a recursion then works on a stretch of rows without gaps, and nothing is padded.

    lengths (Tensor): Words of each sequence, 0 or more; long [n_sequences]. The words of all
        sequences follow each other.
    sizes (list[int]): How many sequences each step concerns; length of the longest sequence.
    ranks (Tensor): Place of each sequence in a step; long [n_sequences].
    sequence_of (Tensor): The sequence of each word; long [n_words].
    places (Tensor): How many words of its sequence come before each word; long [n_words].
    """

    lengths: Tensor
    sizes: list[int]
    ranks: Tensor
    sequence_of: Tensor
    places: Tensor

    @classmethod
    def of(cls, lengths: Tensor) -> "SequenceLayout":
        """Lay sequences out.

        lengths (Tensor): Words of each sequence, 0 or more; long [n_sequences].
        RETURNS (SequenceLayout): The layout; without words, without steps.
        """
        device = lengths.device
        order = torch.argsort(lengths, descending=True, stable=True)
        ranks = torch.empty_like(order)
        ranks[order] = torch.arange(len(order), device=device)
        sequence_of = torch.repeat_interleave(lengths)
        first_words = lengths.cumsum(0) - lengths
        place = torch.arange(len(sequence_of), device=device) - first_words[sequence_of]
        return cls(
            lengths=lengths,
            sizes=torch.bincount(place).tolist(),
            ranks=ranks,
            sequence_of=sequence_of,
            places=place,
        )

    @property
    def n_words(self) -> int:
        """RETURNS (int): Words of all sequences."""
        return len(self.sequence_of)

    @property
    def n_sequences(self) -> int:
        """RETURNS (int): How many sequences there are."""
        return len(self.lengths)

    @cached_property
    def from_front(self) -> Tensor:
        """RETURNS (Tensor): The row of each word if steps are counted from the first word of its
        sequence; long [n_words].
        """
        return self._rows(self.places)

    @cached_property
    def from_back(self) -> Tensor:
        """RETURNS (Tensor): Likewise, counted from its last word; long [n_words]."""
        return self._rows(self.lengths[self.sequence_of] - 1 - self.places)

    @cached_property
    def is_first(self) -> Tensor:
        """RETURNS (Tensor): Whether a word is the first of its sequence; bool [n_words]."""
        return self.places == 0

    @cached_property
    def is_last(self) -> Tensor:
        """RETURNS (Tensor): Whether a word is the last of its sequence; bool [n_words]."""
        return torch.cat([self.is_first[1:], self.is_first.new_ones(min(1, self.n_words))])

    def by_steps(self, rows: Tensor, from_where: Tensor) -> Tensor:
        """Order the rows of words by steps.

        rows (Tensor): [n_words, ...].
        from_where (Tensor): `from_front` or `from_back`.
        RETURNS (Tensor): The same rows, ordered by step, then by rank.
        """
        return torch.empty_like(rows).index_copy_(0, from_where, rows)

    def _rows(self, steps: Tensor) -> Tensor:
        """RETURNS (Tensor): The row of each word, if it stands in these steps; long [n_words]."""
        sizes = torch.tensor(self.sizes, dtype=torch.long, device=steps.device)
        return (sizes.cumsum(0) - sizes)[steps] + self.ranks[self.sequence_of]

    def sum_words(self, values: Tensor) -> Tensor:
        """Add up what the words of each sequence have.

        values (Tensor): [n_words].
        RETURNS (Tensor): [n_sequences]; zero for an empty sequence.
        """
        return values.new_zeros(self.n_sequences).index_add(0, self.sequence_of, values)
