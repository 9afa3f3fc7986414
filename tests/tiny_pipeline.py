"""Small pipelines on the tiny checkpoints, and examples to train them on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Optimizer

from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.layers.encoder import EncoderModel, build_encoder, set_checkpoint

# words, spans as (start, end, label) in words, end exclusive: nested, one label inside itself
NESTED = (
    (
        [
            "The",
            "old",
            "mayor",
            "of",
            "New",
            "York",
            "met",
            "the",
            "daughter",
            "of",
            "the",
            "king",
            "of",
            "France",
            ".",
        ],
        [(0, 6, "PER"), (4, 6, "GPE"), (7, 14, "PER"), (10, 14, "PER"), (13, 14, "GPE")],
    ),
    (
        ["Anna", "saw", "a", "house", "in", "the", "capital", "of", "Spain"],
        [(0, 1, "PER"), (2, 9, "FAC"), (5, 9, "GPE"), (8, 9, "GPE")],
    ),
)
FLAT = (
    (["Anna", "met", "Bob", "in", "Paris", "."], [(0, 1, "PER"), (2, 3, "PER"), (4, 5, "GPE")]),
    (["They", "left", "Rome", "for", "Paris"], [(2, 3, "GPE"), (4, 5, "GPE")]),
    (["It", "rained", "all", "day", "."], []),
)
# spaCy's own small network, without an encoder of ours
PLAIN_TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": 32,
    "depth": 2,
    "embed_size": 200,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": True,
    "pretrained_vectors": None,
}
Annotated = tuple[list[str], list[tuple[int, int, str]]]


def make_encoder_model(checkpoint: Path, **settings: Any) -> EncoderModel:
    """Make an encoder's model without a component: float32 and no dropout unless told otherwise."""
    fixed = {"precision": "float32", "dropout": 0.0, "attention_dropout": 0.0}
    model = build_encoder(**{**fixed, **settings})
    set_checkpoint(model, load_checkpoint(checkpoint))
    return model


def add_encoder(nlp: Language, model: dict[str, Any] | None = None, **config: Any) -> None:
    """Add `spanbert` as a user would; float32 and no dropout unless told otherwise."""
    fixed = {"@architectures": "spacy-spanbert.Encoder.v1", "precision": "float32", "dropout": 0.0}
    nlp.add_pipe("spanbert", config={**config, "model": {**fixed, **(model or {})}})


def add_spancat(
    nlp: Language,
    model: dict[str, Any] | None = None,
    name: str = "spanbert_spancat",
    **config: Any,
) -> None:
    """Add `spanbert_spancat`; narrow, float32 and no dropout unless told otherwise."""
    fixed = {
        "@architectures": "spacy-spanbert.SpanScorer.v1",
        "hidden_width": 32,
        "dropout": 0.0,
        "precision": "float32",
    }
    config = {**config, "model": {**fixed, **(model or {})}}
    nlp.add_pipe("spanbert_spancat", name=name, config=config)


def initialize(
    nlp: Language, checkpoint: Path, examples: Sequence[Example], **components: dict[str, Any]
) -> Optimizer:
    """Initialize from a checkpoint; further components' arguments by their names."""
    settings = {"spanbert": {"checkpoint": str(checkpoint)}} if "spanbert" in nlp.pipe_names else {}
    nlp.config["initialize"]["components"] = {**settings, **components}
    return nlp.initialize(lambda: examples)


def make_nlp(
    checkpoint: Path,
    *,
    encoder: dict[str, Any] | None = None,
    spancat: dict[str, Any] | None = None,
    data: Sequence[Annotated] = NESTED,
) -> Language:
    """Make an initialized pipeline of `spanbert` and `spanbert_spancat`."""
    nlp = spacy.blank("en")
    add_encoder(nlp, **(encoder or {}))
    add_spancat(nlp, **(spancat or {}))
    initialize(nlp, checkpoint, make_examples(nlp, data))
    return nlp


def make_optimizer(learn_rate: float = 0.005, **settings: Any) -> Optimizer:
    return Optimizer(learn_rate, **{"use_averages": False, "L2": 0.0, **settings})


def make_examples(
    nlp: Language, data: Sequence[Annotated] = NESTED, spans_key: str = "sc"
) -> list[Example]:
    """Make examples with gold spans in `spans[spans_key]`; of flat ones also entities."""
    examples = []
    for words, spans in data:
        gold = Doc(nlp.vocab, words=words)
        gold.spans[spans_key] = [Span(gold, *span) for span in spans]
        if spans == spacy_flat(spans):
            gold.ents = list(gold.spans[spans_key])
        examples.append(Example(Doc(nlp.vocab, words=words), gold))
    return examples


def make_vectors_nlp(checkpoint: Path, model: dict | None = None, **vectors) -> Language:
    """Make a pipeline of an encoder alone, with settings of its vectors."""
    nlp = spacy.blank("en")
    add_encoder(nlp, model, vectors=vectors)
    initialize(nlp, checkpoint, [])
    return nlp


def spacy_flat(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Leave out each span that overlaps one before it."""
    kept: list[tuple[int, int, str]] = []
    for start, end, label in spans:
        if not kept or kept[-1][1] <= start:
            kept.append((start, end, label))
    return kept


def fit(
    nlp: Language, examples: Sequence[Example], n_steps: int, learn_rate: float = 0.005
) -> dict[str, float]:
    """Train on all examples at once; return the last step's losses."""
    sgd = make_optimizer(learn_rate)
    losses: dict[str, float] = {}
    for _ in range(n_steps):
        losses = nlp.update(list(examples), sgd=sgd, losses={})
    return losses


def found_spans(doc: Doc, spans_key: str = "sc") -> list[tuple[int, int, str]]:
    return sorted((span.start, span.end, span.label_) for span in doc.spans[spans_key])


def encoder_weights(nlp: Language, name: str = "spanbert") -> dict[str, Any]:
    """Copy the weights of a component's torch module."""
    module = nlp.get_pipe(name).model.shims[0].module
    return {key: value.detach().clone() for key, value in module.state_dict().items()}
