"""From pieces to the rows that are scored, and from scored rows to words."""

from typing import Literal

import torch
from torch import Tensor

Aggregate = Literal["first", "mean", "max"]
# "all": each piece is a row; else a word is a row: its first piece, or all of them pooled.
Rows = Literal["all", "first", "mean", "max"]


def select_rows(
    pieces: Tensor, alignment: Tensor, n_pieces: Tensor, rows: Rows
) -> tuple[Tensor, Tensor]:
    """Get the vectors to score.

    A word without pieces (white space) is as if it had one, with a vector of zeros.

    pieces (Tensor): [n_pieces, width].
    alignment (Tensor): The pieces of all words one after the other; long [sum of n_pieces].
    n_pieces (Tensor): How many of them each word has; long [n_words].
    rows (str): "all", "first", "mean" or "max".
    RETURNS (tuple[Tensor, Tensor]): Vectors, [n_rows, width], and how many rows each word has, 1 or
        more, [n_words].
    """
    if not len(pieces):
        pieces = pieces.new_zeros(1, pieces.shape[1])
    n_rows = torch.ones_like(n_pieces) if rows == "first" else n_pieces.clamp(min=1)
    word = torch.repeat_interleave(n_rows)
    # one more entry, for words without pieces behind the last piece
    alignment = torch.cat([alignment, alignment.new_zeros(1)])
    places = _starts(n_pieces)[word] + torch.arange(len(word), device=word.device)
    vectors = pieces[alignment[places - _starts(n_rows)[word]]]
    if bool((n_pieces == 0).any()):
        vectors = torch.where((n_pieces > 0)[word, None], vectors, 0.0)
    if rows in ("all", "first"):
        return vectors, n_rows
    return _reduce(vectors, n_rows, rows), torch.ones_like(n_rows)


def combine_rows(logits: Tensor, n_rows: Tensor, aggregate: Aggregate) -> Tensor:
    """Make one distribution of those of a word's rows.

    logits (Tensor): [n_rows, n_tags].
    n_rows (Tensor): How many of them each word has, 1 or more; long [n_words].
    aggregate (str): "first": that of the first row; "mean": their mean; "max": their maximum,
        normalized.
    RETURNS (Tensor): Log probabilities, [n_words, n_tags].
    """
    scores = logits.log_softmax(1)
    if len(n_rows) == len(logits):
        return scores
    if aggregate == "first":
        return scores[_starts(n_rows)]
    highest = _reduce(scores, n_rows, "max")
    if aggregate == "max":
        return highest.log_softmax(1)
    word = torch.repeat_interleave(n_rows)
    shares = (scores - highest.detach()[word]).exp()
    return _reduce(shares, n_rows, "mean").log() + highest.detach()


def _starts(lengths: Tensor) -> Tensor:
    return lengths.cumsum(0) - lengths


def _reduce(rows: Tensor, lengths: Tensor, how: str) -> Tensor:
    return torch.segment_reduce(rows, how, lengths=lengths, axis=0)
