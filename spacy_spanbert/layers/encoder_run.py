"""Running the encoder's module over input rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from spacy_spanbert.layers.input_rows import InputRow
from spacy_spanbert.nn.layer_mean import LayerMean
from spacy_spanbert.nn.packed_attention import row_groups
from spacy_spanbert.nn.packed_encoder import can_pack, encode_rows
from spacy_spanbert.text.windows import batch_rows

# What a group of rows costs beside its pieces, in pieces: packed, attention is started once more;
# padded, the whole module is.
PACKED_GROUP_COST = 128
PADDED_GROUP_COST = 48


@dataclass(frozen=True)
class _Batch:
    """Rows encoded at once.

    places (ndarray): Their pieces among those of all rows, shape (n_pieces,).
    lengths (list[list[int]]): Length of each row of each group of rows of like length.
    sources (ndarray): Pieces of this batch that some Doc takes, shape (n_wanted,).
    targets (ndarray): Rows of the whole output that they go to, shape (n_wanted,).
    segments (ndarray | None): Segment of each piece, shape (n_pieces,); None for 0 throughout.
    """

    places: np.ndarray
    lengths: list[list[int]]
    sources: np.ndarray
    targets: np.ndarray
    segments: np.ndarray | None


class EncoderRows(NamedTuple):
    """What the encoder makes of all rows.

    last (Tensor): The last layer, float32, shape (n_rows, width).
    mean (Tensor | None): The mean of the layers that were asked for, in the same form.
    """

    last: Tensor
    mean: Tensor | None = None


def run_encoder(
    module: PreTrainedModel,
    rows: Sequence[InputRow],
    batch_pieces: int,
    layers: Sequence[int] = (),
) -> EncoderRows:
    """Encode rows in batches of like length.

    module (PreTrainedModel): The encoder, in the state it is to run in.
    rows (Sequence[InputRow]): What to read, and where the vectors belong.
    batch_pieces (int): Largest batch, in pieces, padding included.
    layers (Sequence[int]): Layers whose mean is wanted beside the last layer, 0 for the embeddings;
        none in training.
    RETURNS (EncoderRows): All rows.
    """
    device = module.device
    if not rows:
        nothing = torch.zeros(0, module.config.hidden_size, device=device)
        return EncoderRows(nothing, nothing if layers else None)
    ids = np.concatenate([row.ids for row in rows]).astype(np.int64)
    if torch.is_grad_enabled():
        return EncoderRows(_run_learning(module, rows, _to_tensor(ids, device), batch_pieces))
    # One Doc may be long: beside its vectors, only a batch is held.
    n_rows = sum(len(row.targets) for row in rows)
    last = torch.empty(n_rows, module.config.hidden_size, device=device)
    mean = torch.empty_like(last) if layers else None
    look_up = module.get_input_embeddings()
    for batch in _batches(rows, batch_pieces, _group_cost(module)):
        pieces = look_up(_to_tensor(ids[batch.places], device))
        targets = _to_tensor(batch.targets, device)
        layer_mean = LayerMean(layers) if layers else None
        last[targets] = _run_batch(module, pieces, batch, layer_mean)
        if mean is not None and layer_mean is not None:
            mean[targets] = layer_mean.mean()[_to_tensor(batch.sources, device)]
    return EncoderRows(last, mean)


def _run_learning(
    module: PreTrainedModel, rows: Sequence[InputRow], ids: Tensor, batch_pieces: int
) -> Tensor:
    """Encode with a graph.

    The table of piece vectors is read once for all batches: its gradient is as large as the table,
    and to fill that for each small batch would cost more than the batch.
    """
    # shape (n_pieces, width), special pieces included
    pieces = module.get_input_embeddings()(ids)
    vectors, targets = [], []
    for batch in _batches(rows, batch_pieces, _group_cost(module)):
        own = pieces[_to_tensor(batch.places, ids.device)]
        vectors.append(_run_batch(module, own, batch))
        targets.append(batch.targets)
    order = np.argsort(np.concatenate(targets))
    # shape (n_rows, width)
    return torch.cat(vectors)[_to_tensor(order, ids.device)]


def _run_batch(
    module: PreTrainedModel, pieces: Tensor, batch: _Batch, layer_mean: LayerMean | None = None
) -> Tensor:
    """Encode a batch, and take what is wanted: float32, shape (n_wanted, width)."""
    segments = None if batch.segments is None else _to_tensor(batch.segments, pieces.device)
    groups = row_groups(batch.lengths, pieces.device)
    hidden = encode_rows(module, pieces, groups, segments, layer_mean=layer_mean)
    return hidden[_to_tensor(batch.sources, pieces.device)].float()


def _to_tensor(indices: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(indices.astype(np.int64, copy=False)).to(device)


def _group_cost(module: PreTrainedModel) -> int:
    return PACKED_GROUP_COST if can_pack(module) else PADDED_GROUP_COST


def _batches(rows: Sequence[InputRow], batch_pieces: int, group_cost: int) -> Iterator[_Batch]:
    lengths = np.array([len(row.ids) for row in rows], dtype=np.int32)
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    groups: list[np.ndarray] = []
    n_pieces = 0
    for group in batch_rows(lengths, batch_pieces, group_cost):
        padded = len(group) * int(lengths[group].max())
        if groups and n_pieces + padded > batch_pieces:
            yield _batch(rows, groups, lengths, starts)
            groups, n_pieces = [], 0
        groups.append(group)
        n_pieces += padded
    yield _batch(rows, groups, lengths, starts)


def _batch(
    rows: Sequence[InputRow], groups: list[np.ndarray], lengths: np.ndarray, starts: np.ndarray
) -> _Batch:
    indices = np.concatenate(groups)
    ends = np.cumsum(lengths[indices], dtype=np.int64)
    offsets = ends - lengths[indices]
    return _Batch(
        places=np.arange(ends[-1]) + np.repeat(starts[indices] - offsets, lengths[indices]),
        lengths=[lengths[group].tolist() for group in groups],
        sources=np.concatenate(
            [rows[index].sources + offset for index, offset in zip(indices, offsets, strict=True)]
        ),
        targets=np.concatenate([rows[index].targets for index in indices]),
        segments=_segments([rows[index] for index in indices]),
    )


def _segments(rows: Sequence[InputRow]) -> np.ndarray | None:
    if all(row.segments is None for row in rows):
        return None
    return np.concatenate(
        [np.zeros_like(row.ids) if row.segments is None else row.segments for row in rows]
    )
