"""Cutting long texts into encoder input rows, and rows into batches."""

from collections.abc import Iterator
from dataclasses import dataclass

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


def batch_rows(lengths: Ints, max_batch_pieces: int) -> Iterator[Ints]:
    """Group rows of like length, so that little of a batch is padding.

    lengths (Ints): Length of each row, special pieces included, shape (n_windows,).
    max_batch_pieces (int): Largest batch, in pieces, padding included. A longer row is a batch of
        its own.
    YIELDS (Ints): Indices of the rows of one batch, longest batches first: what does not fit into
        memory fails at once.
    """
    order = np.argsort(-lengths, kind="stable").astype(np.int32)
    start = 0
    while start < len(order):
        longest = max(1, int(lengths[order[start]]))
        end = start + max(1, max_batch_pieces // longest)
        yield order[start:end]
        start = end
