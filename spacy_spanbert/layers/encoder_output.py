"""What the encoder gives to listeners, in the form of spacy-transformers."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from spacy_transformers.data_classes import (
    FullTransformerBatch,
    TransformerData,
    WordpieceBatch,
)
from thinc.types import Ragged
from transformers.file_utils import ModelOutput

from spacy_spanbert.layers.doc_reader import DocReader, Encoded

# Of the whole batch only: what Docs keep does not grow.
LAYER_MEAN = "layer_mean"


def full_batch(
    encoded: Sequence[Encoded], output: Any, reader: DocReader, layer_mean: Any = None
) -> FullTransformerBatch:
    """Hand the encoder's output to Docs and listeners.

    Each Doc sees one row: the [CLS] of its windows, then its pieces in text order, each once; for a
    pair of texts only the [CLS] that read both, and for it alone `token_type_ids` tells which text
    a piece belongs to. The mask is 0 for pieces that none of them read. So nothing is padded, and
    the alignment of words points right into it. Even an empty Doc has a [CLS], which spares
    listeners a special case.

    encoded (Sequence[Encoded]): The Docs.
    output (NDArray | cupy.ndarray): All output rows, shape (n_rows, width).
    reader (DocReader): Knows how pieces are spelled.
    layer_mean (NDArray | cupy.ndarray | None): The mean of further layers, in the form of output.
    RETURNS (FullTransformerBatch): With `doc_data` filled.
    """
    doc_data = []
    start = 0
    for doc in encoded:
        end = start + doc.n_rows
        doc_data.append(_doc_data(doc, output[start:end], reader))
        start = end
    nothing: Any = np.zeros((0,), dtype="i")
    model_output = ModelOutput(last_hidden_state=output[None])
    if layer_mean is not None:
        model_output[LAYER_MEAN] = layer_mean[None]
    return FullTransformerBatch(
        spans=[[] for _ in encoded],
        wordpieces=WordpieceBatch.empty(),
        model_output=model_output,
        align=Ragged(nothing, nothing),
        cached_doc_data=doc_data,
    )


def n_cls_rows(data: TransformerData) -> int:
    """Tell how many rows of a Doc's output are the [CLS] of a window.

    data (TransformerData): From full_batch.
    RETURNS (int): 1 or more; the rows come first. The vocabulary index of [CLS] stands nowhere
        else, for a text that spells it is cut into other pieces.
    """
    ids = data.wordpieces.input_ids[0]
    others = np.flatnonzero(ids != ids[0])
    return int(others[0]) if len(others) else len(ids)


def is_pair_output(data: TransformerData) -> bool:
    """Tell a pair of texts from a Doc in windows: each of its [CLS] has read both texts.

    data (TransformerData): From full_batch.
    RETURNS (bool): Whether it is a pair.
    """
    return data.wordpieces.token_type_ids is not None


def n_unread_pieces(data: TransformerData) -> int:
    """Tell how many pieces of a pair were cut from the window that reads both of its texts.

    data (TransformerData): From full_batch.
    RETURNS (int): 0 or more; 0 for what is no pair: each of its windows has a [CLS].
    """
    return int((data.wordpieces.attention_mask == 0).sum())


def vector_rows(batch: FullTransformerBatch) -> Iterator[Any]:
    """Find the rows from which each Doc's vectors are pooled.

    batch (FullTransformerBatch): From full_batch.
    YIELDS (NDArray | cupy.ndarray): A Doc's rows, shape (n_cls + n_pieces, width): the mean of
        layers, or the last one where no other was asked for.
    """
    start = 0
    for data in batch.doc_data:
        rows: Any = data.model_output["last_hidden_state"][0]
        end = start + len(rows)
        if LAYER_MEAN in batch.model_output:
            rows = batch.model_output[LAYER_MEAN][0][start:end]
        yield rows
        start = end


def _doc_data(doc: Encoded, output: Any, reader: DocReader) -> TransformerData:
    first = np.repeat(reader.special.prefix[:1], doc.n_cls)
    # shape (1, n_cls + n_pieces)
    ids: Any = np.concatenate([first, doc.ids])[None]
    mask: Any = np.concatenate([np.ones(doc.n_cls), doc.is_read]).astype("f")[None]
    segments: Any = doc.segments
    if segments is not None:
        segments = np.concatenate([np.zeros(doc.n_cls, dtype=np.int32), segments])[None]
    pieces = WordpieceBatch(
        strings=[reader.strings(ids[0])],
        input_ids=ids,
        attention_mask=mask,
        lengths=[ids.shape[1]],
        token_type_ids=segments,
    )
    alignment: Any = doc.alignment.flat() + doc.n_cls
    n_pieces: Any = doc.alignment.n_pieces
    return TransformerData(
        wordpieces=pieces,
        model_output=ModelOutput(last_hidden_state=output[None]),
        align=Ragged(alignment, n_pieces),
    )
