"""The relation scorer as a thinc model: Docs and pairs in, one row of logits a pair out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from spacy.tokens import Doc
from thinc.api import Model, torch2xp, xp2torch
from thinc.types import Floats2d
from torch import Tensor

from spacy_spanbert.layers.architecture import architecture
from spacy_spanbert.layers.head_model import head_model, head_shim, make_module
from spacy_spanbert.layers.precision import Precision
from spacy_spanbert.layers.word_vectors import (
    WordModel,
    learn_width,
    read_in_blocks,
    read_with_gradient,
)
from spacy_spanbert.nn.relation_pairs import Arguments
from spacy_spanbert.nn.relation_scorer import RelationScorer
from spacy_spanbert.nn.representations import RepresentationName


@dataclass(frozen=True, eq=False)
class RelationPairs:
    """Ordered pairs of spans of a batch of Docs.

    arguments (Arguments): The spans, over the words of all Docs.
    heads (Tensor): Which span is the first argument of each pair, long [n_pairs].
    tails (Tensor): Which is the second, likewise.
    """

    arguments: Arguments
    heads: Tensor
    tails: Tensor


RelationInput = tuple[list[Doc], RelationPairs]
RelationModel = Model[RelationInput, Floats2d]


@architecture("spacy-spanbert.RelationScorer.v1")
def build_relation_scorer(
    tok2vec: WordModel,
    representation: RepresentationName = "ffn_endpoints_attention",
    hidden_width: int = 256,
    context_width: int = 64,
    context_words: int = 3,
    biaffine_width: int = 0,
    dropout: float = 0.1,
    activation: str = "relu",
    precision: Precision = "auto",
) -> RelationModel:
    """Build a scorer of pairs of spans; `initialize` gives it its sizes.

    tok2vec (WordModel): Word vectors: a listener on the encoder, or any
        other spaCy tok2vec layer.
    representation (str): What a span is made of: "endpoints_mean", "ffn_endpoints",
        "ffn_endpoints_mean", "ffn_endpoints_attention" or "span_self_attention".
    hidden_width (int): Width of the layers.
    context_width (int): Width of a word as context of a pair: the words between two spans, of
        which each number's highest value counts; 0 for none.
    context_words (int): Words to each side of each span that are looked at as well; 0 for none.
    biaffine_width (int): Width of a head × tail product added to the scores; 0 for none.
    dropout (float): In training, 0 to below 1.
    activation (str): "relu" or "gelu".
    precision (Precision): Of the projections of words; spans and pairs are float32.
    RETURNS (RelationModel): The model.
    RAISES (ValueError): If a setting cannot be.
    """
    settings = {
        "representation": representation,
        "hidden_width": hidden_width,
        "context_width": context_width,
        "context_words": context_words,
        "biaffine_width": biaffine_width,
        "dropout": dropout,
        "activation": activation,
    }
    return head_model(
        "relation-scorer",
        forward,
        tok2vec=tok2vec,
        module=RelationScorer,
        settings=settings,
        learned_sizes=("input_width", "n_outputs", "n_span_labels"),
        precision=precision,
    )


def set_relation_sizes(
    model: RelationModel, *, n_outputs: int, n_span_labels: int, docs: list[Doc]
) -> None:
    """Make the scorer's weights.

    model (RelationModel): The model.
    n_outputs (int): Scores of a pair.
    n_span_labels (int): Labels of spans that are known.
    docs (list[Doc]): A few Docs with words, at least one, from which tok2vec learns its sizes.
    """
    input_width = learn_width(model.get_ref("tok2vec"), docs)
    make_module(model, n_outputs=n_outputs, input_width=input_width, n_span_labels=n_span_labels)


def score_pairs(
    model: RelationModel,
    docs: list[Doc],
    arguments: Arguments,
    blocks: Iterable[tuple[Tensor, Tensor]],
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Score pairs without gradients, a block at a time.

    Nothing that is held grows with the number of pairs: what to keep of a block is for the caller
    to decide.

    model (RelationModel): The model.
    docs (list[Doc]): The Docs.
    arguments (Arguments): Their spans, at least one.
    blocks (Iterable[tuple[Tensor, Tensor]]): Heads and tails, long [n_pairs] each.
    YIELDS (tuple[Tensor, Tensor, Tensor]): Heads, tails, and logits, shape (n_pairs, n_outputs).
    """
    shim = head_shim(model)
    read = read_in_blocks(model.get_ref("tok2vec"), docs, shim.device)
    with shim.inference() as module:
        scorer = cast(RelationScorer, module)
        rows = scorer.encode(read(0, arguments.n_words), arguments)
        for heads, tails in blocks:
            yield heads, tails, scorer.score(rows, heads, tails)


def forward(
    model: RelationModel, inputs: RelationInput, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], RelationInput]]:
    """Score pairs, shape (n_pairs, n_outputs), in their order."""
    docs, pairs = inputs
    shim = head_shim(model)
    words, give_back = read_with_gradient(model.get_ref("tok2vec"), docs, shim.device, is_train)
    with shim.training() if is_train else shim.inference() as module:
        logits = module(words, pairs.arguments, pairs.heads, pairs.tails)

    def backprop(d_logits: Floats2d) -> RelationInput:
        logits.backward(xp2torch(d_logits, device=logits.device))
        give_back()
        return inputs

    return cast(Floats2d, torch2xp(logits.detach())), backprop
