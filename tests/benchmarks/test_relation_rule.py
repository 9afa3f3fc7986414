"""The rule by labels, on a few words."""

import pytest
import spacy
from spacy.tokens import Doc, Span

from benchmarks.corpora import SPANS_KEY
from benchmarks.relation_rule import score_rule
from spacy_spanbert.annotations.relations import Relation

VOCAB = spacy.blank("en").vocab


def _doc(labels: str, *triples: tuple[int, int, str]) -> Doc:
    """One-word spans with one-letter labels."""
    doc = Doc(VOCAB, words=list(labels))
    spans = [Span(doc, i, i + 1, label) for i, label in enumerate(labels)]
    doc.spans[SPANS_KEY] = spans
    doc._.relations = [Relation(spans[h], spans[t], label) for h, t, label in triples]
    return doc


def test_label_pairs_that_mostly_mean_something_are_told_it() -> None:
    train = [
        _doc("PL", (0, 1, "lives in")),
        _doc("PL", (0, 1, "lives in")),
        _doc("PL", (0, 1, "born in")),
        # right in one of four: following it would cost more than it finds
        _doc("PO", (0, 1, "works for")),
        *[_doc("PO")] * 9,
    ]
    assert score_rule(train, [_doc("PL", (0, 1, "lives in"))]) == 1
    assert score_rule(train, [_doc("PL", (0, 1, "lives in")), _doc("PO")]) == 1
    # found: PL twice, right once; gold: two
    gold = [_doc("PL", (0, 1, "lives in")), _doc("PL"), _doc("PO", (0, 1, "works for"))]
    assert score_rule(train, gold) == pytest.approx(2 * 1 / (2 + 2))


def test_without_relations_nothing_is_found() -> None:
    assert score_rule([_doc("PL")], [_doc("PL", (0, 1, "lives in"))]) == 0
