"""Small pipelines that classify texts or pairs."""

from pathlib import Path
from typing import Any

import spacy
from spacy import Language
from spacy.training import Example

from spacy_spanbert import make_pair
from tests.tiny_pipeline import add_encoder, initialize

TEXTS = (
    ("The king met the mayor.", "people"),
    ("Anna saw the daughter of the king.", "people"),
    ("A house in the capital of Spain.", "places"),
    ("They left Rome for Paris.", "places"),
)
PAIRS = (
    ("The king met Anna.", "Anna met the king.", "same"),
    ("They left Rome.", "Rome was left.", "same"),
    ("The king met Anna.", "They left Rome.", "other"),
    ("It rained all day.", "Rome was left.", "other"),
)
MODEL = {"@architectures": "spacy-spanbert.Classifier.v1", "dropout": 0.0}


def text_examples(nlp: Language) -> list[Example]:
    labels = sorted({label for _, label in TEXTS})
    return [
        Example.from_dict(nlp.make_doc(text), {"cats": {x: float(x == label) for x in labels}})
        for text, label in TEXTS
    ]


def pair_examples(nlp: Language) -> list[Example]:
    labels = sorted({label for _, _, label in PAIRS})
    return [
        Example.from_dict(make_pair(nlp, a, b), {"cats": {x: float(x == label) for x in labels}})
        for a, b, label in PAIRS
    ]


def make_classifier(
    checkpoint: Path, factory: str, *, encoder: dict[str, Any] | None = None, **config: Any
) -> Language:
    """Make an initialized pipeline of `spanbert` and a classifier without dropout."""
    nlp = spacy.blank("en")
    add_encoder(nlp, model=encoder)
    nlp.add_pipe(factory, config={**config, "model": {**MODEL, **config.get("model", {})}})
    examples = pair_examples(nlp) if factory == "spanbert_paircat" else text_examples(nlp)
    initialize(nlp, checkpoint, examples)
    return nlp
