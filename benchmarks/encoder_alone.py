"""The encoder by itself, as plain transformers runs it: with padding, which ours avoids."""

from collections.abc import Iterator, Sequence

import torch
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModel, AutoTokenizer

from benchmarks.peers import encoder_folder
from spacy_spanbert.layers.precision import Precision, resolve_precision

BATCH_PIECES = 4096


class EncoderAlone:
    """Plain transformers: tokenizes texts and encodes them in batches of like length.

    precision (Precision): As in the pipeline's config; bfloat16 means weights in that format.
    """

    def __init__(self, precision: Precision) -> None:
        folder = encoder_folder()
        dtype = resolve_precision(precision, torch.device("cpu"))
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.module = AutoModel.from_pretrained(folder).eval().to(dtype)
        self.n_cut = 0

    def __call__(self, texts: Sequence[str]) -> None:
        """Encode texts, and forget the vectors.

        texts (Sequence[str]): Each shorter than the encoder's longest input; what is longer is cut
            and counted in `n_cut`.
        """
        longest = self.module.config.max_position_embeddings
        encoded = self.tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]
        self.n_cut += sum(len(ids) == longest for ids in encoded)
        rows = [torch.tensor(ids) for ids in sorted(encoded, key=len, reverse=True)]
        padding = self.tokenizer.pad_token_id
        with torch.inference_mode():
            for batch in batches(rows):
                # shape (n_rows, window_len)
                ids = pad_sequence(list(batch), batch_first=True, padding_value=padding)
                self.module(input_ids=ids, attention_mask=(ids != padding).long())


def batches(
    rows: Sequence[torch.Tensor], batch_pieces: int = BATCH_PIECES
) -> Iterator[Sequence[torch.Tensor]]:
    """Cut rows into batches of at most so many pieces, padding included.

    rows (Sequence[torch.Tensor]): Sorted, longest first.
    batch_pieces (int): The most pieces; a longer row is a batch of its own.
    YIELDS (Sequence[torch.Tensor]): At least one row.
    """
    start = 0
    while start < len(rows):
        n_rows = max(1, batch_pieces // max(1, len(rows[start])))
        yield rows[start : start + n_rows]
        start += n_rows
