"""Docs to encoder input rows, and where each output row belongs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.pair import is_pair, segments
from spacy_spanbert.checkpoints.checkpoint import Checkpoint
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.input_rows import InputRow, SpecialPieces, window_row
from spacy_spanbert.layers.pair_rows import EncodedPair, PairPieces, pair_pieces
from spacy_spanbert.text.alignment import Alignment, align_words
from spacy_spanbert.text.pieces import Ints, Pieces, PieceTokenizer
from spacy_spanbert.text.windows import Windows, cut_windows


@dataclass(frozen=True)
class EncodedDoc:
    """One Doc in pieces and windows.

    Its output has n_windows + n_pieces rows: the [CLS] of each window, then each piece.
    """

    pieces: Pieces
    windows: Windows
    alignment: Alignment
    special: SpecialPieces

    @property
    def ids(self) -> Ints:
        """RETURNS (Ints): Vocabulary indices of the pieces, shape (n_pieces,)."""
        return self.pieces.ids

    @property
    def n_cls(self) -> int:
        """RETURNS (int): Rows of the output that are the [CLS] of a window."""
        return len(self.windows)

    @property
    def n_rows(self) -> int:
        """RETURNS (int): Rows of the output."""
        return self.n_cls + len(self.pieces)

    @property
    def is_read(self) -> Any:
        """RETURNS (NDArray[np.bool_]): True for each piece: some [CLS] has read it."""
        return np.ones(len(self.pieces), dtype=bool)

    @property
    def segments(self) -> None:
        """RETURNS (None): There is but one text."""

    def input_rows(self, offset: int) -> Iterator[InputRow]:
        """Build the rows of the encoder's input.

        offset (int): Rows of the output that come before.
        YIELDS (InputRow): One row a window.
        """
        windows = self.windows
        for index in range(len(windows)):
            home = np.arange(windows.home_starts[index], windows.home_ends[index], dtype=np.int32)
            row = window_row(self.pieces, windows, index, self.special, home, offset + self.n_cls)
            yield InputRow(
                ids=row.ids,
                sources=np.concatenate([[0], row.sources]),
                targets=np.concatenate([[offset + index], row.targets]),
            )


Encoded = EncodedDoc | EncodedPair
# text, and of each of its words the first character and the length
Part = tuple[str, Ints, Ints]


class DocReader:
    """Cuts Docs into pieces and windows for one checkpoint.

    checkpoint (Checkpoint): Its tokenizer and its longest input are used.
    window (int | None): Longest input, in pieces, special pieces included; None for the
        checkpoint's longest.
    stride (int | None): Distance between two windows, in pieces; None for three quarters of the
        window.
    cut_at_words (bool): Whether word borders are cuts for the tokenizer.
    component (str): Name of the component, for messages.
    RAISES (ValueError): If the checkpoint cannot take such a window.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        window: int | None = None,
        stride: int | None = None,
        cut_at_words: bool = True,
        component: str = "spanbert",
    ) -> None:
        self.tokenizer = PieceTokenizer(
            checkpoint.tokenizer.backend_tokenizer, cut_at_words=cut_at_words
        )
        self.special = _special_pieces(checkpoint)
        self._section = f"[components.{component}.model]"
        window = checkpoint.max_pieces if window is None else window
        if not len(self.special) < window <= checkpoint.max_pieces:
            raise ValueError(
                f"{self._section} window is {window} pieces, but this checkpoint takes "
                f"{len(self.special) + 1} to {checkpoint.max_pieces}"
            )
        self.window = window
        self.window_len = window - len(self.special)
        self.stride = max(1, self.window_len * 3 // 4) if stride is None else stride
        if self.stride > self.window_len:
            raise ValueError(
                f"{self._section} stride is {stride} pieces, but a window holds "
                f"{self.window_len} beside its special pieces: those between would have no vector"
            )
        self._checkpoint = checkpoint
        self._special_pair: PairPieces | None = None
        # the texts of the last batch with pairs: in a ranking, one of them comes again and again
        self._known: dict[tuple[str, bytes], tuple[Pieces, Alignment]] = {}
        vocabulary = checkpoint.tokenizer.get_vocab()
        self._strings = np.full(max(vocabulary.values(), default=0) + 1, "", dtype=object)
        self._strings[list(vocabulary.values())] = list(vocabulary)

    def encode(self, docs: Sequence[Doc], *, both_orders: bool = False) -> list[Encoded]:
        """Cut Docs into pieces and windows.

        docs (Sequence[Doc]): Any Docs, also empty ones, and pairs of texts (make_pair).
        both_orders (bool): Whether pairs are read in both orders.
        RETURNS (list[Encoded]): One entry a Doc.
        """
        is_pairs = [is_pair(doc) for doc in docs]
        if not any(is_pairs):
            return [self._encode_doc(*part) for part in self._cut([_part(doc) for doc in docs])]
        texts = [
            segments(doc) if pair else (doc,) for doc, pair in zip(docs, is_pairs, strict=True)
        ]
        cut = iter(self._cut_once([_part(text) for group in texts for text in group]))
        return [
            self._encode_pair(next(cut), next(cut), both_orders)
            if pair
            else self._encode_doc(*next(cut))
            for pair in is_pairs
        ]

    def _cut(self, parts: Sequence[Part]) -> list[tuple[Pieces, Alignment]]:
        all_pieces = self.tokenizer([part[0] for part in parts], [part[1] for part in parts])
        return [
            (pieces, align_words(pieces, starts, starts + lengths))
            for pieces, (_, starts, lengths) in zip(all_pieces, parts, strict=True)
        ]

    def _cut_once(self, parts: Sequence[Part]) -> list[tuple[Pieces, Alignment]]:
        """Cut texts of which some come again, also those that the batch before had."""
        keys = [(text, starts.tobytes()) for text, starts, _ in parts]
        new = {key: part for key, part in zip(keys, parts, strict=True) if key not in self._known}
        known = {**self._known, **dict(zip(new, self._cut(list(new.values())), strict=True))}
        self._known = {key: known[key] for key in keys}
        return [known[key] for key in keys]

    def _encode_doc(self, pieces: Pieces, alignment: Alignment) -> EncodedDoc:
        windows = cut_windows(len(pieces), self.window_len, self.stride)
        return EncodedDoc(pieces, windows, alignment, self.special)

    def _encode_pair(
        self,
        first: tuple[Pieces, Alignment],
        second: tuple[Pieces, Alignment],
        both_orders: bool,
    ) -> EncodedPair:
        if self._special_pair is None:
            self._special_pair = pair_pieces(self._checkpoint)
            if self.window < len(self._special_pair) + 2:
                raise SpanbertError(
                    f"{self._section} window is {self.window} pieces, but a pair of "
                    f"texts needs {len(self._special_pair) + 2} or more"
                )
        n_first = len(first[0])
        parts = (first[1].first, second[1].first + n_first)
        return EncodedPair(
            first=first[0],
            second=second[0],
            alignment=Alignment(
                np.concatenate(parts), np.concatenate([first[1].n_pieces, second[1].n_pieces])
            ),
            special=self.special,
            special_pair=self._special_pair,
            window=self.window,
            stride=self.stride,
            both_orders=both_orders,
        )

    def input_rows(self, encoded: Sequence[Encoded]) -> list[InputRow]:
        """Build the encoder's input for a batch of Docs.

        encoded (Sequence[Encoded]): The Docs.
        RETURNS (list[InputRow]): One row a window, in order.
        """
        rows: list[InputRow] = []
        offset = 0
        for doc in encoded:
            rows += doc.input_rows(offset)
            offset += doc.n_rows
        return rows

    def strings(self, ids: Ints) -> list[str]:
        """Look pieces up in the vocabulary.

        ids (Ints): Vocabulary indices.
        RETURNS (list[str]): The pieces as the vocabulary spells them.
        """
        return self._strings[ids].tolist()


def _part(text: Doc | Span) -> Part:
    first = text.start_char if isinstance(text, Span) else 0
    starts = np.fromiter((word.idx - first for word in text), np.int32, len(text))
    return text.text, starts, np.fromiter((len(word) for word in text), np.int32, len(text))


def _special_pieces(checkpoint: Checkpoint) -> SpecialPieces:
    """Ask the tokenizer what it puts around a text."""
    tokenizer = checkpoint.tokenizer
    encoding = tokenizer("a", return_special_tokens_mask=True)
    ids = np.array(encoding["input_ids"], dtype=np.int32)
    text = np.flatnonzero(np.array(encoding["special_tokens_mask"]) == 0)
    if len(text) == 0 or text[0] == 0:
        raise ValueError(
            f"the tokenizer {type(tokenizer).__name__} puts no special piece before a text; "
            "an encoder of the BERT or RoBERTa family is expected"
        )
    return SpecialPieces(ids[: text[0]], ids[text[-1] + 1 :])
