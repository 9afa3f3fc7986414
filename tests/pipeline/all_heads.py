"""A pipeline with all heads on one encoder, and examples with an annotation for each."""

from pathlib import Path

import spacy
from spacy import Language
from spacy.training import Example

from spacy_spanbert import Relation
from spacy_spanbert.annotations.relations import set_relations
from tests.relation_pipeline import add_relations
from tests.tagging_pipeline import add_tagging
from tests.tiny_pipeline import FLAT, add_encoder, add_spancat, initialize, make_examples

HEADS = (
    "spanbert_spancat",
    "spanbert_span_finder",
    "spanbert_ner",
    "spanbert_tagger",
    "spanbert_relations",
    "spanbert_textcat",
)


def add_head(nlp: Language, name: str) -> None:
    if name == "spanbert_spancat":
        add_spancat(nlp)
    elif name == "spanbert_relations":
        add_relations(nlp)
    elif name in ("spanbert_ner", "spanbert_tagger"):
        add_tagging(nlp, name)
    else:
        nlp.add_pipe(name)


def examples_for_all(nlp: Language) -> list[Example]:
    """FLAT with an annotation for each head; the predicted Docs have the spans to be related."""
    examples = make_examples(nlp, FLAT)
    for number, example in enumerate(examples):
        gold = example.reference
        example.predicted.spans["sc"] = [
            example.predicted[span.start : span.end] for span in gold.spans["sc"]
        ]
        for word in gold:
            word.tag_ = "NAME" if word.text[0].isupper() else "WORD"
        gold.cats = {"even": float(number % 2 == 0), "odd": float(number % 2 == 1)}
        spans = gold.spans["sc"]
        set_relations(gold, [Relation(spans[0], spans[1], "near")] if spans else [])
    return examples


def make_all_heads(checkpoint: Path) -> Language:
    """Make an initialized pipeline of `spanbert` and HEADS."""
    nlp = spacy.blank("en")
    add_encoder(nlp)
    for name in HEADS:
        add_head(nlp, name)
    initialize(nlp, checkpoint, examples_for_all(nlp))
    return nlp
