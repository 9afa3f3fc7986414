"""The highest values over any stretch of words, at the same cost however long the stretch is."""

import torch
from torch import Tensor


class RangeMaximum:
    """A sparse table (Bender and Farach-Colton, 2000): maxima over 1, 2, 4, ... words from each.

    Any stretch is covered by two of those, which may overlap: a maximum does not mind. Nothing is
    added up, so a value does not depend on what else is in the document.

    A level of the table, all maxima over as many words, takes as much as the words: those that no
    stretch asks for are not made.

    rows (Tensor): Float [n_words, width].
    """

    def __init__(self, rows: Tensor) -> None:
        self._levels = [rows]

    def extend(self, longest: int) -> None:
        """Make the levels that stretches of so many words need; a lookup makes its own if need be.

        longest (int): The longest stretch, in words.
        RAISES (ValueError): When there are not so many words.
        """
        n_words = len(self._levels[0])
        if longest > n_words:
            raise ValueError(
                f"Expected stretches of words inside {n_words} words, but got one of {longest}."
            )
        while 1 << len(self._levels) <= longest:
            below, half = self._levels[-1], 1 << (len(self._levels) - 1)
            # [n_words - 2 * half + 1, width]
            self._levels.append(torch.maximum(below[:-half], below[half:]))

    def __call__(self, starts: Tensor, ends: Tensor) -> Tensor:
        """Look stretches up.

        starts (Tensor): Long [n_stretches]; first words.
        ends (Tensor): Long [n_stretches]; words after the last.
        RETURNS (Tensor): Float [n_stretches, width]; minus infinity for stretches without words.
        RAISES (ValueError): When a stretch is longer than all words.
        """
        is_empty = starts >= ends
        starts = starts.masked_fill(is_empty, 0)
        lengths = (ends - starts).masked_fill(is_empty, 1)
        self.extend(int(lengths.max()) if len(lengths) else 1)
        # the highest power of two that fits, exactly
        levels = lengths.double().frexp().exponent.long() - 1
        # one level after the other: side by side in one tensor they would be copied
        order = levels.argsort()
        counts = levels.bincount(minlength=1).tolist()
        found = []
        for level, chosen in enumerate(order.split(counts)):
            left = starts[chosen]
            right = left + lengths[chosen] - (1 << level)
            table = self._levels[level]
            found.append(torch.maximum(table.index_select(0, left), table.index_select(0, right)))
        highest = torch.cat(found).index_select(0, order.argsort())
        return highest.masked_fill(is_empty.unsqueeze(1), -torch.inf)
