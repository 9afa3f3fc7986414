import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.annotations.positions import WordPositions
from spacy_spanbert.training.span_counts import LENGTH_BUCKETS, SpanCounts, Tally, length_bucket

N_WORDS = 30
WORDS = WordPositions([10 * i for i in range(N_WORDS)], [10 * i + 9 for i in range(N_WORDS)])
LENGTHS = [(1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 10**6)]


def on_word_borders(spans):
    return {(WORDS.starts[s], WORDS.ends[e - 1], label) for s, e, label in spans}


spans_of_words = st.sets(
    st.tuples(st.integers(0, 9), st.integers(1, 20), st.sampled_from("AB")), max_size=10
).map(lambda triples: {(start, start + length, label) for start, length, label in triples})


def covered(span, spans):
    return any(
        other[:2] != span[:2] and other[0] <= span[0] and span[1] <= other[1] for other in spans
    )


def covering(span, spans):
    return any(covered(other, {span}) for other in spans)


def tally_of(predicted, gold, is_of_kind):
    chosen = [span for span in predicted if is_of_kind(span, predicted)]
    chosen_gold = [span for span in gold if is_of_kind(span, gold)]
    return Tally(
        len(chosen),
        sum(span in gold for span in chosen),
        len(chosen_gold),
        sum(span in predicted for span in chosen_gold),
    )


@settings(deadline=None)
@given(spans_of_words, spans_of_words)
def test_counts_equal_those_by_definition(predicted, gold):
    counts = SpanCounts()
    counts.add(on_word_borders(predicted), on_word_borders(gold), WORDS)
    assert counts.overall == tally_of(predicted, gold, lambda span, spans: True)
    assert counts.inside == tally_of(predicted, gold, covered)
    assert counts.containing == tally_of(predicted, gold, covering)
    for label in "AB":
        by_label = tally_of(predicted, gold, lambda span, _, label=label: span[2] == label)
        assert counts.per_label[label] == by_label
    for name, (low, high) in zip(LENGTH_BUCKETS, LENGTHS, strict=True):
        by_length = tally_of(
            predicted, gold, lambda s, _, low=low, high=high: low <= s[1] - s[0] <= high
        )
        assert counts.per_length[name] == by_length
    gold_boundaries = {span[:2] for span in gold}
    placed = [span for span in predicted if span[:2] in gold_boundaries]
    assert counts.n_right_boundaries == len(placed)
    assert counts.n_right_labels == sum(span in gold for span in placed)
    boundaries = {span[:2] for span in predicted}
    n_shared = len(boundaries & gold_boundaries)
    assert counts.boundaries == Tally(len(boundaries), n_shared, len(gold_boundaries), n_shared)


def test_a_prediction_that_cuts_words_has_the_length_of_the_words_it_touches():
    counts = SpanCounts()
    counts.add({(5, 22, "A")}, set(), WORDS)  # within word 0 to within word 2
    assert dict(counts.per_length) == {"3-4": Tally(n_predicted=1)}


def test_words_that_only_touch_a_span_do_not_lengthen_it():
    counts = SpanCounts()
    without_spaces = WordPositions([0, 3, 4], [3, 4, 8])
    counts.add({(3, 4, "A")}, set(), without_spaces)
    assert dict(counts.per_length) == {"1": Tally(n_predicted=1)}


def test_documents_add_up():
    counts = SpanCounts()
    for _ in range(3):
        counts.add({(0, 9, "A")}, {(0, 9, "A"), (0, 9, "B")}, WORDS)
    assert counts.overall == Tally(n_predicted=3, n_right=3, n_gold=6, n_found=3)


@pytest.mark.parametrize(
    ("tally", "scores"),
    [
        (Tally(), {"p": None, "r": None, "f": None}),
        (Tally(n_predicted=4), {"p": 0.0, "r": 0.0, "f": 0.0}),
        (Tally(n_gold=4), {"p": 0.0, "r": 0.0, "f": 0.0}),
        (Tally(n_predicted=2, n_right=1, n_gold=4, n_found=4), {"p": 0.5, "r": 1.0, "f": 2 / 3}),
    ],
)
def test_precision_recall_and_their_harmonic_mean(tally, scores):
    assert tally.to_dict() == scores


@pytest.mark.parametrize(
    ("n_words", "bucket"),
    [(0, "1"), (1, "1"), (2, "2"), (3, "3-4"), (4, "3-4"), (5, "5-8"), (16, "9-16"), (17, "17+")],
)
def test_lengths_fall_into_their_bucket(n_words, bucket):
    assert length_bucket(n_words) == bucket
