"""Docs to encoder input rows, and where each output row belongs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.tokens import Doc

from spacy_spanbert.checkpoints.checkpoint import Checkpoint
from spacy_spanbert.text.alignment import Alignment, align_words
from spacy_spanbert.text.pieces import Ints, Pieces, PieceTokenizer
from spacy_spanbert.text.windows import Windows, cut_windows


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
class EncodedDoc:
    """One Doc in pieces and windows.

    Its output has n_windows + n_pieces rows: the [CLS] of each window, then each piece.
    """

    pieces: Pieces
    windows: Windows
    alignment: Alignment

    @property
    def n_rows(self) -> int:
        """RETURNS (int): Rows of the output."""
        return len(self.windows) + len(self.pieces)


@dataclass(frozen=True)
class InputRow:
    """One window: what the encoder reads, and which of its outputs are wanted.

    ids (Ints): Vocabulary indices with special pieces, shape (window_len,).
    sources (Ints): Positions in this row, shape (n_wanted,).
    targets (Ints): The rows of the whole output they go to, shape (n_wanted,).
    """

    ids: Ints
    sources: Ints
    targets: Ints


class DocReader:
    """Cuts Docs into pieces and windows for one checkpoint.

    checkpoint (Checkpoint): Its tokenizer and its longest input are used.
    window (int | None): Longest input, in pieces, special pieces included; None for the
        checkpoint's longest.
    stride (int | None): Distance between two windows, in pieces; None for three quarters of the
        window.
    cut_at_words (bool): Whether word borders are cuts for the tokenizer.
    RAISES (ValueError): If the checkpoint cannot take such a window.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        window: int | None = None,
        stride: int | None = None,
        cut_at_words: bool = True,
    ) -> None:
        self.tokenizer = PieceTokenizer(
            checkpoint.tokenizer.backend_tokenizer, cut_at_words=cut_at_words
        )
        self.special = _special_pieces(checkpoint)
        window = checkpoint.max_pieces if window is None else window
        if not len(self.special) < window <= checkpoint.max_pieces:
            raise ValueError(
                f"[components.spanbert.model] window is {window} pieces, but this checkpoint takes "
                f"{len(self.special) + 1} to {checkpoint.max_pieces}"
            )
        self.window_len = window - len(self.special)
        self.stride = max(1, self.window_len * 3 // 4) if stride is None else stride
        if self.stride > self.window_len:
            raise ValueError(
                f"[components.spanbert.model] stride is {stride} pieces, but a window holds "
                f"{self.window_len} beside its special pieces: those between would have no vector"
            )
        vocabulary = checkpoint.tokenizer.get_vocab()
        self._strings = np.full(max(vocabulary.values(), default=0) + 1, "", dtype=object)
        self._strings[list(vocabulary.values())] = list(vocabulary)

    def encode(self, docs: Sequence[Doc]) -> list[EncodedDoc]:
        """Cut Docs into pieces and windows.

        docs (Sequence[Doc]): Any Docs, also empty ones.
        RETURNS (list[EncodedDoc]): One entry a Doc.
        """
        starts = [np.fromiter((word.idx for word in doc), np.int32, len(doc)) for doc in docs]
        lengths = [np.fromiter((len(word) for word in doc), np.int32, len(doc)) for doc in docs]
        all_pieces = self.tokenizer([doc.text for doc in docs], starts)
        return [
            EncodedDoc(
                pieces=pieces,
                windows=cut_windows(len(pieces), self.window_len, self.stride),
                alignment=align_words(pieces, doc_starts, doc_starts + doc_lengths),
            )
            for pieces, doc_starts, doc_lengths in zip(all_pieces, starts, lengths, strict=True)
        ]

    def input_rows(self, encoded: Sequence[EncodedDoc]) -> list[InputRow]:
        """Build the encoder's input for a batch of Docs.

        encoded (Sequence[EncodedDoc]): The Docs.
        RETURNS (list[InputRow]): One row a window, in order.
        """
        rows = []
        offset = 0
        for doc in encoded:
            rows += [self._input_row(doc, index, offset) for index in range(len(doc.windows))]
            offset += doc.n_rows
        return rows

    def strings(self, ids: Ints) -> list[str]:
        """Look pieces up in the vocabulary.

        ids (Ints): Vocabulary indices.
        RETURNS (list[str]): The pieces as the vocabulary spells them.
        """
        return self._strings[ids].tolist()

    def _input_row(self, doc: EncodedDoc, index: int, offset: int) -> InputRow:
        windows, special = doc.windows, self.special
        start, end = int(windows.starts[index]), int(windows.ends[index])
        home = np.arange(windows.home_starts[index], windows.home_ends[index], dtype=np.int32)
        return InputRow(
            ids=np.concatenate([special.prefix, doc.pieces.ids[start:end], special.suffix]),
            sources=np.concatenate([[0], home - start + len(special.prefix)]),
            targets=np.concatenate([[offset + index], home + (offset + len(windows))]),
        )


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
