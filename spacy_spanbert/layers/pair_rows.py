"""Two texts of one Doc as encoder input rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from spacy_spanbert.checkpoints.checkpoint import Checkpoint
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.input_rows import InputRow, SpecialPieces, window_row
from spacy_spanbert.text.alignment import Alignment
from spacy_spanbert.text.pairs import shorten_pair
from spacy_spanbert.text.pieces import Ints, Pieces
from spacy_spanbert.text.windows import cut_windows


@dataclass(frozen=True)
class PairPieces:
    """The special pieces around two texts, and the segment that every part belongs to.

    prefix, middle, suffix (Ints): Vocabulary indices before, between and after the texts; for BERT
        [CLS], [SEP] and [SEP], for RoBERTa <s>, </s></s> and </s>.
    segments (tuple[int, int, int, int, int]): Segment of prefix, first text, middle, second text
        and suffix: for BERT 0, 0, 0, 1, 1, for RoBERTa 0 throughout.
    """

    prefix: Ints
    middle: Ints
    suffix: Ints
    segments: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.prefix) + len(self.middle) + len(self.suffix)


def pair_pieces(checkpoint: Checkpoint) -> PairPieces:
    """Ask the tokenizer what it puts around two texts.

    checkpoint (Checkpoint): Of the BERT or RoBERTa family.
    RETURNS (PairPieces): Segments are 0 where the encoder does not tell them apart.
    RAISES (SpanbertError): If the tokenizer cannot join two texts.
    """
    tokenizer = checkpoint.tokenizer
    encoding = tokenizer("a", "a", return_special_tokens_mask=True)
    ids = np.array(encoding["input_ids"], dtype=np.int32)
    owners = np.array([-1 if owner is None else owner for owner in encoding.sequence_ids()])
    first, second = np.flatnonzero(owners == 0), np.flatnonzero(owners == 1)
    if not (len(first) and len(second) and first[0] > 0 and first[-1] < second[0]):
        raise SpanbertError(
            f"the tokenizer {type(tokenizer).__name__} cannot join two texts: expected one special "
            "piece or more before the first and between them, as BERT's and RoBERTa's have"
        )
    types = np.array(encoding.get("token_type_ids", np.zeros_like(ids)))
    if getattr(checkpoint.module.config, "type_vocab_size", 1) <= types.max():
        types = np.zeros_like(types)
    places = (0, first[0], first[-1] + 1, second[0], len(ids) - 1)
    return PairPieces(
        prefix=ids[: first[0]],
        middle=ids[first[-1] + 1 : second[0]],
        suffix=ids[second[-1] + 1 :],
        segments=tuple(int(types[place]) for place in places),
    )


@dataclass(frozen=True)
class EncodedPair:
    """Two texts in pieces, and how they are read.

    The output has n_cls + n_pieces rows: the [CLS] of each order, then each piece, those of the
    first text before those of the second.

    first, second (Pieces): The pieces of each text.
    alignment (Alignment): Of the words of both texts to those pieces.
    special (SpecialPieces): Around a text that is read by itself.
    special_pair (PairPieces): Around two texts.
    window (int): Longest input, in pieces, special pieces included.
    stride (int): Between windows of a text that is read by itself.
    both_orders (bool): Whether the second text is read before the first, too.
    """

    first: Pieces
    second: Pieces
    alignment: Alignment
    special: SpecialPieces
    special_pair: PairPieces
    window: int
    stride: int
    both_orders: bool

    @property
    def ids(self) -> Ints:
        """RETURNS (Ints): Vocabulary indices of all pieces, shape (n_pieces,)."""
        return np.concatenate([self.first.ids, self.second.ids])

    @property
    def n_cls(self) -> int:
        """RETURNS (int): Rows of the output that are the [CLS] of both texts together."""
        return 2 if self.both_orders else 1

    @property
    def n_rows(self) -> int:
        """RETURNS (int): Rows of the output."""
        return self.n_cls + len(self.first) + len(self.second)

    @property
    def kept(self) -> tuple[int, int]:
        """RETURNS (tuple[int, int]): Pieces of each text that are read together."""
        room = self.window - len(self.special_pair)
        return shorten_pair(len(self.first), len(self.second), room)

    @property
    def is_read(self) -> Any:
        """RETURNS (NDArray[np.bool_]): Which pieces are read together, shape (n_pieces,)."""
        parts = zip((self.first, self.second), self.kept, strict=True)
        return np.concatenate([np.arange(len(pieces)) < kept for pieces, kept in parts])

    @property
    def segments(self) -> Ints:
        """RETURNS (Ints): Of each piece its text, 0 or 1, shape (n_pieces,)."""
        return np.repeat(np.arange(2, dtype=np.int32), [len(self.first), len(self.second)])

    def input_rows(self, offset: int) -> Iterator[InputRow]:
        """Build the rows of the encoder's input.

        Words that do not fit beside the other text get their vectors from further windows, in
        which their own text is read by itself.

        offset (int): Rows of the output that come before.
        YIELDS (InputRow): The row of both texts; that of the other order; further windows.
        """
        yield self._joint_row(offset)
        if self.both_orders:
            yield self._reverse_row(offset + 1)
        start = offset + self.n_cls
        for pieces, kept in zip((self.first, self.second), self.kept, strict=True):
            if kept < len(pieces):
                yield from self._further_rows(pieces, kept, start)
            start += len(pieces)

    def _joint_row(self, offset: int) -> InputRow:
        n_first, n_second = self.kept
        ids, segments = self._join(self.first.ids[:n_first], self.second.ids[:n_second])
        start_a = len(self.special_pair.prefix)
        start_b = start_a + n_first + len(self.special_pair.middle)
        place = offset + self.n_cls
        targets_b = np.arange(n_second) + place + len(self.first)
        return InputRow(
            ids=ids,
            segments=segments,
            sources=np.concatenate(
                [[0], np.arange(n_first) + start_a, np.arange(n_second) + start_b]
            ),
            targets=np.concatenate([[offset], np.arange(n_first) + place, targets_b]),
        )

    def _reverse_row(self, target: int) -> InputRow:
        room = self.window - len(self.special_pair)
        n_second, n_first = shorten_pair(len(self.second), len(self.first), room)
        ids, segments = self._join(self.second.ids[:n_second], self.first.ids[:n_first])
        return InputRow(ids, np.array([0]), np.array([target]), segments)

    def _join(self, first: Ints, second: Ints) -> tuple[Ints, Ints | None]:
        around = self.special_pair
        parts = (around.prefix, first, around.middle, second, around.suffix)
        lengths = [len(part) for part in parts]
        segments = np.repeat(around.segments, lengths).astype(np.int32)
        return np.concatenate(parts), segments if any(around.segments) else None

    def _further_rows(self, pieces: Pieces, kept: int, start: int) -> Iterator[InputRow]:
        windows = cut_windows(len(pieces), self.window - len(self.special), self.stride)
        for index in range(len(windows)):
            home = np.arange(windows.home_starts[index], windows.home_ends[index], dtype=np.int32)
            home = home[home >= kept]
            if len(home):
                yield window_row(pieces, windows, index, self.special, home, start)
