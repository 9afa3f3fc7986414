import itertools
from collections import Counter
from pathlib import Path

import pytest
import spacy
import srsly
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_spanbert.annotations.coverage import choose_max_length, span_coverage
from spacy_spanbert.annotations.coverage_counts import LIMITS, REASONS
from spacy_spanbert.errors import SpanbertError

VOCAB = spacy.blank("en").vocab
LITBANK = Path(__file__).parents[2] / "assets" / "litbank"
TEXT = "abcdefghijkl"


def make_doc(n_words, spans=(), *, sentences=None, spaces=None):
    words = [f"w{i}" for i in range(n_words)]
    starts = None if sentences is None else [i in sentences for i in range(n_words)]
    doc = Doc(VOCAB, words=words, spaces=spaces, sent_starts=starts)
    doc.spans["sc"] = [Span(doc, start, end, label) for start, end, label in spans]
    return doc


def cut_text(cuts):
    """Cut TEXT into words without spaces at these characters."""
    borders = sorted({0, len(TEXT), *cuts})
    return Doc(
        VOCAB,
        words=[TEXT[low:high] for low, high in itertools.pairwise(borders)],
        spaces=[False] * (len(borders) - 1),
    )


def reasons_of(coverage):
    return {reason: counts.total() for reason, counts in coverage.unreachable.items() if counts}


@st.composite
def examples(draw):
    cuts = st.sets(st.integers(1, len(TEXT) - 1))
    predicted, reference = cut_text(draw(cuts)), cut_text(draw(cuts))
    for start in draw(st.sets(st.integers(1, len(TEXT) - 1), max_size=3)):
        if start < len(predicted):
            predicted[start].is_sent_start = True
    edges = st.integers(0, len(reference))
    spans = draw(st.lists(st.tuples(edges, edges, st.sampled_from("AB")), max_size=8))
    reference.spans["sc"] = [Span(reference, *sorted(span[:2]), span[2]) for span in spans]
    return Example(predicted, reference)


@settings(deadline=None)
@given(examples(), st.none() | st.integers(1, 12), st.booleans(), st.booleans())
def test_reasons_equal_those_found_span_by_span(example, max_length, cross_sentences, multilabel):
    coverage = span_coverage([example], "sc", max_length, cross_sentences, "any", multilabel)
    predicted = example.predicted
    expected: dict[str, Counter] = {reason: Counter() for reason in REASONS}
    seen = {}
    for gold in example.reference.spans["sc"]:
        seen.setdefault((gold.start, gold.end, gold.label_), gold)
    labelled = set()
    for (start, end, label), gold in sorted(seen.items(), key=lambda item: item[0][2]):
        found = predicted.char_span(gold.start_char, gold.end_char)
        if start == end:
            expected["empty"][label] += 1
        elif found is None:
            expected["misaligned"][label] += 1
        elif (
            not cross_sentences
            and predicted.has_annotation("SENT_START")
            and any(word.is_sent_start for word in found[1:])
        ):
            expected["crosses_sentence"][label] += 1
        elif not multilabel and (start, end) in labelled:
            expected["second_label"][label] += 1
        elif max_length is not None and len(found) > max_length:
            expected["too_long"][label] += 1
            labelled.add((start, end))
        else:
            labelled.add((start, end))
    assert coverage.unreachable == expected
    assert coverage.n_spans == len(seen)
    assert coverage.n_duplicates == len(example.reference.spans["sc"]) - len(seen)


@settings(deadline=None)
@given(examples(), st.none() | st.integers(1, 12), st.sampled_from(["any", "nested", "flat"]))
def test_the_counts_agree_with_one_another(example, max_length, overlap):
    coverage = span_coverage([example], "sc", max_length, False, overlap)
    assert coverage.by_label.total() == coverage.by_length.total() == coverage.n_spans
    assert coverage.reachable_at[max_length] + coverage.n_unreachable == coverage.n_spans
    for reason in REASONS:
        by_length = coverage.unreachable_by_length[reason]
        assert coverage.unreachable[reason].total() == by_length.total()
    reachable = [coverage.reachable_at[limit] for limit in LIMITS]
    assert overlap == "nested" or reachable == sorted(reachable)
    n_long_enough = coverage.lengths.total() - coverage.unreachable["crossing"].total()
    assert max_length is not None or coverage.reachable_at[None] == n_long_enough


@settings(deadline=None)
@given(examples())
def test_flat_keeps_as_many_gold_spans_as_any_choice_could(example):
    doc = example.reference
    spans = list({(span.start, span.end, span.label_) for span in doc.spans["sc"] if len(span)})
    most = max(
        len(chosen)
        for size in range(len(spans) + 1)
        for chosen in itertools.combinations(spans, size)
        if not any(a[0] < b[1] and b[0] < a[1] for a, b in itertools.combinations(chosen, 2))
    )
    coverage = span_coverage([doc], "sc", None, True, "flat")
    assert coverage.reachable_at[None] == most


def test_each_reason_is_counted_by_label_and_length():
    doc = make_doc(
        9,
        [(0, 6, "LONG"), (0, 1, "OK"), (1, 3, "OK"), (2, 4, "CROSSES"), (5, 7, "OVER")],
        sentences={0, 6},
    )
    coverage = span_coverage([doc], "sc", 3, overlap="nested")
    assert {key: dict(counts) for key, counts in coverage.unreachable.items() if counts} == {
        "crosses_sentence": {"OVER": 1},
        "too_long": {"LONG": 1},
        "crossing": {"CROSSES": 1},
    }
    assert coverage.unreachable_by_length["too_long"] == {6: 1}
    assert coverage.lengths == {6: 1, 1: 1, 2: 2}
    assert coverage.recall_ceiling(3) == 0.4
    # 1: one span; 2 to 5: two of the three that are that short; 6: the long one too
    assert [coverage.reachable_at[limit] for limit in LIMITS[:5]] == [1, 2, 2, 2, 3]


def test_a_span_that_is_too_long_does_not_push_out_those_it_crosses():
    doc = make_doc(12, [(0, 10, "A"), (9, 11, "A")])
    assert reasons_of(span_coverage([doc], "sc", 5, overlap="nested")) == {"too_long": 1}
    assert reasons_of(span_coverage([doc], "sc", 10, overlap="nested")) == {"crossing": 1}


def test_sentence_boundaries_restrict_nothing_where_spans_may_cross_them():
    doc = make_doc(4, [(1, 3, "A")], sentences={0, 2})
    assert reasons_of(span_coverage([doc], "sc", None)) == {"crosses_sentence": 1}
    assert reasons_of(span_coverage([doc], "sc", None, cross_sentences=True)) == {}


def test_the_sentences_of_an_example_are_those_of_its_predicted_doc():
    gold = make_doc(4, [(1, 3, "A")], sentences={0, 2})
    assert reasons_of(span_coverage([Example(make_doc(4), gold)], "sc", None)) == {}
    predicted = make_doc(4, sentences={0, 2})
    assert reasons_of(span_coverage([Example(predicted, gold)], "sc", None)) == {
        "crosses_sentence": 1
    }


def test_spans_inside_another_are_counted_in_the_gold_words():
    doc = make_doc(6, [(0, 4, "A"), (0, 2, "A"), (0, 2, "B"), (5, 6, "A")])
    assert span_coverage([doc], "sc", None).n_inside == 2


def test_docs_without_the_key_are_counted_apart():
    doc = make_doc(3, [(0, 1, "A")])
    del doc.spans["sc"]
    coverage = span_coverage([doc, make_doc(3)], "sc", None)
    assert (coverage.n_docs, coverage.n_docs_without_key, coverage.n_spans) == (1, 1, 0)


def test_an_empty_corpus_gives_counts_of_zero_and_no_ceiling():
    coverage = span_coverage([], "sc", 5)
    assert (coverage.n_docs, coverage.n_spans, coverage.n_unreachable) == (0, 0, 0)
    assert coverage.recall_ceiling(5) is None


def test_coverage_can_be_written_as_json():
    doc = make_doc(40, [(0, 10, "B"), (0, 2, "A"), (0, 35, "A")])
    written = srsly.json_loads(srsly.json_dumps(span_coverage([doc], "sc", 10).to_dict()))
    assert written["by_length"] == {"2": 1, "10": 1, "35": 1}
    assert list(written["by_length"]) == ["2", "10", "35"]
    assert written["unreachable"]["too_long"] == {"A": 1}
    assert [row["max_length"] for row in written["reachable_at"]] == [
        *(1, 2, 3, 5, 8, 10, 12, 16, 20, 30, None)
    ]
    assert written["reachable_at"][-1] == {"max_length": None, "n_spans": 3, "recall_ceiling": 1.0}


def test_a_max_length_below_one_is_refused():
    with pytest.raises(SpanbertError, match="max_length must be 1 or more; got 0"):
        span_coverage([], "sc", 0)


def test_an_unknown_overlap_is_refused_even_for_an_empty_corpus():
    with pytest.raises(SpanbertError, match="overlap must be one of any, nested, flat"):
        span_coverage([], "sc", 1, overlap="all")


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=300), st.floats(0.01, 1))
def test_the_chosen_length_is_the_smallest_that_reaches_the_share(lengths, reachable):
    def share(limit):
        return sum(length <= limit for length in lengths) / len(lengths)

    chosen = choose_max_length(lengths, reachable)
    assert share(chosen) >= reachable - 1e-8
    assert chosen == 1 or share(chosen - 1) < reachable


def test_a_share_that_falls_on_a_whole_number_of_spans_needs_no_more():
    assert choose_max_length([1] * 199 + [50], 0.995) == 1
    assert choose_max_length([1] * 198 + [50] * 2, 0.995) == 50


def test_without_lengths_the_default_is_chosen():
    assert choose_max_length([]) == 8


@pytest.mark.parametrize("reachable", [0, -1, 1.01])
def test_a_share_out_of_range_is_refused(reachable):
    with pytest.raises(SpanbertError, match="above 0 and at most 1"):
        choose_max_length([1], reachable)


@pytest.mark.parametrize(
    ("part", "n_spans", "n_inside", "longest"),
    [("train", 11164, 1760, 78), ("dev", 1422, 210, 129)],
)
def test_litbank_has_the_spans_its_readme_states(part, n_spans, n_inside, longest):
    docs = []
    for record in srsly.read_jsonl(LITBANK / f"{part}.jsonl"):
        doc = Doc(VOCAB, words=record["tokens"], spaces=record["spaces"])
        doc.spans["sc"] = [Span(doc, s["start"], s["end"], s["label"]) for s in record["spans"]]
        docs.append(doc)
    coverage = span_coverage(docs, "sc", None, overlap="nested")
    assert (coverage.n_spans, coverage.n_inside) == (n_spans, n_inside)
    assert max(coverage.by_length) == longest
    assert coverage.n_unreachable == 0  # the README: no crossing spans
    nlp = spacy.blank("en")
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    misaligned = span_coverage(examples, "sc", None).unreachable["misaligned"].total()
    assert 0 < misaligned / n_spans < 0.02  # the README: 0.6 % of both parts
