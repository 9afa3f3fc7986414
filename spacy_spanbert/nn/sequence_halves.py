"""Sequences cut in the middle, so that both halves can be walked in one loop."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .sequence_layout import SequenceLayout


@dataclass(frozen=True)
class SequenceHalves:
    """The words of sequences, by side and step, the longest sequence first in each step.

    The left half is walked from the first word on, the right half from the last word back. With an
    odd number of words the left half has one more, and the right half begins a step later. Empty
    sequences are left out.

    sizes (list[int]): How many sequences each step concerns.
    is_odd (Tensor): By rank; bool [n_sequences].
    is_single (Tensor): Whether a sequence has one word, by rank; bool [n_sequences].
    sides (Tensor): 0 for words of left halves, 1 for right; long [n_words].
    rows (Tensor): The row of each word, ordered by step, then by rank; long [n_words].
    first_rows (Tensor): The row at which the step of each word begins; long [n_words].
    step_sizes (Tensor): How many sequences the step of each word concerns; long [n_words].
    """

    sizes: list[int]
    is_odd: Tensor
    is_single: Tensor
    sides: Tensor
    rows: Tensor
    first_rows: Tensor
    step_sizes: Tensor

    @classmethod
    def of(cls, layout: SequenceLayout) -> "SequenceHalves":
        """Cut sequences.

        layout (SequenceLayout): The sequences, with one word or more.
        RETURNS (SequenceHalves): Their halves.
        """
        length = layout.lengths[layout.sequence_of]
        n_left = (length + 1) // 2
        is_right = layout.places >= n_left
        step = torch.where(is_right, length - 1 - layout.places + length % 2, layout.places)
        sizes = torch.bincount(step[~is_right])
        first_rows = (sizes.cumsum(0) - sizes)[step]
        by_rank = layout.lengths.sort(descending=True).values[: int(sizes[0])]
        return cls(
            sizes=sizes.tolist(),
            is_odd=by_rank % 2 == 1,
            is_single=by_rank == 1,
            sides=is_right.long(),
            rows=first_rows + layout.ranks[layout.sequence_of],
            first_rows=first_rows,
            step_sizes=sizes[step],
        )

    @property
    def sizes_after(self) -> list[int]:
        """RETURNS (list[int]): How many sequences go on after each step."""
        return [*self.sizes[1:], 0]

    def blocks(self, rows: Tensor) -> list[Tensor]:
        """Give each step what its words have.

        rows (Tensor): [n_words, n_tags].
        RETURNS (list[Tensor]): Of each step, [2, n_tags, n_active], without gaps in memory; zero
            where a right half has not begun.
        """
        n_tags = rows.shape[1]
        rank, size = self.rows - self.first_rows, self.step_sizes
        place = 2 * n_tags * self.first_rows + self.sides * n_tags * size + rank
        tags = torch.arange(n_tags, device=rows.device)
        flat = rows.new_zeros(2 * n_tags * sum(self.sizes))
        flat[place[:, None] + tags * size[:, None]] = rows
        parts = flat.split([2 * n_tags * size for size in self.sizes])
        return [part.view(2, n_tags, -1) for part in parts]

    def words_of(self, values: Tensor) -> Tensor:
        """Put values back in the order of words.

        values (Tensor): By side, ordered by steps; [2, n_rows].
        RETURNS (Tensor): [n_words].
        """
        return values[self.sides, self.rows]
