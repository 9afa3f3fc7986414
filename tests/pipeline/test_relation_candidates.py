"""Which pairs are scored: against looking at every two spans."""

import pickle
from itertools import permutations

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span
from spacy.util import registry

import spacy_spanbert.pipeline.relation_candidates as candidates_module
from spacy_spanbert.annotations.gold_spans import distinct_spans
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pipeline.relation_arguments import pair_blocks, to_arguments
from spacy_spanbert.pipeline.relation_candidates import make_relation_candidates

NLP = spacy.blank("en")
N_WORDS = 24
SEEN = {("A", "B"), ("B", "B")}


def make_doc(sent_starts=(), spans=()) -> tuple[Doc, list[Span]]:
    flags = [i in sent_starts for i in range(N_WORDS)] if sent_starts else None
    doc = Doc(NLP.vocab, words=["word"] * N_WORDS, sent_starts=flags)
    return doc, distinct_spans(Span(doc, *span) for span in spans)


def every_pair(candidates, doc, spans, seen=SEEN) -> list[tuple[int, int]]:
    blocks = [zip(h.tolist(), t.tolist(), strict=True) for h, t in candidates(doc, spans, seen)]
    return [pair for block in blocks for pair in block]


def naive_pairs(doc, spans, *, max_distance, sentences, label_pairs, nested):
    pairs = []
    for i, j in permutations(range(len(spans)), 2):
        head, tail = spans[i], spans[j]
        first, second = sorted((head, tail), key=lambda span: (span.start, -span.end))
        if max_distance is not None and second.start - first.end > max_distance:
            continue
        if sentences is not None and doc.has_annotation("SENT_START"):
            n_starts = sum(
                bool(doc[word].is_sent_start) for word in range(first.end, second.start + 1)
            )
            if n_starts > sentences:
                continue
        if label_pairs != "any":
            allowed = SEEN if label_pairs == "seen" else {tuple(pair) for pair in label_pairs}
            if not any(head.label_ in ("", a) and tail.label_ in ("", b) for a, b in allowed):
                continue
        if not nested and second.start < first.end:
            continue
        pairs.append((i, j))
    return pairs


drawn_spans = st.lists(
    st.tuples(
        st.integers(0, N_WORDS - 1), st.integers(1, 7), st.sampled_from(["A", "B", "C", ""])
    ).map(lambda s: (s[0], min(s[0] + s[1], N_WORDS), s[2])),
    max_size=9,
)


@settings(max_examples=150, deadline=None)
@given(
    spans=drawn_spans,
    sent_starts=st.sampled_from([(), (0, 10), (0, 5, 6, 15)]),
    max_distance=st.sampled_from([None, 0, 1, 4]),
    sentences=st.sampled_from([None, 0, 1]),
    label_pairs=st.sampled_from(["any", "seen", [["A", "C"], ["C", "A"]]]),
    nested=st.booleans(),
    block=st.sampled_from([1, 5, 16_384]),
)
def test_the_pairs_are_those_of_looking_at_every_two(spans, sent_starts, block, **settings):
    doc, made = make_doc(sent_starts, spans)
    usual, candidates_module.BLOCK_PAIRS = candidates_module.BLOCK_PAIRS, block
    try:
        found = every_pair(make_relation_candidates(**settings), doc, made)
    finally:
        candidates_module.BLOCK_PAIRS = usual
    assert sorted(found) == naive_pairs(doc, made, **settings)


def test_the_cost_is_that_of_the_pairs_within_reach():
    """Ten thousand spans side by side: all pairs would be a hundred million."""
    doc = Doc(NLP.vocab, words=["word"] * 10_000)
    spans = [Span(doc, i, i + 1, "A") for i in range(len(doc))]
    sizes = []
    candidates = make_relation_candidates(max_distance=3, label_pairs="any")
    for heads, _ in candidates(doc, spans, set()):
        sizes.append(len(heads))
    assert sum(sizes) == 2 * (4 * 10_000 - 10)
    assert max(sizes) <= 2 * candidates_module.BLOCK_PAIRS


def test_pairs_of_many_docs_are_put_together_and_counted_on():
    docs, spans = zip(*[make_doc(spans=[(0, 1, "A"), (2, 3, "B")]) for _ in range(3)], strict=True)
    empty = Doc(NLP.vocab)
    candidates = make_relation_candidates(label_pairs="any")
    blocks = list(pair_blocks([*docs, empty], [*spans, []], candidates, set()))
    ((heads, tails),) = blocks
    assert heads.tolist() == [0, 1, 2, 3, 4, 5]
    assert tails.tolist() == [1, 0, 3, 2, 5, 4]
    arguments = to_arguments([*docs, empty], [*spans, []], {"B": 1})
    assert arguments.starts.tolist() == [0, 2, 24, 26, 48, 50]
    assert arguments.labels.tolist() == [0, 1] * 3
    assert arguments.floors.tolist() == [0, 0, 24, 24, 48, 48]
    assert arguments.ceilings.tolist() == [24, 24, 48, 48, 72, 72]


@pytest.mark.parametrize("label_pairs", ["any", "seen", [["A", "C"], ["C", "A"]]])
def test_pickled_for_another_process_it_chooses_the_same_pairs(label_pairs):
    doc, spans = make_doc((0, 10), [(i, i + 1 + i % 3, "ABC"[i % 3]) for i in range(0, 20, 2)])
    values = {"max_distance": 4, "sentences": 0, "label_pairs": label_pairs, "nested": False}
    candidates = make_relation_candidates(**values)
    other = pickle.loads(pickle.dumps(candidates))
    assert other == candidates
    pairs = every_pair(other, doc, spans)
    assert sorted(pairs) == naive_pairs(doc, spans, **values)
    assert pairs


def test_spans_are_taken_once_and_in_order():
    doc, _ = make_doc()
    spans = [(3, 4, "A"), (0, 2, "A"), (0, 5, "B"), (3, 4, "A"), (3, 4, "B"), (2, 2, "A")]
    found = distinct_spans(Span(doc, *span) for span in spans)
    expected = [(0, 5, "B"), (0, 2, "A"), (3, 4, "A"), (3, 4, "B")]
    assert [(span.start, span.end, span.label_) for span in found] == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_distance": -1}, "max_distance of relation_candidates is -1"),
        ({"sentences": -2}, "sentences of relation_candidates is -2"),
        ({"label_pairs": "all"}, 'label_pairs .* is \'all\', expected "seen", "any" or a list'),
        ({"label_pairs": []}, r"is \[\], expected .* a list of pairs of labels, one or more, such"),
        ({"label_pairs": ["AB", "CD"]}, "is \\['AB', 'CD'\\], expected .* such as"),
        ({"label_pairs": [["A"]]}, "expected .* pairs of labels, one or more, such as"),
        ({"label_pairs": [["A", 5]]}, "expected .* pairs of labels, one or more, such as"),
        ({"label_pairs": None}, "is None, expected"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, message):
    with pytest.raises(SpanbertError, match=message):
        make_relation_candidates(**settings)
    # through a config too, where pydantic would say less
    with pytest.raises(SpanbertError, match=message):
        registry.resolve({"it": {"@misc": "spacy-spanbert.relation_candidates.v1", **settings}})


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([([0], [1])], r"a list, \[0\] and a list, \[1\]\. Expected"),
        ([(np.array([0, 0]), np.array([1, 2]))], r"int64 from 1 to 2, shape \(2,\)\. Expected"),
        ([(np.array([0]), np.array([-1]))], "from -1 to -1"),
        ([(np.array([0.0]), np.array([1.0]))], "float64 from 0.0 to 0.0"),
        ([(np.array([[0]]), np.array([[1]]))], r"shape \(1, 1\)"),
        ([(np.array([True]), np.array([False]))], "an array of bool, shape"),
        ([(np.array([0, 1]), np.array([1]))], "2 heads and 1 tails"),
        ((np.array([0, 1]), np.array([1, 0])), r"yields, of the Doc '.*', an array of int64"),
        (None, r"a NoneType, None\. Expected .* positions among the 2 spans, 0 to 1, as in `yield"),
    ],
)
def test_what_a_function_of_ones_own_yields_is_checked(blocks, message):
    """A position behind the last span would be a span of the next Doc."""

    def of_ones_own(doc, spans, seen):
        del doc, spans, seen
        return blocks

    doc, spans = make_doc(spans=[(0, 1, "A"), (2, 3, "B")])
    with pytest.raises(SpanbertError, match=rf"function .*of_ones_own .*{message}"):
        list(pair_blocks([doc, doc], [spans, spans], of_ones_own, set()))


def test_any_kind_of_whole_number_is_a_position_and_nothing_is_no_pair():
    doc, spans = make_doc(spans=[(0, 1, "A"), (2, 3, "B")])
    blocks = [
        (np.array([0], dtype=np.uint64), np.array([1], dtype=np.uint64)),
        (np.array([]), np.array([])),
        (np.array([1], dtype=np.int32), np.array([0], dtype=np.int32)),
    ]
    ((heads, tails),) = pair_blocks([doc], [spans], lambda *_: iter(blocks), set())
    assert (heads.tolist(), tails.tolist()) == ([0, 1], [1, 0])


def test_a_function_of_ones_own_chooses_pairs(tiny_bert):
    from tests.relation_pipeline import RELATED, bare_doc, make_relations_nlp

    @spacy.registry.misc("tests.first_pair.v1")
    def make_first_pair():
        def first_pair(doc, spans, seen):
            del doc, seen
            if len(spans) > 1:
                yield np.array([0]), np.array([1])

        return first_pair

    nlp = make_relations_nlp(tiny_bert, candidates={"@misc": "tests.first_pair.v1"}, threshold=0.0)
    for doc in nlp.pipe(bare_doc(nlp, related) for related in RELATED):
        expected = [tuple(doc.spans["sc"])] if len(doc.spans["sc"]) > 1 else []
        found = [(r.head, r.tail) for r in doc._.relations]
        assert [(h.start, t.start) for h, t in found] == [
            (h.start, t.start) for h, t in (distinct_spans(doc.spans["sc"])[:2] for _ in expected)
        ]
