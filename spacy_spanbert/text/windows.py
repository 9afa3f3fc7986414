"""Cutting long texts into encoder input rows, and rows into batches."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spacy_spanbert.text.pieces import Ints


@dataclass(frozen=True)
class Windows:
    """The windows of one text, and the home of each piece.

    starts (Ints): First piece of each window, shape (n_windows,).
    ends (Ints): Piece after the last of each window, shape (n_windows,).
    home_starts (Ints): First piece that takes its vector from this window, shape (n_windows,).
    home_ends (Ints): Piece after the last that does. Homes follow one another without a gap.
    """

    starts: Ints
    ends: Ints
    home_starts: Ints
    home_ends: Ints

    def __len__(self) -> int:
        return len(self.starts)


def cut_windows(n_pieces: int, window_len: int, stride: int) -> Windows:
    """Cut a text into overlapping windows.

    Each piece is at home in the window that shows most of its context, counted on the side where
    less is shown: two neighbouring windows share their overlap half and half.

    n_pieces (int): Length of the text, in pieces. A text without pieces has one empty window, so
        that there is a row for its [CLS].
    window_len (int): Longest window, in pieces, without special pieces; at least 1.
    stride (int): Distance between the starts of two windows, in pieces, 1 to window_len. The last
        window is moved left to be full.
    RETURNS (Windows): At least one window.
    RAISES (ValueError): If stride is not between 1 and window_len.
    """
    if not 1 <= stride <= window_len:
        raise ValueError(
            f"stride must lie between 1 and the window's {window_len} pieces, but is {stride}"
        )
    last_start = max(0, n_pieces - window_len)
    n_windows = 1 + -(-last_start // stride)
    starts = np.minimum(np.arange(n_windows) * stride, last_start).astype(np.int32)
    ends = np.minimum(starts + window_len, n_pieces).astype(np.int32)
    borders = (starts[1:] + ends[:-1]) // 2
    home_starts = np.concatenate([[0], borders]).astype(np.int32)
    home_ends = np.concatenate([borders, [n_pieces]]).astype(np.int32)
    return Windows(starts, ends, home_starts, home_ends)


def batch_rows(lengths: Ints, max_batch_pieces: int, batch_cost: int) -> Iterator[Ints]:
    """Group rows of like length, so that the least work is done on padding.

    The rows, sorted by length, are cut where it saves more padding than another batch costs; the
    best cuts are found by dynamic programming over the distinct lengths.

    lengths (Ints): Length of each row, special pieces included, shape (n_windows,).
    max_batch_pieces (int): Largest batch, in pieces, padding included. A longer row is a batch of
        its own.
    batch_cost (int): What a batch costs beside its pieces, in pieces.
    YIELDS (Ints): Indices of the rows of one batch, longest batches first: what does not fit into
        memory fails at once.
    """
    order = np.argsort(-lengths, kind="stable").astype(np.int32)
    for start, end in pairwise(_best_cuts(lengths[order], max_batch_pieces, batch_cost)):
        step = max(1, max_batch_pieces // max(1, int(lengths[order[start]])))
        for first in range(start, end, step):
            yield order[first : min(first + step, end)]


def _best_cuts(lengths: Ints, max_batch_pieces: int, batch_cost: int) -> list[int]:
    """Cut descending lengths into groups at least cost; return the borders with both ends."""
    if len(lengths) == 0:
        return []
    # shape (n_distinct + 1,): where each distinct length begins
    borders = np.append(np.flatnonzero(np.diff(lengths, prepend=-1)), len(lengths))
    best = np.zeros(len(borders))
    previous = np.zeros(len(borders), dtype=np.int64)
    for end in range(1, len(borders)):
        # cost of each last group: all its rows as long as its first, and so much for each batch
        padded = (borders[end] - borders[:end]) * lengths[borders[:end]]
        costs = best[:end] + padded + batch_cost * np.ceil(padded / max_batch_pieces)
        previous[end] = np.argmin(costs)
        best[end] = costs[previous[end]]
    cuts = [len(borders) - 1]
    while cuts[-1] > 0:
        cuts.append(int(previous[cuts[-1]]))
    return [int(borders[cut]) for cut in reversed(cuts)]
