"""Running the encoder's module over input rows."""

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from transformers import PreTrainedModel

from spacy_spanbert.layers.doc_reader import InputRow
from spacy_spanbert.text.windows import batch_rows

# Up to this length rows train faster with plain matrix products than with the fused kernel, whose
# backward pass is slow on CPUs.
LONGEST_PLAIN_ATTENTION = 192


def run_inference(
    module: PreTrainedModel, rows: Sequence[InputRow], padding: int, batch_pieces: int
) -> Tensor:
    """Encode rows in batches of like length.

    module (PreTrainedModel): The encoder, in the state it is to run in.
    rows (Sequence[InputRow]): What to read, and where the vectors belong.
    padding (int): Vocabulary index that fills rows up.
    batch_pieces (int): Largest batch, in pieces, padding included.
    RETURNS (Tensor): float32, shape (n_rows, width).
    """
    n_rows = sum(len(row.targets) for row in rows)
    device = module.device
    # shape (n_rows, width)
    output = torch.zeros(n_rows, module.config.hidden_size, device=device)
    for batch in _batches(rows, batch_pieces):
        ids = _pad([row.ids for row in batch], padding).to(device)
        hidden = module(input_ids=ids, attention_mask=_mask(batch).to(device)).last_hidden_state
        output[_targets(batch).to(device)] = _wanted(hidden, batch).float()
    return output


def run_training(module: PreTrainedModel, rows: Sequence[InputRow], batch_pieces: int) -> Tensor:
    """Encode rows in batches of like length, keeping what the backward pass needs.

    The table of piece vectors is read once for all batches: its gradient is as large as the table,
    and to fill that for each small batch would cost more than the batch.

    module (PreTrainedModel): The encoder, in the state it is to run in.
    rows (Sequence[InputRow]): What to read, and where the vectors belong.
    batch_pieces (int): Largest batch, in pieces, padding included.
    RETURNS (Tensor): float32, shape (n_rows, width).
    """
    device = module.device
    ids = torch.from_numpy(np.concatenate([row.ids for row in rows]).astype(np.int64))
    # shape (n_pieces, width), special pieces included
    pieces = module.get_input_embeddings()(ids.to(device))
    starts = np.cumsum([0, *(len(row.ids) for row in rows)])
    vectors, targets = [], []
    for batch, indices in _indexed_batches(rows, batch_pieces):
        places = [np.arange(starts[index], starts[index + 1]) for index in indices]
        # shape (n_windows, window_len, width); padding may be any piece, for it is masked
        embedded = pieces[_pad(places, 0).to(device)]
        with _attention_kernel(embedded.shape[1]):
            hidden = module(
                inputs_embeds=embedded, attention_mask=_mask(batch).to(device)
            ).last_hidden_state
        vectors.append(_wanted(hidden, batch).float())
        targets.append(_targets(batch))
    order = torch.argsort(torch.cat(targets)).to(device)
    # shape (n_rows, width)
    return torch.cat(vectors)[order]


def _attention_kernel(window_len: int) -> contextlib.AbstractContextManager[None]:
    if window_len <= LONGEST_PLAIN_ATTENTION:
        return sdpa_kernel(SDPBackend.MATH)
    return contextlib.nullcontext()


def _batches(rows: Sequence[InputRow], batch_pieces: int) -> Iterator[list[InputRow]]:
    return (batch for batch, _ in _indexed_batches(rows, batch_pieces))


def _indexed_batches(
    rows: Sequence[InputRow], batch_pieces: int
) -> Iterator[tuple[list[InputRow], list[int]]]:
    lengths = np.array([len(row.ids) for row in rows], dtype=np.int32)
    for indices in batch_rows(lengths, batch_pieces):
        yield [rows[index] for index in indices], indices.tolist()


def _pad(arrays: Sequence[np.ndarray], filler: int) -> Tensor:
    """Stack arrays, shape (n_windows, window_len)."""
    padded = np.full((len(arrays), max(map(len, arrays))), filler, dtype=np.int64)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return torch.from_numpy(padded)


def _mask(batch: Sequence[InputRow]) -> Tensor:
    """1 for pieces and 0 for padding, shape (n_windows, window_len)."""
    return _pad([np.ones(len(row.ids), dtype=np.int64) for row in batch], 0)


def _wanted(hidden: Tensor, batch: Sequence[InputRow]) -> Tensor:
    """Select the vectors that some Doc takes, shape (n_wanted, width)."""
    window_len = hidden.shape[1]
    sources = np.concatenate([row.sources + i * window_len for i, row in enumerate(batch)])
    return hidden.flatten(0, 1)[torch.from_numpy(sources.astype(np.int64)).to(hidden.device)]


def _targets(batch: Sequence[InputRow]) -> Tensor:
    """Rows of the whole output that they go to, shape (n_wanted,)."""
    return torch.from_numpy(np.concatenate([row.targets for row in batch]).astype(np.int64))
