"""The tag scorer as a thinc model: Docs in, a row of logits a piece or word out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, cast

import numpy as np
import torch
from spacy.tokens import Doc
from spacy_transformers.data_classes import TransformerData
from thinc.api import Model, to_numpy, torch2xp, xp2torch
from thinc.types import Floats2d, Ragged
from torch import Tensor
from transformers.file_utils import ModelOutput

from spacy_spanbert.layers.architecture import architecture
from spacy_spanbert.layers.head_model import head_model, head_shim, make_module
from spacy_spanbert.layers.piece_listener import split_stock_encoder
from spacy_spanbert.layers.precision import Precision
from spacy_spanbert.layers.torch_shim import TorchShim
from spacy_spanbert.layers.word_vectors import MAX_POOLED_WORDS
from spacy_spanbert.nn.tag_scorer import TagScorer
from spacy_spanbert.nn.word_rows import Rows, select_rows

# What a tok2vec layer gives for a Doc: the encoder's pieces, or vectors of words.
Output = TransformerData | Floats2d
TagInput = tuple[list[Doc], Rows]


@dataclass(frozen=True)
class TagScores:
    """Scores of tags, or their gradients.

    logits (Floats2d): Shape (n_rows, n_tags).
    n_rows (Tensor): How many rows each word of all Docs has, shape (n_words,).
    links (Floats2d | None): Learned scores of one tag after another, shape (n_tags + 2, n_tags), as
        in nn.chain.Chain; None if there are none.
    """

    logits: Floats2d
    n_rows: Tensor
    links: Floats2d | None


TagModel = Model[TagInput, TagScores]


@architecture("spacy-spanbert.TagScorer.v1")
def build_tag_scorer(
    tok2vec: Model[list[Doc], list[Any]],
    hidden_width: int = 0,
    dropout: float = 0.1,
    precision: Precision = "auto",
) -> TagModel:
    """Build a scorer of tags; `initialize` gives it its sizes.

    tok2vec (Model[list[Doc], list[Any]]): `spacy-spanbert.PieceListener.v1`, or any spaCy tok2vec
        layer, whose words are then as if each had one piece, or a stock encoder for this one alone.
    hidden_width (int): Width of a layer between; 0 for none.
    dropout (float): In training, 0 to below 1.
    precision (Precision): Of the matrix products.
    RETURNS (TagModel): The model.
    RAISES (ValueError): If a setting cannot be.
    """
    settings = {"hidden_width": hidden_width, "dropout": dropout}
    return head_model(
        "tag-scorer",
        forward,
        tok2vec=split_stock_encoder(tok2vec),
        module=TagScorer,
        settings=settings,
        precision=precision,
    )


def set_tag_sizes(model: TagModel, *, n_outputs: int, has_links: bool, docs: list[Doc]) -> None:
    """Make the scorer's weights.

    model (TagModel): The model.
    n_outputs (int): Tags.
    has_links (bool): Whether scores of one tag after another are learned.
    docs (list[Doc]): A few Docs with words, at least one, from which tok2vec learns its sizes.
    """
    tok2vec = model.get_ref("tok2vec")
    tok2vec.initialize(X=docs)
    input_width = _vectors(tok2vec.predict(docs)[0]).shape[1]
    make_module(model, input_width=input_width, n_outputs=n_outputs, has_links=has_links)


def has_links(model: TagModel) -> bool:
    """RETURNS (bool): Whether the weights hold scores of one tag after another."""
    return cast(TagScorer, head_shim(model).module).links is not None


def forward(
    model: TagModel, inputs: TagInput, is_train: bool
) -> tuple[TagScores, Callable[[TagScores], TagInput]]:
    """Score the rows of all words, in order."""
    docs, rows = inputs
    shim = head_shim(model)
    outputs, backprop_tok2vec = model.get_ref("tok2vec")(docs, is_train)
    outputs = [output for output in outputs if _has_vectors(output)]
    if not is_train:
        return _predict(shim, outputs, rows), lambda _: inputs
    vectors = _concatenate(outputs, shim.device).requires_grad_()
    with shim.training() as module:
        selected, n_rows = select_rows(vectors, *_alignment(outputs, shim.device), rows)
        logits = module(selected)
    links = cast(TagScorer, module).links

    def backprop(d_scores: TagScores) -> TagInput:
        logits.backward(xp2torch(d_scores.logits, device=logits.device))
        if links is not None and d_scores.links is not None:
            links.backward(xp2torch(d_scores.links, device=links.device))
        assert vectors.grad is not None
        backprop_tok2vec(_split(outputs, torch2xp(vectors.grad)))
        return inputs

    return TagScores(_array(logits), n_rows, None if links is None else _array(links)), backprop


def _predict(shim: TorchShim, outputs: list[Output], rows: Rows) -> TagScores:
    """Score without gradients; of a long Doc, a block of words at a time."""
    logits, n_rows = [], []
    with shim.inference() as module:
        for block in _blocks(outputs):
            vectors = _concatenate(block, shim.device)
            selected, block_rows = select_rows(vectors, *_alignment(block, shim.device), rows)
            logits.append(module(selected))
            n_rows.append(block_rows)
    links = cast(TagScorer, module).links
    return TagScores(
        _array(torch.cat(logits)), torch.cat(n_rows), None if links is None else _array(links)
    )


def _blocks(outputs: list[Output]) -> Iterator[list[Output]]:
    """Cut outputs into blocks: all Docs, or the words of a long one in parts."""
    if sum(map(_n_words, outputs)) <= MAX_POOLED_WORDS:
        yield outputs
        return
    for output in outputs:
        for first in range(0, _n_words(output), MAX_POOLED_WORDS):
            yield [_part(output, first, first + MAX_POOLED_WORDS)]


def _part(output: Output, first: int, last: int) -> Output:
    if not isinstance(output, TransformerData):
        return output[first:last]
    ends = output.align.lengths.cumsum()
    start = int(ends[first - 1]) if first else 0
    lengths = output.align.lengths[first:last]
    flat = output.align.dataXd[start : start + int(lengths.sum())]
    return replace(output, align=Ragged(flat, lengths))


def _n_words(output: Output) -> int:
    return len(output.align.lengths) if isinstance(output, TransformerData) else len(output)


def _has_vectors(output: Output) -> bool:
    """Stock encoders give nothing for an empty Doc, and expect no gradient for it."""
    return not isinstance(output, TransformerData) or "last_hidden_state" in output.model_output


def _vectors(output: Output) -> Any:
    """RETURNS (Any): Of the pieces or words of a Doc, shape (n_pieces, width)."""
    if not isinstance(output, TransformerData):
        return output
    hidden = output.model_output["last_hidden_state"]
    return hidden.reshape(-1, hidden.shape[-1])


def _concatenate(outputs: list[Output], device: torch.device) -> Tensor:
    parts = [xp2torch(_vectors(output), device=device) for output in outputs]
    return parts[0].detach() if len(parts) == 1 else torch.cat(parts)


def _alignment(outputs: list[Output], device: torch.device) -> tuple[Tensor, Tensor]:
    """Place the words of all Docs. RETURNS: Their pieces among all, and how many each has."""
    flat, n_pieces = [], []
    offset = 0
    for output in outputs:
        if isinstance(output, TransformerData):
            flat.append(to_numpy(output.align.dataXd).astype(np.int64).ravel() + offset)
            n_pieces.append(to_numpy(output.align.lengths).astype(np.int64))
        else:
            flat.append(np.arange(len(output)) + offset)
            n_pieces.append(np.ones(len(output), dtype=np.int64))
        offset += len(_vectors(output))
    columns = (np.concatenate(flat), np.concatenate(n_pieces))
    alignment, lengths = (torch.from_numpy(column).to(device) for column in columns)
    return alignment, lengths


def _split(outputs: list[Output], gradient: Any) -> list[Any]:
    """Give each Doc the gradient of its vectors, in the form of its output."""
    ends = accumulate((len(_vectors(output)) for output in outputs), initial=0)
    parts: list[Any] = []
    for output, (start, end) in zip(outputs, pairwise(ends), strict=True):
        part = gradient[start:end]
        if isinstance(output, TransformerData):
            shape = output.model_output["last_hidden_state"].shape
            part = replace(output, model_output=ModelOutput(last_hidden_state=part.reshape(shape)))
        parts.append(part)
    return parts


def _array(tensor: Tensor) -> Floats2d:
    return cast(Floats2d, torch2xp(tensor.detach()))
