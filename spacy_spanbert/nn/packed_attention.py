"""Attention over rows of unlike length that lie one after the other, without padding between."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


@dataclass(frozen=True)
class RowGroup:
    """Neighbouring rows of like length; only within a group are rows filled up to the longest.

    start (int): First piece of the group.
    end (int): Piece after its last.
    n_rows (int): How many rows.
    row_len (int): Pieces of the longest row.
    places (Tensor | None): Which piece of the group goes to each place, shape (n_rows * row_len,);
        None if all rows are of one length.
    kept (Tensor | None): The places that hold a piece, shape (end - start,); None likewise.
    """

    start: int
    end: int
    n_rows: int
    row_len: int
    places: Tensor | None
    kept: Tensor | None

    def split(self, packed: Tensor, n_heads: int) -> Tensor:
        """Lay rows side by side.

        packed (Tensor): shape (n_pieces, width).
        n_heads (int): Into how many parts the width is split.
        RETURNS (Tensor): shape (n_rows, n_heads, row_len, width / n_heads).
        """
        rows = packed[self.start : self.end]
        if self.places is not None:
            rows = rows.index_select(0, self.places)
        return rows.view(self.n_rows, self.row_len, n_heads, -1).transpose(1, 2)

    def join(self, rows: Tensor) -> Tensor:
        """Undo `split`.

        rows (Tensor): shape (n_rows, n_heads, row_len, width / n_heads).
        RETURNS (Tensor): shape (end - start, width).
        """
        places = rows.transpose(1, 2).reshape(self.n_rows * self.row_len, -1)
        return places if self.kept is None else places.index_select(0, self.kept)

    def filled(self, device: torch.device) -> Tensor | None:
        """RETURNS (Tensor | None): True where a piece is, shape (n_rows, 1, 1, row_len)."""
        if self.kept is None:
            return None
        filled = torch.zeros(self.n_rows * self.row_len, dtype=torch.bool, device=device)
        filled[self.kept] = True
        return filled.view(self.n_rows, 1, 1, self.row_len)


def row_groups(
    lengths: Sequence[Sequence[int]], device: torch.device | str = "cpu"
) -> list[RowGroup]:
    """Describe rows that lie one after the other.

    lengths (Sequence[Sequence[int]]): The length of each row, each at least 1, of each group.
    device (torch.device | str): Where the pieces are.
    RETURNS (list[RowGroup]): One entry a group.
    """
    groups = []
    start = 0
    for row_lengths in lengths:
        end = start + sum(row_lengths)
        row_len = max(row_lengths)
        places = kept = None
        if min(row_lengths) != row_len:
            # shape (n_rows, 1)
            sizes = torch.tensor(row_lengths, device=device)[:, None]
            columns = torch.arange(row_len, device=device)
            # shape (n_rows, row_len)
            filled = columns < sizes
            places = torch.where(filled, sizes.cumsum(0) - sizes + columns, 0).flatten()
            kept = filled.flatten().nonzero()[:, 0]
        groups.append(RowGroup(start, end, len(row_lengths), row_len, places, kept))
        start = end
    return groups


def packed_attention(
    query: Tensor, key: Tensor, value: Tensor, groups: Sequence[RowGroup], n_heads: int
) -> Tensor:
    """Let each piece attend to the pieces of its own row.

    For gradients on a CPU, where the backward pass of torch's fused kernel is slow, probabilities
    are kept and plain matrix products are used; in all other cases the fused kernel is.

    query (Tensor): shape (n_pieces, width).
    key (Tensor): shape (n_pieces, width).
    value (Tensor): shape (n_pieces, width).
    groups (Sequence[RowGroup]): The rows; together they cover all pieces.
    n_heads (int): Number of attention heads.
    RETURNS (Tensor): shape (n_pieces, width).
    """
    if query.device.type == "cpu" and torch.is_grad_enabled() and query.requires_grad:
        return kept_attention(query, key, value, groups, n_heads)
    return fused_attention(query, key, value, groups, n_heads)


def fused_attention(
    query: Tensor, key: Tensor, value: Tensor, groups: Sequence[RowGroup], n_heads: int
) -> Tensor:
    """Attend by torch's fused kernel. Arguments and result are those of packed_attention."""
    output = torch.empty_like(query)
    for group in groups:
        q, k, v = (group.split(packed, n_heads) for packed in (query, key, value))
        attended = scaled_dot_product_attention(q, k, v, attn_mask=group.filled(q.device))
        output[group.start : group.end] = group.join(attended)
    return output


def kept_attention(
    query: Tensor, key: Tensor, value: Tensor, groups: Sequence[RowGroup], n_heads: int
) -> Tensor:
    """Attend, and keep the probabilities. Arguments and result are those of packed_attention."""
    output: Tensor = _KeptAttention.apply(query, key, value, groups, n_heads)
    return output


class _KeptAttention(torch.autograd.Function):
    """Softmax attention and its gradient, group by group."""

    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, groups: Sequence[RowGroup], heads: int
    ) -> Tensor:
        output = torch.empty_like(query)
        scale = (query.shape[1] // heads) ** -0.5
        probabilities = []
        with torch.autocast(query.device.type, enabled=False):
            for group in groups:
                q, k, v = (group.split(packed, heads) for packed in (query, key, value))
                # shape (n_rows, n_heads, row_len, row_len)
                scores = (q * scale) @ k.transpose(-1, -2)
                filled = group.filled(query.device)
                if filled is not None:
                    scores.masked_fill_(~filled, -torch.inf)
                attention = scores.softmax(-1)
                probabilities.append(attention)
                output[group.start : group.end] = group.join(attention @ v)
        ctx.save_for_backward(query, key, value, *probabilities)
        ctx.groups, ctx.heads, ctx.scale = groups, heads, scale
        return output

    @staticmethod
    def backward(ctx: Any, d_output: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, *probabilities = ctx.saved_tensors
        d_query, d_key, d_value = (torch.empty_like(packed) for packed in (query, key, value))
        for group, attention in zip(ctx.groups, probabilities, strict=True):
            place = slice(group.start, group.end)
            q, k, v, d_rows = (
                group.split(packed, ctx.heads) for packed in (query, key, value, d_output)
            )
            if (filled := group.filled(query.device)) is not None:
                # `split` fills a row up with some piece, whose gradient is not this place's
                d_rows = d_rows * filled.transpose(-1, -2).to(d_rows.dtype)
            d_value[place] = group.join(attention.transpose(-1, -2) @ d_rows)
            # the gradient of softmax: p * (dp - sum(p * dp))
            d_attention = d_rows @ v.transpose(-1, -2)
            d_scores = torch._softmax_backward_data(d_attention, attention, -1, attention.dtype)
            d_scores *= ctx.scale
            d_query[place] = group.join(d_scores @ k)
            d_key[place] = group.join(d_scores.transpose(-1, -2) @ q)
        return d_query, d_key, d_value, None, None
