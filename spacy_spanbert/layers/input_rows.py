"""Rows of the encoder's input, and where each row of its output belongs."""

from dataclasses import dataclass

import numpy as np

from spacy_spanbert.text.pieces import Ints, Pieces
from spacy_spanbert.text.windows import Windows


@dataclass(frozen=True)
class SpecialPieces:
    """The special pieces around the text of a window.

    prefix (Ints): Vocabulary indices before the text, for BERT [CLS]; its first stands for the
        whole window.
    suffix (Ints): Vocabulary indices after the text, for BERT [SEP].
    """

    prefix: Ints
    suffix: Ints

    def __len__(self) -> int:
        return len(self.prefix) + len(self.suffix)


@dataclass(frozen=True)
class InputRow:
    """One window: what the encoder reads, and which of its outputs are wanted.

    ids (Ints): Vocabulary indices with special pieces, shape (window_len,).
    sources (Ints): Positions in this row, shape (n_wanted,).
    targets (Ints): The rows of the whole output they go to, shape (n_wanted,).
    segments (Ints | None): Segment of each piece, shape (window_len,); None for 0 throughout.
    """

    ids: Ints
    sources: Ints
    targets: Ints
    segments: Ints | None = None


def window_row(
    pieces: Pieces, windows: Windows, index: int, special: SpecialPieces, wanted: Ints, start: int
) -> InputRow:
    """Build the row of one window of one text.

    pieces (Pieces): The text.
    windows (Windows): Its windows.
    index (int): Which window.
    special (SpecialPieces): What is put around it.
    wanted (Ints): Pieces of the text whose vectors are taken from this window, shape (n_wanted,).
    start (int): Row of the output that the first piece of the text goes to.
    RETURNS (InputRow): Without the window's [CLS] among what is wanted.
    """
    first, last = int(windows.starts[index]), int(windows.ends[index])
    return InputRow(
        ids=np.concatenate([special.prefix, pieces.ids[first:last], special.suffix]),
        sources=wanted - first + len(special.prefix),
        targets=wanted + start,
    )
