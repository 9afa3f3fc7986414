"""The span scorer as a thinc model: Docs and candidates in, one row of logits a candidate out."""

from collections.abc import Callable, Iterator
from typing import cast

import torch
from spacy.tokens import Doc
from thinc.api import Model, torch2xp, xp2torch
from thinc.types import Floats2d
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from spacy_spanbert.layers.architecture import architecture
from spacy_spanbert.layers.head_model import head_model, head_shim, make_module
from spacy_spanbert.layers.precision import Precision
from spacy_spanbert.layers.word_vectors import (
    ReadBlock,
    WordModel,
    learn_width,
    read_in_blocks,
    read_with_gradient,
)
from spacy_spanbert.nn.blocks import word_blocks
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.scorer import RepresentationName, SpanScorer

ScorerInput = tuple[list[Doc], SpanCandidates]
ScorerModel = Model[ScorerInput, Floats2d]
# Starts that are scored together. Less would not fill the matrix units, more would not fit into
# the processor's cache.
BLOCK_WORDS = 1024
# More candidates than this in a training batch are scored in blocks that are computed twice: what
# a block keeps for its gradient, some kilobytes a candidate, is all that is held.
MAX_TRAINING_SPANS = 40_000


@architecture("spacy-spanbert.SpanScorer.v1")
def build_span_scorer(
    tok2vec: WordModel,
    representation: RepresentationName = "ffn_endpoints_attention",
    hidden_width: int = 256,
    use_width_embedding: bool = True,
    biaffine_width: int = 0,
    conv_layers: int = 0,
    conv_width: int = 32,
    dropout: float = 0.1,
    activation: str = "relu",
    precision: Precision = "auto",
) -> ScorerModel:
    """Build a scorer of spans; `initialize` gives it its sizes.

    tok2vec (WordModel): Word vectors: a listener on the encoder, or any
        other spaCy tok2vec layer.
    representation (str): What a span is made of: "endpoints_mean", "ffn_endpoints",
        "ffn_endpoints_mean", "ffn_endpoints_attention" or "span_self_attention".
    hidden_width (int): Width of the first layer.
    use_width_embedding (bool): Whether there is a learned vector for each length.
    biaffine_width (int): Width of a start × end product added to the scores; 0 for none.
    conv_layers (int): 3 × 3 convolutions over the grid of starts and ends; 0 for none.
    conv_width (int): Their channels.
    dropout (float): In training, 0 to below 1.
    activation (str): "relu" or "gelu".
    precision (Precision): Of the projections of words; spans are added up in float32.
    RETURNS (ScorerModel): The model.
    RAISES (ValueError): If a setting cannot be.
    """
    settings = {
        "representation": representation,
        "hidden_width": hidden_width,
        "use_width_embedding": use_width_embedding,
        "biaffine_width": biaffine_width,
        "conv_layers": conv_layers,
        "conv_width": conv_width,
        "dropout": dropout,
        "activation": activation,
    }
    return head_model(
        "span-scorer",
        forward,
        tok2vec=tok2vec,
        module=SpanScorer,
        settings=settings,
        learned_sizes=("input_width", "n_outputs", "max_length"),
        precision=precision,
    )


def set_sizes(model: ScorerModel, *, n_outputs: int, max_length: int, docs: list[Doc]) -> None:
    """Make the scorer's weights.

    model (ScorerModel): The model.
    n_outputs (int): Scores of a span.
    max_length (int): Lengths with a vector of their own, in words.
    docs (list[Doc]): A few Docs with words, at least one, from which tok2vec learns its sizes.
    """
    input_width = learn_width(model.get_ref("tok2vec"), docs)
    make_module(model, input_width=input_width, n_outputs=n_outputs, max_length=max_length)


def score_all(
    model: ScorerModel, docs: list[Doc], reach: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Score every span without gradients, a block of words at a time.

    Nothing that is held grows with the number of spans: what to keep of a block is for the caller
    to decide.

    model (ScorerModel): The model.
    docs (list[Doc]): The Docs.
    reach (Tensor): The longest span that begins at each word of all Docs, shape (n_words,).
    YIELDS (tuple[Tensor, Tensor, Tensor]): First words of spans, counted over all Docs, their
        lengths, both of shape (n_rows,), and logits, shape (n_rows, n_outputs).
    """
    read = _word_vectors(model, docs)
    with head_shim(model).inference() as module:
        for block in word_blocks(reach, BLOCK_WORDS, cast(SpanScorer, module).halo):
            candidates = SpanCandidates.all_spans(block.reach)
            logits = module(read(block.first_word, block.last_word), candidates)
            starts = candidates.starts[block.kept] + block.first_word
            yield starts, candidates.lengths[block.kept], logits[block.kept]


def score_given(
    model: ScorerModel, docs: list[Doc], starts: Tensor, lengths: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Score the given spans as score_all scores all.

    model (ScorerModel): The model.
    docs (list[Doc]): The Docs.
    starts (Tensor): First words, counted over all Docs, ascending, shape (n_spans,).
    lengths (Tensor): In words, shape (n_spans,).
    YIELDS (tuple[Tensor, Tensor, Tensor]): As score_all.
    """
    read = _word_vectors(model, docs)
    with head_shim(model).inference() as module:
        for first in range(0, sum(map(len, docs)), BLOCK_WORDS):
            rows = slice(*torch.searchsorted(starts, torch.tensor([first, first + BLOCK_WORDS])))
            block_starts, block_lengths = starts[rows], lengths[rows]
            if len(block_starts) == 0:
                continue
            block_words = read(first, int((block_starts + block_lengths).max()))
            candidates = SpanCandidates.given_spans(
                block_starts - first, block_lengths, len(block_words)
            )
            yield block_starts, block_lengths, module(block_words, candidates)


def forward(
    model: ScorerModel, inputs: ScorerInput, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], ScorerInput]]:
    """Score candidates, shape (n_spans, n_outputs), in their row order."""
    docs, candidates = inputs
    shim = head_shim(model)
    words, give_back = read_with_gradient(model.get_ref("tok2vec"), docs, shim.device, is_train)
    with shim.training() if is_train else shim.inference() as module:
        logits = _score_in_training(cast(SpanScorer, module), words, candidates)

    def backprop(d_logits: Floats2d) -> ScorerInput:
        logits.backward(xp2torch(d_logits, device=logits.device))
        give_back()
        return inputs

    return cast(Floats2d, torch2xp(logits.detach())), backprop


def _score_in_training(module: SpanScorer, words: Tensor, candidates: SpanCandidates) -> Tensor:
    """Score; many candidates in blocks that are computed again in the backward pass."""
    if candidates.n_spans <= MAX_TRAINING_SPANS:
        return module(words, candidates)
    cut = _dense_blocks if candidates.picked is None else _given_blocks
    parts = []
    for block_words, block, kept in cut(words, candidates, module.halo):
        parts.append(checkpoint(module, block_words, block, use_reentrant=False)[kept])
    return torch.cat(parts)


def _dense_blocks(
    words: Tensor, candidates: SpanCandidates, halo: int
) -> Iterator[tuple[Tensor, SpanCandidates, slice]]:
    """Cut all spans into blocks: their words, candidates, and the rows that belong to them."""
    reach = torch.bincount(candidates.starts, minlength=candidates.n_words)
    block_words = max(1, MAX_TRAINING_SPANS // int(reach.max()))
    for block in word_blocks(reach, block_words, halo):
        part = words[block.first_word : block.last_word]
        yield part, SpanCandidates.all_spans(block.reach), block.kept


def _given_blocks(
    words: Tensor, candidates: SpanCandidates, halo: int
) -> Iterator[tuple[Tensor, SpanCandidates, slice]]:
    """Cut given spans into blocks, as _dense_blocks does; they have no halo."""
    del halo
    rows = zip(
        candidates.starts.split(MAX_TRAINING_SPANS),
        candidates.lengths.split(MAX_TRAINING_SPANS),
        strict=True,
    )
    for starts, lengths in rows:
        first, last = int(starts.min()), int((starts + lengths).max())
        block = SpanCandidates.given_spans(starts - first, lengths, last - first)
        yield words[first:last], block, slice(None)


def _word_vectors(model: ScorerModel, docs: list[Doc]) -> ReadBlock:
    return read_in_blocks(model.get_ref("tok2vec"), docs, head_shim(model).device)
