"""Gold relations, found pair by pair on other words than their own."""

import pytest
import spacy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_spanbert import Relation
from spacy_spanbert.annotations.gold_spans import gold_spans_on
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pipeline.relation_gold import gold_pairs, gold_rows, training_spans

NLP = spacy.blank("en")
WORDS = ["Anna", "-", "Maria", "lives", "in", "New", "York", "."]
SPACES = [False, False, True, True, True, True, False, False]
SPANS = [(0, 3, "PER"), (0, 1, "PER"), (5, 7, "GPE"), (6, 7, "GPE")]


def gold(triples, spans=SPANS) -> Doc:
    doc = Doc(NLP.vocab, words=WORDS, spaces=SPACES)
    made = [Span(doc, *span) for span in spans]
    doc.spans["sc"] = made
    doc._.relations = [Relation(made[h], made[t], label) for h, t, label in triples]
    return doc


def predicted(words, spans=()) -> Doc:
    text = gold([]).text
    spaces, at = [], 0
    for word in words:
        at = text.index(word, at) + len(word)
        spaces.append(text[at : at + 1] == " ")
    doc = Doc(NLP.vocab, words=words, spaces=spaces)
    doc.spans["sc"] = [Span(doc, *span) for span in spans]
    return doc


def test_arguments_are_found_on_other_words():
    words = ["Anna-Maria", "lives", "in", "New", "Yo", "rk", "."]
    example = Example(predicted(words), gold([(0, 2, "in"), (1, 2, "in"), (0, 3, "in")]))
    spans = gold_spans_on(example.predicted, example.reference, "sc")
    assert [(s.start, s.end, s.label_) for s in spans] == [
        (0, 1, "PER"),
        (3, 6, "GPE"),
        (4, 6, "GPE"),
    ]
    found = gold_pairs(example, spans)
    assert found.pairs == [(0, 1, "in"), (0, 2, "in")]
    # "Anna" ends inside a predicted word: that relation alone is lost
    assert [(r.head.text, r.tail.text) for r in found.misaligned] == [("Anna", "New York")]


def test_a_predicted_span_of_another_label_is_the_argument_if_there_is_no_other():
    example = Example(
        predicted(WORDS, [(0, 3, "ORG"), (5, 7, "ORG"), (5, 7, "GPE")]), gold([(0, 2, "in")])
    )
    spans = list(example.predicted.spans["sc"])
    assert gold_pairs(example, spans).pairs == [(0, 2, "in")]


def test_an_argument_that_is_no_span_is_told():
    example = Example(predicted(WORDS, [(0, 3, "PER")]), gold([(0, 2, "in")]))
    found = gold_pairs(example, list(example.predicted.spans["sc"]))
    assert found.pairs == []
    assert [r.label for r in found.without_span] == ["in"]


def test_symmetric_relations_are_gold_both_ways_and_repetitions_once():
    example = Example(
        predicted(WORDS, SPANS), gold([(0, 2, "near"), (2, 0, "near"), (0, 2, "in"), (0, 2, "in")])
    )
    spans = list(example.predicted.spans["sc"])
    assert gold_pairs(example, spans, {"near"}).pairs == [
        (0, 2, "near"),
        (2, 0, "near"),
        (0, 2, "in"),
    ]


pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), unique=True, max_size=20)


@settings(max_examples=100, deadline=None)
@given(candidates=pairs, wanted=pairs, data=st.data())
def test_gold_is_looked_up_among_the_candidates(candidates, wanted, data):
    names = [data.draw(st.sampled_from(["a", "b", "unknown"])) for _ in wanted]
    triples = [(h, t, name) for (h, t), name in zip(wanted, names, strict=True)]
    heads, tails = (
        torch.tensor([pair[side] for pair in candidates], dtype=torch.long) for side in (0, 1)
    )
    rows, labels = gold_rows(triples, heads, tails, {"a": 0, "b": 1})
    expected = [
        (candidates.index((h, t)), "ab".index(name))
        for h, t, name in triples
        if (h, t) in candidates and name != "unknown"
    ]
    assert list(zip(rows.tolist(), labels.tolist(), strict=True)) == expected


class TestTrainingSpans:
    def spans(self, example, share):
        found = training_spans(example, "sc", share, "spanbert_relations")
        return found if found is None else [(s.start, s.end) for s in found]

    def test_gold_or_predicted_or_a_mixture(self):
        example = Example(predicted(WORDS, [(3, 4, "X")]), gold([]))
        everything = [(0, 3), (0, 1), (5, 7), (6, 7)]
        assert self.spans(example, 1.0) == everything
        assert self.spans(example, 0.0) == [(3, 4)]
        drawn = [len(self.spans(example, 0.25)) for _ in range(400)]
        assert 60 < drawn.count(len(everything)) < 140
        assert set(drawn) == {1, len(everything)}

    def test_a_doc_without_annotation_teaches_nothing(self):
        reference = gold([])
        for key in ("relations.heads", "relations.tails"):
            del reference.spans[key]
        assert self.spans(Example(predicted(WORDS, SPANS), reference), 1.0) is None

    def test_gold_without_spans_uses_those_of_the_predicted_doc_or_is_refused(self):
        reference = gold([(0, 2, "in")])
        del reference.spans["sc"]
        assert self.spans(Example(predicted(WORDS, [(3, 4, "X")]), reference), 1.0) == [(3, 4)]
        bare = Doc(NLP.vocab, words=WORDS, spaces=SPACES)
        with pytest.raises(SpanbertError, match=r"no spans that they could join.*without relation"):
            self.spans(Example(bare, reference), 1.0)

    def test_predicted_spans_that_nobody_sets_are_asked_for(self):
        bare = Doc(NLP.vocab, words=WORDS, spaces=SPACES)
        with pytest.raises(SpanbertError, match=r"annotating_components, or set .*gold_share = 1"):
            self.spans(Example(bare, gold([])), 0.0)
