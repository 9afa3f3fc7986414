"""Small pipelines that find relations, and examples to train them on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_spanbert import Relation
from tests.tiny_pipeline import add_encoder, initialize

PER, GPE, ORG = "PER", "GPE", "ORG"
# words, spans as (start, end, label) in words, relations as (head, tail, label) in spans: arguments
# inside one another, both directions, and neighbours that are not related
RELATED = (
    ("Anna lives in Paris .", [(0, 1, PER), (3, 4, GPE)], [(0, 1, "lives_in")]),
    ("Bob left Rome for Paris .", [(0, 1, PER), (2, 3, GPE), (4, 5, GPE)], [(0, 2, "lives_in")]),
    ("Anna married Bob in Rome .", [(0, 1, PER), (2, 3, PER), (5, 6, GPE)], [(0, 1, "spouse_of")]),
    ("In Rome Anna met Bob .", [(1, 2, GPE), (2, 3, PER), (4, 5, PER)], []),
    ("Paris is where Bob lives .", [(0, 1, GPE), (3, 4, PER)], [(1, 0, "lives_in")]),
    (
        "The mayor of New York met Anna .",
        [(0, 5, PER), (3, 5, GPE), (6, 7, PER)],
        [(0, 1, "rules")],
    ),
    (
        "The old king of France saw the house of Spain .",
        [(0, 5, PER), (4, 5, GPE), (6, 10, ORG), (9, 10, GPE)],
        [(0, 1, "rules"), (2, 3, "based_in")],
    ),
    ("Bob and Anna are married .", [(0, 1, PER), (2, 3, PER)], [(1, 0, "spouse_of")]),
    (
        "The house of Spain left Rome .",
        [(0, 4, ORG), (3, 4, GPE), (5, 6, GPE)],
        [(0, 1, "based_in")],
    ),
    ("It rained all day .", [], []),
)
Related = tuple[str, list[tuple[int, int, str]], list[tuple[int, int, str]]]


def gold_doc(nlp: Language, related: Related, spans_key: str = "sc") -> Doc:
    """Make a Doc with gold spans and relations."""
    words, spans, relations = related
    doc = Doc(nlp.vocab, words=words.split())
    made = [Span(doc, *span) for span in spans]
    doc.spans[spans_key] = made
    doc._.relations = [Relation(made[head], made[tail], label) for head, tail, label in relations]
    return doc


def bare_doc(nlp: Language, related: Related, spans_key: str | None = "sc") -> Doc:
    """Make a Doc of the same words with the gold spans, without them if there is no key."""
    doc = Doc(nlp.vocab, words=related[0].split())
    if spans_key is not None:
        doc.spans[spans_key] = [Span(doc, *span) for span in related[1]]
    return doc


def relation_examples(
    nlp: Language, data: Sequence[Related] = RELATED, spans_key: str = "sc"
) -> list[Example]:
    return [
        Example(bare_doc(nlp, related, spans_key), gold_doc(nlp, related, spans_key))
        for related in data
    ]


def add_relations(nlp: Language, model: dict[str, Any] | None = None, **config: Any) -> None:
    """Add `spanbert_relations`; narrow, float32 and no dropout unless told otherwise."""
    fixed = {
        "@architectures": "spacy-spanbert.RelationScorer.v1",
        "hidden_width": 32,
        "context_width": 16,
        "dropout": 0.0,
        "precision": "float32",
    }
    candidates = {
        "@misc": "spacy-spanbert.relation_candidates.v1",
        **config.pop("candidates", {}),
    }
    settings = {**config, "candidates": candidates, "model": {**fixed, **(model or {})}}
    nlp.add_pipe("spanbert_relations", config=settings)


def make_relations_nlp(
    checkpoint: Path,
    *,
    data: Sequence[Related] = RELATED,
    encoder: dict[str, Any] | None = None,
    **relations: Any,
) -> Language:
    """Make an initialized pipeline of `spanbert` and `spanbert_relations`."""
    nlp = spacy.blank("en")
    add_encoder(nlp, **(encoder or {}))
    add_relations(nlp, **relations)
    key = relations.get("spans_key", "sc")
    initialize(nlp, checkpoint, relation_examples(nlp, data, key))
    return nlp


def found_relations(doc: Doc) -> list[tuple[int, int, int, int, str]]:
    """Each relation as first word and end of head and of tail, and its label."""
    return sorted(
        (r.head.start, r.head.end, r.tail.start, r.tail.end, r.label) for r in doc._.relations
    )


def predict(nlp: Language, data: Sequence[Related] = RELATED, key: str = "sc") -> list[Doc]:
    """Annotate Docs of these words that have the gold spans."""
    return list(nlp.pipe(bare_doc(nlp, related, key) for related in data))
