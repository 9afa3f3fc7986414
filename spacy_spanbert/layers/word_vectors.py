"""Word vectors: for prediction read in blocks of words, in training with their gradient."""

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate, pairwise

import torch
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData
from thinc.api import Model, torch2xp, xp2torch
from thinc.types import Floats2d, Ragged
from torch import Tensor

# Up to so many words are pooled at once, which is faster; that is also the most in a batch of Docs
# (pipeline/batches.py), so that only longer Docs are read in blocks.
MAX_POOLED_WORDS = 8192

WordModel = Model[list[Doc], list[Floats2d]]
ReadBlock = Callable[[int, int], Tensor]


def learn_width(tok2vec: WordModel, docs: list[Doc]) -> int:
    """Let a layer learn its sizes.

    tok2vec (WordModel): A listener on the encoder, or any other layer.
    docs (list[Doc]): A few Docs with words, at least one.
    RETURNS (int): The width of its vectors.
    """
    tok2vec.initialize(X=docs)
    return int(tok2vec.predict(docs)[0].shape[1])


def read_with_gradient(
    tok2vec: WordModel, docs: list[Doc], device: torch.device, is_train: bool
) -> tuple[Tensor, Callable[[], None]]:
    """Get the vectors of all words as one tensor.

    tok2vec (WordModel): A listener on the encoder, or any other layer.
    docs (list[Doc]): The Docs.
    device (torch.device): Where the vectors are wanted.
    is_train (bool): Whether there will be a gradient.
    RETURNS (tuple[Tensor, Callable[[], None]]): The vectors, shape (n_words, width), and what takes
        their gradient back to the layer, once torch has computed it.
    """
    vectors, backprop = tok2vec(docs, is_train)
    joined = tok2vec.ops.xp.concatenate(vectors)
    words = xp2torch(joined, device=device, requires_grad=is_train)

    def give_back() -> None:
        assert words.grad is not None
        gradient = torch2xp(words.grad)
        borders = pairwise(accumulate(map(len, vectors), initial=0))
        backprop([gradient[start:end] for start, end in borders])

    return words, give_back


def read_in_blocks(
    tok2vec: WordModel,
    docs: list[Doc],
    device: torch.device,
) -> ReadBlock:
    """Get what reads the vectors of a block of words.

    Where a listener pools the pieces that an encoder left on the Docs, those of a long Doc are
    pooled when a block is read: beyond what is on the Doc, no array grows with it. Other layers
    compute all vectors at once.

    tok2vec (WordModel): A listener on the encoder, or any other layer.
    docs (list[Doc]): The Docs.
    device (torch.device): Where the vectors are wanted.
    RETURNS (Callable[[int, int], Tensor]): Takes the first word, and the word after the last one,
        counted over all Docs; gives the vectors, shape (last - first, width).
    """
    if sum(map(len, docs)) > MAX_POOLED_WORDS and tok2vec.has_ref("listener"):
        return _read_pieces(tok2vec, docs, device)
    vectors = tok2vec.predict(docs)
    # one Doc may be long: no copy of it
    whole = vectors[0] if len(vectors) == 1 else tok2vec.ops.xp.concatenate(vectors)
    words = xp2torch(whole, device=device)
    return lambda first, last: words[first:last]


def _read_pieces(tok2vec: WordModel, docs: list[Doc], device: torch.device) -> ReadBlock:
    listener, pool = tok2vec.layers
    outputs: list[TransformerData] = listener.predict(docs)
    # of each Doc: where its words begin among all, and where the pieces of each of its words end
    borders = list(pairwise(accumulate(map(len, docs), initial=0)))
    piece_ends = [output.align.lengths.cumsum() for output in outputs]

    def read(first: int, last: int) -> Tensor:
        parts = []
        for output, ends, (start, end) in zip(outputs, piece_ends, borders, strict=True):
            a, b = max(first, start) - start, min(last, end) - start
            if a < b:
                pieces = slice(int(ends[a - 1]) if a else 0, int(ends[b - 1]))
                align = Ragged(output.align.dataXd[pieces], output.align.lengths[a:b])
                parts.append(replace(output, align=align))
        return xp2torch(tok2vec.ops.xp.concatenate(pool.predict(parts)), device=device)

    return read
