"""The highest values over any stretch of words, at the same cost however long the stretch is."""

import torch
from torch import Tensor


class RangeMaximum:
    """A sparse table (Bender and Farach-Colton, 2000): maxima over 1, 2, 4, ... words from each.

    Any stretch is covered by two of those, which may overlap: a maximum does not mind. Nothing is
    added up, so a value does not depend on what else is in the document.

    rows (Tensor): Float [n_words, width].
    longest (int): The longest stretch that will be asked for, in words.
    """

    def __init__(self, rows: Tensor, longest: int) -> None:
        levels = [rows]
        half = 1
        while 2 * half <= min(longest, len(rows)):
            below = levels[-1]
            # [n_words - 2 * half + 1, width]
            levels.append(torch.maximum(below[:-half], below[half:]))
            half *= 2
        self._table = torch.cat(levels)
        sizes = torch.tensor([len(level) for level in levels], device=rows.device)
        self._first_rows = sizes.cumsum(0) - sizes
        self._n_words = len(rows)

    def __call__(self, starts: Tensor, ends: Tensor) -> Tensor:
        """Look stretches up.

        starts (Tensor): Long [n_stretches]; first words.
        ends (Tensor): Long [n_stretches]; words after the last.
        RETURNS (Tensor): Float [n_stretches, width]; minus infinity for stretches without words.
        RAISES (ValueError): When a stretch is longer than the table is made for.
        """
        lengths = (ends - starts).clamp_min(1)
        # the highest power of two that fits, exactly
        levels = lengths.double().frexp().exponent.long() - 1
        if bool((levels >= len(self._first_rows)).any()):
            raise ValueError(
                f"Expected stretches of words inside {self._n_words} words, and not longer than "
                f"was said, but got one of {int(lengths.max())} words."
            )
        first_rows = self._first_rows[levels]
        is_empty = starts >= ends
        left = first_rows + starts.masked_fill(is_empty, 0)
        right = left + lengths - (1 << levels)
        highest = torch.maximum(
            self._table.index_select(0, left), self._table.index_select(0, right)
        )
        return highest.masked_fill(is_empty.unsqueeze(1), -torch.inf)
