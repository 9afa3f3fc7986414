"""Long documents in blocks of words, so that no array grows with the document."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Block:
    """A piece of a long concatenation of words, to be scored by itself.

    first_word (int): First word to hand to the scorer.
    last_word (int): Word after the last one; covers the words its spans reach.
    reach (Tensor): Long [last_word - first_word]; longest span at each of these words, 0 for
        words that are only reached.
    kept (slice): Rows of the block's result that belong to its own starts, not to the halo.
    rows (slice): The same rows in the result for all words.
    """

    first_word: int
    last_word: int
    reach: Tensor
    kept: slice
    rows: slice


def word_blocks(reach: Any, block_words: int, halo: int = 0) -> Iterator[Block]:
    """Cut the candidates over many words into blocks of starts.

    The kept rows of all blocks, one after the other, are the rows of
    `SpanCandidates.all_spans(reach)`.

    reach (Tensor): Integers [n_words]; the longest span that begins at each word.
    block_words (int): How many words of each block are its own starts; 1 or more.
    halo (int): How many starts at each side the scorer looks at as well: `SpanScorer.halo`.
    YIELDS (Block): From left to right; nothing without words. Stretches of block_words words
        without candidates are left out.
    RAISES (ValueError): When block_words is not positive, or halo is negative.
    """
    if block_words < 1 or halo < 0:
        raise ValueError(
            f"Expected block_words of 1 or more and halo of 0 or more, but got {block_words} "
            f"and {halo}."
        )
    reach = torch.as_tensor(reach).long()
    n_words = reach.shape[0]
    # [n_words + 1]: rows before each word
    rows = torch.cat([reach.new_zeros(1), reach.cumsum(0)]).tolist()
    for start in range(0, n_words, block_words):
        end = min(start + block_words, n_words)
        if rows[start] == rows[end]:
            continue
        first, last_start = max(start - halo, 0), min(end + halo, n_words)
        own = reach[first:last_start]
        last = first + int((own + torch.arange(own.shape[0], device=own.device)).max())
        last = min(max(last, last_start), n_words)
        local = torch.cat([own, own.new_zeros(last - last_start)])
        kept = slice(rows[start] - rows[first], rows[end] - rows[first])
        yield Block(first, last, local, kept, slice(rows[start], rows[end]))
