"""Scores of relations, counted by hand and against a naive count."""

import json

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_spanbert import Relation
from spacy_spanbert.training.relation_scorer import make_relation_scorer, score_relations

NLP = spacy.blank("en")
N_WORDS = 70
PER, ORG, LOC = (0, 2, "PER"), (10, 12, "ORG"), (11, 12, "LOC")
FAR = (65, 66, "LOC")


def make_doc(triples) -> Doc:
    doc = Doc(NLP.vocab, words=["word"] * N_WORDS)
    if triples is not None:
        doc._.relations = [Relation(Span(doc, *h), Span(doc, *t), label) for h, t, label in triples]
    return doc


def score(predicted, gold, symmetric=()):
    scores = score_relations([Example(make_doc(predicted), make_doc(gold))], set(symmetric))
    assert json.dumps(scores)
    return scores


def test_strict_relaxed_type_distance_and_nesting_are_counted():
    gold = [(PER, ORG, "works"), (LOC, ORG, "part"), (PER, LOC, "lives"), (PER, FAR, "lives")]
    predicted = [
        (PER, ORG, "works"),
        ((0, 2, "ORG"), LOC, "lives"),  # a wrong label of the head
        (ORG, LOC, "part"),  # the wrong way round
        (PER, FAR, "works"),  # the wrong type
    ]
    scores = score(predicted, gold)
    assert [scores[f"relations_{name}"] for name in "prf"] == [0.25, 0.25, 0.25]
    assert scores["relations_relaxed_f"] == 0.5
    assert scores["relations_per_type"]["works"] == {"p": 0.5, "r": 1.0, "f": pytest.approx(2 / 3)}
    assert scores["relations_per_type"]["part"]["f"] == 0.0
    assert scores["relations_nested_f"] == 0.0
    sizes = {
        name: (value["n_predicted"], value["n_gold"])
        for name, value in scores["relations_per_distance"].items()
    }
    assert sizes == {
        "overlap": (1, 1),
        "0-4": (0, 0),
        "5-9": (2, 2),
        "10-19": (0, 0),
        "20-49": (0, 0),
        "50+": (1, 1),
    }
    assert next(iter(sizes)) == "overlap"


def test_symmetric_types_count_either_way_once():
    gold, turned = [(PER, ORG, "near")], [(ORG, PER, "near"), (PER, ORG, "near")]
    assert score(turned, gold)["relations_p"] == 0.5
    assert score(turned, gold, ["near"])["relations_f"] == 1.0
    # with labels left aside, too: of the same words, another label may come first
    other = [((0, 2, "ZZZ"), (0, 2, "AAA"), "near")]
    assert (
        score(other, [((0, 2, "AAA"), (0, 2, "MMM"), "near")], ["near"])["relations_relaxed_f"] == 1
    )


def test_of_arguments_without_a_label_the_words_count():
    """As those that a span finder predicts; a label that is predicted must be right still."""
    bare, other = (10, 12, ""), (10, 12, "LOC")
    gold = [(PER, ORG, "works"), (ORG, LOC, "part")]
    assert score([((0, 2, ""), bare, "works"), (bare, (11, 12, ""), "part")], gold) == score(
        gold, gold
    )
    assert score([(PER, bare, "works"), (other, (11, 12, ""), "part")], gold)["relations_f"] == 0.5
    assert score([(bare, (0, 2, ""), "works")], gold)["relations_f"] == 0.0
    assert score([(bare, (0, 2, ""), "works")], gold[:1], ["works"])["relations_f"] == 1.0
    # one that is found is one found, also where gold has the words with two labels
    twice = [(PER, ORG, "works"), (PER, other, "works")]
    assert score([(PER, bare, "works")], twice)["relations_r"] == 0.5
    assert score([(PER, bare, "works"), (PER, bare, "works")], twice)["relations_p"] == 1.0


def test_a_pair_that_was_never_a_candidate_is_missed():
    assert score([], [(PER, ORG, "works")])["relations_r"] == 0.0


def test_what_is_not_annotated_is_left_out():
    scores = score([(PER, ORG, "works")], None)
    assert set(scores.values()) == {None}
    assert score([(PER, ORG, "works")], [])["relations_p"] == 0.0
    assert set(score([], []).values()) == {None}
    assert set(score_relations([]).values()) == {None}


def test_other_words_are_compared_by_characters():
    gold = Doc(NLP.vocab, words=["New", "York", "in", "US"])
    gold._.relations = [Relation(gold[0:2], gold[3:4], "in"), Relation(gold[0:1], gold[3:4], "in")]
    found = Doc(NLP.vocab, words=["New York", "in", "U", "S"], spaces=[True, True, False, False])
    found._.relations = [
        Relation(found[0:1], found[2:4], "in"),
        Relation(found[0:1], found[2:3], "in"),
    ]
    gold_text = Doc(NLP.vocab, words=["New", "York", "in", "US"], spaces=[True, True, True, False])
    gold_text._.relations = [
        Relation(gold_text[r.head.start : r.head.end], gold_text[3:4], "in")
        for r in gold._.relations
    ]
    scores = score_relations([Example(found, gold_text)])
    assert (scores["relations_p"], scores["relations_r"]) == (0.5, 0.5)


def test_the_registered_scorer_takes_the_components_settings():
    example = Example(make_doc([(ORG, PER, "near")]), make_doc([(PER, ORG, "near")]))
    scorer = make_relation_scorer()
    assert scorer([example], symmetric=["near"], labels=("near",))["relations_f"] == 1.0
    assert scorer([example])["relations_f"] == 0.0


spans = st.sampled_from([PER, ORG, LOC, FAR, (0, 2, "ORG"), (0, 12, "ORG")])
triples = st.lists(st.tuples(spans, spans, st.sampled_from(["a", "b"])), max_size=8)


@settings(max_examples=60, deadline=None)
@given(documents=st.lists(st.tuples(triples, triples), min_size=1, max_size=3))
def test_counts_are_those_of_sets(documents):
    examples = [Example(make_doc(predicted), make_doc(gold)) for predicted, gold in documents]
    scores = score_relations(examples)
    predicted = {(i, *t) for i, (found, _) in enumerate(documents) for t in found}
    gold = {(i, *t) for i, (_, wanted) in enumerate(documents) for t in wanted}
    if predicted or gold:
        assert scores["relations_p"] == len(predicted & gold) / max(1, len(predicted))
        assert scores["relations_r"] == len(predicted & gold) / max(1, len(gold))
        buckets = scores["relations_per_distance"].values()
        assert sum(b["n_gold"] for b in buckets) == len(gold)
        assert sum(b["n_predicted"] for b in buckets) == len(predicted)
    else:
        assert scores["relations_f"] is None
