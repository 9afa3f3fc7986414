"""Pipelines with several heads on one encoder, and what their learning leaves behind."""

import copy
from pathlib import Path

import spacy
import torch
from spacy import Language

from spacy_spanbert.layers.encoder import encoder_shim
from spacy_spanbert.layers.head_model import head_shim
from tests.tiny_pipeline import FLAT, add_encoder, add_spancat, initialize, make_examples

LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "pooling": {"@layers": "reduce_mean.v1"},
}
Weights = dict[str, torch.Tensor]


def add_ner(nlp: Language) -> None:
    """Add spaCy's own entity recognizer as one more listener."""
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "hidden_width": 16,
        "tok2vec": LISTENER,
    }
    nlp.add_pipe("ner", config={"model": model})


def add_head_without_candidates(nlp: Language) -> None:
    """Add spaCy's own spancat with a suggester that finds nothing in so short a text: its update
    returns before it asks for vectors.
    """
    model = {
        "@architectures": "spacy.SpanCategorizer.v1",
        "tok2vec": LISTENER,
        "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 8},
        "scorer": {"@layers": "spacy.LinearLogistic.v1"},
    }
    suggester = {"@misc": "spacy.ngram_suggester.v1", "sizes": [40]}
    nlp.add_pipe("spancat", config={"model": model, "suggester": suggester})


def make_heads(checkpoint: Path, *heads, **encoder) -> Language:
    """An encoder with spanbert_spancat on it, then other heads."""
    nlp = spacy.blank("en")
    add_encoder(nlp, **encoder)
    add_spancat(nlp)
    for add_head in heads:
        add_head(nlp)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        initialize(nlp, checkpoint, make_examples(nlp, FLAT))
    return nlp


def gradients(nlp: Language) -> Weights:
    parameters = encoder_shim(nlp.get_pipe("spanbert").model).module.named_parameters()
    return {name: p.grad.clone() for name, p in parameters if p.grad is not None}


def is_same(one: Weights, other: Weights) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(value, other[name]) for name, value in one.items())


def moved(before: Weights, after: Weights) -> set[str]:
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def assert_close(found: Weights, expected: Weights, **tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, msg=name, **tolerance)


def fixed_scorer(spancat) -> torch.nn.Module:
    """A scorer of the same weights in every pipeline."""
    module = copy.deepcopy(head_shim(spancat.model).module)
    generator = torch.Generator().manual_seed(1)
    for parameter in module.parameters():
        parameter.data.normal_(0, 0.2, generator=generator)
    return module


def add_spancat_again(nlp: Language) -> None:
    add_spancat(nlp, name="second")
