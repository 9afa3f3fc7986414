"""Recall against the number of candidates, against counting spans one by one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.training.candidate_counts import CandidateCounts

VOCAB = Vocab()
N_WORDS = 6
SPANS = [(s, e) for s in range(N_WORDS) for e in range(s + 1, N_WORDS + 1)]
SCORES = st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 1.0])
# candidates with scores (some alike), and gold spans, for each Doc
CORPORA = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from(SPANS), SCORES, max_size=12),
        st.lists(st.tuples(st.sampled_from(SPANS), st.sampled_from("AB")), max_size=6),
    ),
    max_size=3,
)


def make_example(gold) -> Example:
    reference = Doc(VOCAB, words=["x"] * N_WORDS)
    reference.spans["sc"] = [Span(reference, *span, label=label) for span, label in gold]
    return Example(Doc(VOCAB, words=["x"] * N_WORDS), reference)


def count(corpus) -> CandidateCounts:
    counts = CandidateCounts()
    for candidates, gold in corpus:
        spans = sorted(candidates)
        columns = [[span[i] for span in spans] for i in (0, 1)]
        counts.add(make_example(gold), "sc", *columns, [candidates[span] for span in spans])
    return counts


def flatten(corpus):
    """(Doc, span) with score; those that are gold; their labels."""
    scores = {
        (i, span): score
        for i, (candidates, _) in enumerate(corpus)
        for span, score in candidates.items()
    }
    labels: dict = {}
    for i, (_, gold) in enumerate(corpus):
        for span, label in gold:
            labels.setdefault((i, span), set()).add(label)
    return scores, labels


def best_of_start(scores, top_k):
    kept = set()
    for doc, start in {(doc, span[0]) for doc, span in scores}:
        own = sorted(key for key in scores if key[0] == doc and key[1][0] == start)
        kept |= set(sorted(own, key=lambda key: -scores[key])[:top_k])
    return kept


@given(CORPORA, SCORES, st.sampled_from([None, 1, 2, 9]))
def test_what_a_threshold_and_a_top_k_leave_is_counted(corpus, threshold, top_k):
    scores, labels = flatten(corpus)
    kept = {key for key in best_of_start(scores, top_k) if scores[key] >= threshold}
    assert count(corpus).count(threshold, top_k) == (len(kept), len(kept & labels.keys()))


@given(CORPORA)
def test_a_curve_goes_through_the_points_of_all_thresholds(corpus):
    scores, labels = flatten(corpus)
    counts = count(corpus)
    curves = counts.curves(lambda gold: ["all", *gold.labels])
    assert ("all" in curves) == bool(labels)
    for name, curve in curves.items():
        chosen = {key for key, names in labels.items() if name == "all" or name in names}
        assert curve.n_gold == len(chosen)
        for threshold in [0.0, 0.125, 0.25, 0.5, 0.75, 1.0]:
            kept = {key for key in scores if scores[key] >= threshold}
            recall = curve.recall(len(kept) / counts.n_words)
            assert recall == pytest.approx(len(kept & chosen) / len(chosen))


@given(CORPORA)
def test_recall_rises_with_the_number_of_candidates_up_to_that_of_all(corpus):
    for curve in count(corpus).curves(lambda gold: ["all"]).values():
        recall = curve.recall(np.linspace(0, 5, 50))
        assert (np.diff(recall) >= 0).all()
        assert recall[0] == 0
        assert recall[-1] == curve.n_found[-1] / curve.n_gold <= 1


def test_of_candidates_alike_a_part_has_its_share_of_the_gold_spans():
    corpus = [
        ({(0, 1): 0.5, (1, 2): 0.5, (2, 3): 0.5, (3, 4): 0.5}, [((0, 1), "A"), ((1, 2), "A")])
    ]
    curve = count(corpus).curves(lambda gold: ["all"])["all"]
    assert curve.recall([n / N_WORDS for n in (0, 1, 2, 3, 4, 5)]) == pytest.approx(
        [0, 0.25, 0.5, 0.75, 1, 1]
    )


@given(CORPORA, st.sampled_from([0.1, 0.5, 0.9, 1.0]), st.sampled_from([None, 1, 2]))
def test_the_fitted_threshold_is_the_highest_with_the_recall(corpus, min_recall, top_k):
    counts = count(corpus)
    n_gold = len(counts.gold)
    if not n_gold or counts.count(0.0, top_k)[1] < min_recall * n_gold:
        with pytest.raises(SpanbertError, match=r"no gold spans|cannot be reached"):
            counts.fit_threshold(min_recall, top_k)
        return
    threshold = counts.fit_threshold(min_recall, top_k)
    assert counts.count(threshold, top_k)[1] >= min_recall * n_gold
    higher = [score for score in (0.125, 0.25, 0.5, 0.75, 1.0) if score > threshold]
    assert all(counts.count(score, top_k)[1] < min_recall * n_gold for score in higher)


@given(st.floats(2.0**-100, 1, width=32))
def test_a_threshold_has_three_digits_and_leaves_out_no_score_it_was_fitted_to(score):
    counts = count([({(0, 1): score}, [((0, 1), "A")])])
    threshold = counts.fit_threshold(1.0)
    assert counts.count(threshold) == (1, 1)
    assert score * 0.989 < threshold <= np.float32(score) * (1 + 1e-7)
    assert float(f"{threshold:.3g}") == threshold


def test_a_recall_that_cannot_be_reached_says_how_many_spans_can_be_found():
    counts = count([({(0, 1): 0.5}, [((0, 1), "A"), ((1, 2), "A")])])
    assert counts.fit_threshold(0.5) == 0.5
    with pytest.raises(SpanbertError, match=r"51\.0%.* of 2 gold spans 1 \(50\.0%\) .*coverage"):
        counts.fit_threshold(0.51)


def test_gold_spans_are_described_whatever_the_words_of_the_pipeline():
    reference = Doc(VOCAB, words=["New", "York", "ers", "left"], spaces=[True, False, True, False])
    spans = [(0, 4, "A"), (0, 2, "A"), (0, 3, "A"), (0, 3, "B"), (3, 4, "A")]
    reference.spans["sc"] = [Span(reference, *span) for span in spans]
    predicted = Doc(VOCAB, words=["New", "Yorkers", "left"])
    counts = CandidateCounts()
    counts.add(Example(predicted, reference), "sc", [0, 0, 2], [2, 3, 3], [0.25, 0.5, 0.75])
    found = {
        (gold.length, gold.depth, tuple(sorted(gold.labels))): (gold.score, gold.rank)
        for gold in counts.gold
    }
    missed = found.pop(("2", 2, ("A",)))  # "New York" ends inside a word
    assert math.isnan(missed[0]) and missed[1] == -1
    assert found == {
        ("3-4", 0, ("A",)): (0.5, 0),
        ("3-4", 1, ("A", "B")): (0.25, 1),
        ("1", 1, ("A",)): (0.75, 0),
    }
    assert (counts.n_docs, counts.n_words) == (1, 3)


def test_gold_spans_without_words_are_skipped():
    candidates = {(0, 3): 0.5, (1, 2): 0.25}
    gold = [((0, 3), "A"), ((1, 2), "B"), ((4, 6), "A")]
    empty = [((0, 0), "A"), ((1, 1), "C"), ((6, 6), "B")]
    expected, found = count([(candidates, gold)]), count([(candidates, empty + gold)])
    assert len(found.gold) == len(gold)
    for one, other in zip(found.gold, expected.gold, strict=True):
        assert repr(one) == repr(other)  # a NaN is not equal to itself
    # such a Doc is annotated, though there is nothing to find in it
    bare = count([(candidates, empty)])
    assert (bare.n_docs, bare.n_words, bare.gold) == (1, N_WORDS, [])
    assert bare.count(0.0) == (2, 0)


def test_docs_without_annotation_are_left_out_and_empty_ones_count():
    counts = CandidateCounts()
    bare = Doc(VOCAB, words=["x"])
    counts.add(Example(bare, Doc(VOCAB, words=["x"])), "sc", [0], [1], [0.5])
    assert counts.n_docs == len(counts.scores) == 0
    empty = Doc(VOCAB, words=[])
    empty.spans["sc"] = []
    counts.add(Example(Doc(VOCAB, words=[]), empty), "sc", [], [], [])
    assert (counts.n_docs, counts.n_words, counts.gold) == (1, 0, [])
    assert counts.curves(lambda gold: gold.labels) == {}
