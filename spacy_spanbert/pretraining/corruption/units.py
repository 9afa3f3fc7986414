"""What a window is made of: its text without special pieces, cut into words or pieces."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spacy_spanbert.pretraining.windows import SPECIAL, Bools, Corrupted, Window

Places = NDArray[np.intp]


class Units(NamedTuple):
    """The words of a window, or its pieces, without special pieces, in text order.

    starts (Places): First place of each unit, shape (n_units,).
    ends (Places): Place after its last, shape (n_units,).
    stretch_ends (Places): Number of the first unit that a special piece separates from this one,
        or n_units; above the unit's own number. Shape (n_units,).
    """

    starts: Places
    ends: Places
    stretch_ends: Places


def text_places(window: Window) -> Places:
    """Find the pieces of the text.

    window (Window): Any window.
    RETURNS (Places): Places of all but special pieces, ascending, shape (n_pieces,).
    """
    return np.flatnonzero(window.words != SPECIAL)


def text_words(window: Window) -> Units:
    """Find the words.

    window (Window): Any window.
    RETURNS (Units): One unit a word; none for a window of special pieces.
    """
    words = window.words
    is_text = words != SPECIAL
    differs = words[1:] != words[:-1]
    border = np.ones(1, dtype=bool)
    starts = np.flatnonzero(is_text & np.concatenate([border, differs]))
    ends = np.flatnonzero(is_text & np.concatenate([differs, border])) + 1
    return Units(starts, ends, _stretch_ends(starts, ends))


def text_pieces(window: Window) -> Units:
    """Find the pieces.

    window (Window): Any window.
    RETURNS (Units): One unit a piece; none for a window of special pieces.
    """
    starts = text_places(window)
    ends = starts + 1
    return Units(starts, ends, _stretch_ends(starts, ends))


def text_gaps(window: Window) -> Bools:
    """Find where text stands or may be added without touching what special pieces are for.

    window (Window): Any window.
    RETURNS (Bools): Whether the text goes on right before this place: at all pieces of the text
        and at special pieces right after the text, shape (window_len,).
    """
    is_text = window.words != SPECIAL
    gaps = is_text.copy()
    gaps[1:] |= is_text[:-1]
    return gaps


def join_ranges(starts: Places, ends: Places) -> Places:
    """List all places of several ranges.

    starts (Places): First place of each range, shape (n_ranges,).
    ends (Places): Place after its last, above its first, shape (n_ranges,).
    RETURNS (Places): Range after range; empty without ranges.
    """
    sizes = ends - starts
    firsts = np.cumsum(sizes) - sizes
    return np.repeat(starts - firsts, sizes) + np.arange(sizes.sum())


def unchanged(window: Window) -> Corrupted:
    """Leave a window as it is.

    window (Window): Any window.
    RETURNS (Corrupted): The same pieces, nothing asked.
    """
    none = np.zeros(0, dtype=np.int32)
    return Corrupted(window.ids.copy(), window.segments.copy(), none, none)


def _stretch_ends(starts: Places, ends: Places) -> Places:
    n_units = len(starts)
    if n_units == 0:
        return np.zeros(0, dtype=np.intp)
    # shape (n_stretches,), the last unit of each
    last = np.flatnonzero(np.concatenate([starts[1:] != ends[:-1], np.ones(1, dtype=bool)]))
    return last[np.searchsorted(last, np.arange(n_units))] + 1
