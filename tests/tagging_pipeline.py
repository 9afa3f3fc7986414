"""Small pipelines that tag words, and examples to train them on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from tests.tiny_pipeline import add_encoder, initialize

Entity = tuple[int, int, str]
# words, entities of one word and more, next to each other, at the start and the end
ENTITIES: tuple[tuple[list[str], list[Entity]], ...] = (
    (
        ["New", "York", "Anna", "Smith", "met", "Bob", "in", "old", "Paris"],
        [(0, 2, "GPE"), (2, 4, "PER"), (5, 6, "PER"), (8, 9, "GPE")],
    ),
    (["The", "mayor", "of", "Rome", "left", "."], [(3, 4, "GPE")]),
    (["It", "rained", "all", "day", "."], []),
)
TAGS: tuple[tuple[list[str], list[str]], ...] = (
    (
        ["Anna", "saw", "a", "house", "in", "Spain", "."],
        ["PROPN", "VERB", "DET", "NOUN", "ADP", "PROPN", "PUNCT"],
    ),
    (["It", "rained", "unexpectedly", "."], ["PRON", "VERB", "ADV", "PUNCT"]),
)
MODEL = {"@architectures": "spacy-spanbert.TagScorer.v1", "dropout": 0.0, "precision": "float32"}


def add_tagging(nlp: Language, factory: str, model: dict[str, Any] | None = None, **config) -> None:
    """Add `spanbert_ner` or `spanbert_tagger`; float32, no dropout unless told otherwise."""
    nlp.add_pipe(factory, config={**config, "model": {**MODEL, **(model or {})}})


def make_tagging_nlp(
    checkpoint: Path,
    factory: str,
    examples: Sequence[Example] | None = None,
    *,
    encoder: dict[str, Any] | None = None,
    **config: Any,
) -> Language:
    """Make an initialized pipeline of `spanbert` and one component."""
    nlp = spacy.blank("en")
    add_encoder(nlp, **(encoder or {}))
    add_tagging(nlp, factory, **config)
    if examples is None:
        examples = ner_examples(nlp) if factory == "spanbert_ner" else tag_examples(nlp)
    initialize(nlp, checkpoint, examples)
    return nlp


def make_both(
    checkpoint: Path, *, encoder: dict[str, Any] | None = None, **config: Any
) -> Language:
    """Make an initialized pipeline of `spanbert`, `spanbert_ner` and `spanbert_tagger`."""
    nlp = spacy.blank("en")
    add_encoder(nlp, model=encoder)
    add_tagging(nlp, "spanbert_ner", **config)
    add_tagging(nlp, "spanbert_tagger")
    initialize(nlp, checkpoint, examples_for_both(nlp))
    return nlp


def examples_for_both(nlp: Language) -> list[Example]:
    """ENTITIES, with tags that say whether a word begins with a capital."""
    examples = ner_examples(nlp)
    for example in examples:
        for word in example.reference:
            word.tag_ = "UPPER" if word.text[0].isupper() else "LOWER"
    return examples


def ner_examples(nlp: Language, data=ENTITIES) -> list[Example]:
    examples = []
    for words, entities in data:
        gold = Doc(nlp.vocab, words=words)
        gold.ents = [Span(gold, *entity) for entity in entities]
        examples.append(Example(Doc(nlp.vocab, words=words), gold))
    return examples


def tag_examples(nlp: Language, data=TAGS, attribute: str = "tags") -> list[Example]:
    examples = []
    for words, tags in data:
        gold = Doc(nlp.vocab, words=words, **{attribute: tags})
        examples.append(Example(Doc(nlp.vocab, words=words), gold))
    return examples


def found_entities(doc: Doc) -> list[Entity]:
    return [(entity.start, entity.end, entity.label_) for entity in doc.ents]


def entities_with_scores(doc: Doc, key: str = "ents") -> dict[Entity, float]:
    group = doc.spans[key]
    spans = [(span.start, span.end, span.label_) for span in group]
    assert spans == found_entities(doc)
    assert len(group.attrs["scores"]) == len(spans)
    return dict(zip(spans, group.attrs["scores"].tolist(), strict=True))
