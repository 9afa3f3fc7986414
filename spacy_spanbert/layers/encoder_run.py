"""Running the encoder's module over input rows."""

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from spacy_spanbert.layers.doc_reader import InputRow
from spacy_spanbert.text.windows import batch_rows

# Up to this length rows train faster with plain matrix products than with the fused kernel, whose
# backward pass is slow on CPUs.
LONGEST_PLAIN_ATTENTION = 192


def run_inference(
    module: nn.Module, rows: Sequence[InputRow], padding: int, batch_pieces: int
) -> torch.Tensor:
    """Encode rows in batches of like length.

    module (nn.Module): A Hugging Face encoder, in the state it is to run in.
    rows (Sequence[InputRow]): What to read, and where the vectors belong.
    padding (int): Vocabulary index that fills rows up.
    batch_pieces (int): Largest batch, in pieces, padding included.
    RETURNS (torch.Tensor): float32, shape (n_rows, width); a row that nobody claims is zero.
    """
    n_rows = sum(len(row.targets) for row in rows)
    device = next(module.parameters()).device
    # shape (n_rows, width)
    output = torch.zeros(n_rows, module.config.hidden_size, device=device)
    for batch in _batches(rows, batch_pieces):
        vectors, targets = _run_batch(module, batch, padding)
        output[targets] = vectors.float()
    return output


def run_training(
    module: nn.Module, rows: Sequence[InputRow], padding: int, batch_pieces: int
) -> torch.Tensor:
    """Encode rows as run_inference does, keeping what the backward pass needs."""
    runs = []
    for batch in _batches(rows, batch_pieces):
        with _attention_kernel(max(len(row.ids) for row in batch)):
            runs.append(_run_batch(module, batch, padding))
    order = torch.argsort(torch.cat([targets for _, targets in runs]))
    # shape (n_rows, width)
    return torch.cat([vectors.float() for vectors, _ in runs])[order]


def _attention_kernel(window_len: int) -> contextlib.AbstractContextManager[None]:
    if window_len <= LONGEST_PLAIN_ATTENTION:
        return sdpa_kernel(SDPBackend.MATH)
    return contextlib.nullcontext()


def _batches(rows: Sequence[InputRow], batch_pieces: int) -> Iterator[list[InputRow]]:
    lengths = np.array([len(row.ids) for row in rows], dtype=np.int32)
    for indices in batch_rows(lengths, batch_pieces):
        yield [rows[index] for index in indices]


def _run_batch(
    module: nn.Module, rows: Sequence[InputRow], padding: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode one batch; return the wanted vectors and their places in the whole output."""
    window_len = max(len(row.ids) for row in rows)
    # shape (n_windows, window_len)
    ids = np.full((len(rows), window_len), padding, dtype=np.int64)
    mask = np.zeros((len(rows), window_len), dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = row.ids
        mask[index, : len(row.ids)] = 1
    # shape (n_wanted,)
    sources = np.concatenate([row.sources + i * window_len for i, row in enumerate(rows)])
    targets = np.concatenate([row.targets for row in rows])
    device = next(module.parameters()).device
    hidden = module(
        input_ids=torch.from_numpy(ids).to(device),
        attention_mask=torch.from_numpy(mask).to(device),
    ).last_hidden_state
    # shape (n_wanted, width)
    vectors = hidden.flatten(0, 1)[torch.from_numpy(sources).to(device)]
    return vectors, torch.from_numpy(targets.astype(np.int64)).to(device)
