"""Scores of boundaries, and of how many there are."""

import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_spanbert.training.candidate_scorer import score_candidates

VOCAB = Vocab()


def make_example(found, gold, n_words=6, found_key="candidates", gold_key="sc") -> Example:
    predicted, reference = (Doc(VOCAB, words=["x"] * n_words) for _ in range(2))
    if found is not None:
        predicted.spans[found_key] = [Span(predicted, *span) for span in found]
    if gold is not None:
        reference.spans[gold_key] = [Span(reference, *span) for span in gold]
    return Example(predicted, reference)


def test_boundaries_are_compared_whatever_the_labels_and_each_once():
    found = [(0, 2), (0, 3), (4, 5), (4, 5, "B")]
    gold = [(0, 2, "A"), (0, 2, "B"), (4, 5, "A"), (5, 6, "A"), (1, 6, "A")]
    scores = score_candidates([make_example(found, gold), make_example([], [], 4)])
    assert scores == {
        "spans_candidates_p": pytest.approx(2 / 3),
        "spans_candidates_r": pytest.approx(2 / 4),
        "spans_candidates_f": pytest.approx(4 / 7),
        "spans_candidates_per_word": pytest.approx(3 / 10),
    }


def test_the_keys_are_those_of_the_component():
    example = make_example([(0, 1)], [(0, 1, "A")], found_key="mine", gold_key="gold")
    scorer = spacy.registry.scorers.get("spacy-spanbert.candidate_scorer.v1")()
    scores = scorer([example], spans_key="mine", training_key="gold", labels=[], threshold=0.1)
    assert scores["spans_mine_f"] == 1.0
    assert set(scores) == {f"spans_mine_{name}" for name in ("p", "r", "f", "per_word")}


def test_docs_without_annotation_are_left_out():
    bare, annotated = make_example([(0, 1)], None), make_example(None, [(0, 1)])
    assert set(score_candidates([bare]).values()) == {None}
    assert set(score_candidates([]).values()) == {None}
    assert set(score_candidates([bare, annotated]).values()) == {0.0}


def test_spans_that_do_not_fit_the_gold_words_are_wrong_and_gold_that_does_not_fit_is_missed():
    predicted = Doc(VOCAB, words=["New", "Yorkers", "left"])
    reference = Doc(VOCAB, words=["New", "York", "ers", "left"], spaces=[True, False, True, False])
    predicted.spans["candidates"] = [predicted[0:2], predicted[1:2]]
    reference.spans["sc"] = [reference[0:3], reference[0:2]]
    scores = score_candidates([Example(predicted, reference)])
    assert scores["spans_candidates_p"] == scores["spans_candidates_r"] == 0.5
    assert scores["spans_candidates_per_word"] == pytest.approx(2 / 3)


def test_spans_without_words_are_neither_found_nor_missed():
    found, gold = [(0, 2), (4, 5)], [(0, 2, "A"), (5, 6, "A")]
    without = score_candidates([make_example(found, gold)])
    empty = [(0, 0), (2, 2), (6, 6)]
    gold_too = [(*span, "A") for span in empty]
    assert score_candidates([make_example(found, gold + gold_too)]) == without
    assert score_candidates([make_example(found + empty, gold)])["spans_candidates_p"] == 0.5
    assert score_candidates([make_example(found + empty, gold + gold_too)])[
        "spans_candidates_f"
    ] == pytest.approx(without["spans_candidates_f"])
    # annotated, with nothing that could be found
    assert score_candidates([make_example(found, gold_too)])["spans_candidates_p"] == 0.0
    assert score_candidates([make_example([], gold_too)])["spans_candidates_r"] is None
