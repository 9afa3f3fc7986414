"""Piece vectors to the word vectors that go on a Doc."""

from typing import Any, Literal, get_args

from spacy_transformers.data_classes import TransformerData
from thinc.backends import get_array_ops

Pooling = Literal["mean", "first"]
POOLINGS: tuple[str, ...] = get_args(Pooling)
# The vectors of so many words' pieces are copied at a time, however long a Doc is.
BLOCK_WORDS = 8192


def pool_words(rows: Any, data: TransformerData, pooling: Pooling) -> Any:
    """Pool the pieces of each word.

    rows (NDArray | cupy.ndarray): A Doc's rows of the encoder's output, float32, shape (n_windows +
        n_pieces, width).
    data (TransformerData): Of the same Doc; says which rows are the pieces of each word.
    pooling (str): "mean" of a word's pieces, or its "first".
    RETURNS (NDArray | cupy.ndarray): float32, shape (n_words, width); zeros for a word without
        pieces, such as white space.
    """
    ops = get_array_ops(rows)
    lengths: Any = data.align.lengths
    pieces: Any = data.align.dataXd.reshape((-1,))
    ends = lengths.cumsum()
    # shape (n_words, width)
    words: Any = ops.alloc2f(len(lengths), rows.shape[1])
    for start in range(0, len(lengths), BLOCK_WORDS):
        block = slice(start, start + BLOCK_WORDS)
        firsts = ends[block] - lengths[block]
        own = pieces[int(firsts[0]) : int(ends[block][-1])]
        if pooling == "first":
            filled = lengths[block] > 0
            words[block][filled] = rows[pieces[firsts[filled]]]
        elif len(own):
            words[block] = ops.reduce_mean(rows[own], ops.asarray1i(lengths[block]))
    return words
