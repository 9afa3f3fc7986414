"""Sequences cut in the middle, so that both halves can be walked in one loop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .sequence_layout import SequenceLayout


@dataclass(frozen=True)
class SequenceHalves:
    """The words of sequences, by side and step, the longest sequence first in each step.

    The left half is walked from the first word on, the right half from the last word back. With an
    odd number of words the left half has one more, and the right half begins a step later. Empty
    sequences are left out.

    sizes (list[int]): How many sequences each step concerns.
    is_odd (NDArray): By rank; bool [n_sequences].
    is_single (NDArray): Whether a sequence has one word, by rank; bool [n_sequences].
    sides (NDArray): 0 for words of left halves, 1 for right; int [n_words].
    rows (NDArray): The row of each word, ordered by step, then by rank; int [n_words].
    first_rows (NDArray): The row at which the step of each word begins; int [n_words].
    step_sizes (NDArray): How many sequences the step of each word concerns; int [n_words].
    """

    sizes: list[int]
    is_odd: NDArray[np.bool_]
    is_single: NDArray[np.bool_]
    sides: NDArray[np.int64]
    rows: NDArray[np.int64]
    first_rows: NDArray[np.int64]
    step_sizes: NDArray[np.int64]

    @classmethod
    def of(cls, layout: SequenceLayout) -> "SequenceHalves":
        """Cut sequences.

        layout (SequenceLayout): The sequences, with one word or more.
        RETURNS (SequenceHalves): Their halves.
        """
        lengths, places = layout.lengths.numpy(force=True), layout.places.numpy(force=True)
        sequence_of = layout.sequence_of.numpy(force=True)
        length = lengths[sequence_of]
        n_left = (length + 1) // 2
        is_right = places >= n_left
        step = np.where(is_right, length - 1 - places + length % 2, places)
        sizes = np.bincount(step[~is_right])
        first_rows = (sizes.cumsum() - sizes)[step]
        by_rank = np.sort(lengths)[::-1][: sizes[0]]
        return cls(
            sizes=sizes.tolist(),
            is_odd=by_rank % 2 == 1,
            is_single=by_rank == 1,
            sides=is_right.astype(np.int64),
            rows=first_rows + layout.ranks.numpy(force=True)[sequence_of],
            first_rows=first_rows,
            step_sizes=sizes[step],
        )

    @property
    def sizes_after(self) -> list[int]:
        """RETURNS (list[int]): How many sequences go on after each step."""
        return [*self.sizes[1:], 0]

    def blocks(self, rows: NDArray[np.floating]) -> list[NDArray[np.floating]]:
        """Give each step what its words have.

        rows (NDArray): [n_words, n_tags].
        RETURNS (list[NDArray]): Of each step, [2, n_tags, n_active], without gaps in memory; zero
            where a right half has not begun.
        """
        n_tags = rows.shape[1]
        rank, size = self.rows - self.first_rows, self.step_sizes
        place = 2 * n_tags * self.first_rows + self.sides * n_tags * size + rank
        flat = np.zeros(2 * n_tags * sum(self.sizes), dtype=rows.dtype)
        flat[place[:, None] + np.arange(n_tags) * size[:, None]] = rows
        blocks, start = [], 0
        for n_active in self.sizes:
            end = start + 2 * n_tags * n_active
            blocks.append(flat[start:end].reshape(2, n_tags, n_active))
            start = end
        return blocks

    def words_of(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Put values back in the order of words.

        values (NDArray): By side, ordered by steps; [2, n_rows].
        RETURNS (NDArray): [n_words].
        """
        return values[self.sides, self.rows]
