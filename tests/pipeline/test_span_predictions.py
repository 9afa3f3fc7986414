"""From scores to spans, against going through every span and label one by one."""

from math import exp

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_spanbert.annotations.overlap import resolve_overlap
from spacy_spanbert.pipeline.span_predictions import (
    ScoredSpans,
    select_candidates,
    select_spans,
    split_by_doc,
    write_spans,
)

N_LABELS = 3
VOCAB = Vocab()


@st.composite
def blocks(draw: st.DrawFn, n_outputs: int):
    """Blocks of distinct spans with logits, as the scorer yields them."""
    keys = draw(st.sets(st.tuples(st.integers(0, 9), st.integers(1, 4)), max_size=12))
    value = st.floats(-4, 4, width=16).map(lambda x: x + 0.01)
    rows = [
        (*key, draw(st.lists(value, min_size=n_outputs, max_size=n_outputs, unique=True)))
        for key in sorted(keys)
    ]
    cut = draw(st.integers(0, len(rows)))
    return [
        (
            torch.tensor([start for start, _, _ in part], dtype=torch.long),
            torch.tensor([length for _, length, _ in part], dtype=torch.long),
            torch.tensor([logits for _, _, logits in part]).reshape(-1, n_outputs),
        )
        for part in (rows[:cut], rows[cut:])
    ]


def probabilities(logits: list[float], multilabel: bool) -> list[float]:
    """Of the labels, "none" left out."""
    if multilabel:
        return [1 / (1 + exp(-x)) for x in logits]
    total = sum(exp(x) for x in logits)
    return [exp(x) / total for x in logits[:-1]]


def one_by_one(blocks, threshold: float, multilabel: bool, max_positive: int | None):
    found = []
    for starts, lengths, logits in blocks:
        for start, length, row in zip(
            *(x.tolist() for x in (starts, lengths, logits)), strict=True
        ):
            scores = probabilities(row, multilabel)
            ranked = sorted(range(N_LABELS), key=lambda label: -scores[label])
            if not multilabel:
                ranked = ranked[:1]
            for label in ranked[:max_positive]:
                if scores[label] >= threshold:
                    found.append((start, start + length, label, scores[label]))
    return sorted(found)


def as_list(found: ScoredSpans):
    columns = (found.starts, found.ends, found.labels, found.scores)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def assert_same(found, expected):
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    np.testing.assert_allclose([r[3] for r in found], [r[3] for r in expected], rtol=1e-4)


@given(blocks(N_LABELS + 1), st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]))
def test_the_best_label_is_kept_if_it_is_probable_enough(blocks, threshold):
    found = select_spans(blocks, threshold=threshold, multilabel=False, max_positive=None)
    assert_same(as_list(found), one_by_one(blocks, threshold, False, None))


@given(blocks(N_LABELS), st.sampled_from([0.0, 0.3, 0.5]), st.sampled_from([None, 1, 2, 3, 9]))
def test_each_label_is_decided_by_itself_up_to_the_most_allowed(blocks, threshold, max_positive):
    found = select_spans(blocks, threshold=threshold, multilabel=True, max_positive=max_positive)
    assert_same(as_list(found), one_by_one(blocks, threshold, True, max_positive))


def test_a_label_is_written_although_none_is_more_probable():
    logits = torch.tensor([[1.0, -9.0, -9.0, 1.2]])
    block = (torch.tensor([0]), torch.tensor([1]), logits)
    found = select_spans([block], threshold=0.4, multilabel=False, max_positive=None)
    assert [row[:3] for row in as_list(found)] == [(0, 1, 0)]


def test_no_blocks_give_no_spans():
    found = select_spans([], threshold=0.0, multilabel=True, max_positive=None)
    assert as_list(found) == []
    assert found.starts.dtype == np.int64


@st.composite
def blocks_by_start(draw: st.DrawFn):
    """Blocks of one logit a span, all spans of a start in one block, some scores equal."""
    keys = sorted(draw(st.sets(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=15)))
    cut = draw(st.integers(0, 6))
    logits = {key: draw(st.sampled_from([-3.0, -1.0, 0.5, 0.75, 2.0])) for key in keys}
    parts = [[key for key in keys if key[0] < cut], [key for key in keys if key[0] >= cut]]
    return [
        (
            torch.tensor([start for start, _ in part], dtype=torch.long),
            torch.tensor([length for _, length in part], dtype=torch.long),
            torch.tensor([[logits[key]] for key in part]).reshape(-1, 1),
        )
        for part in parts
    ]


@given(blocks_by_start(), st.sampled_from([0.0, 0.3, 0.65]), st.sampled_from([None, 1, 2, 9]))
def test_of_the_candidates_of_each_start_the_best_probable_ones_are_kept(blocks, threshold, top_k):
    by_start: dict[int, list[tuple[float, int]]] = {}
    for starts, lengths, logits in blocks:
        for start, length, (logit,) in zip(
            *(x.tolist() for x in (starts, lengths, logits)), strict=True
        ):
            score = 1 / (1 + exp(-logit))
            if score >= threshold:
                by_start.setdefault(start, []).append((-score, length))
    expected = sorted(
        (start, start + length, 0, -score)
        for start, rows in by_start.items()
        for score, length in sorted(rows)[:top_k]
    )
    assert_same(as_list(select_candidates(blocks, threshold=threshold, top_k=top_k)), expected)


def make_docs(*lengths: int) -> list[Doc]:
    return [Doc(VOCAB, words=["x"] * n) for n in lengths]


def scored(*rows: tuple[int, int, int, float]) -> ScoredSpans:
    starts, ends, labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    return ScoredSpans(starts, ends, labels, scores.astype("f"))


@pytest.mark.parametrize("overlap", ["any", "nested", "flat"])
def test_each_doc_has_its_own_spans_counted_from_its_first_word(overlap):
    docs = make_docs(3, 0, 4)
    found = scored((0, 2, 0, 0.9), (1, 3, 1, 0.8), (3, 5, 0, 0.7), (3, 7, 1, 0.6), (4, 6, 2, 0.5))
    expected = {
        "any": [[(0, 2, 0), (1, 3, 1)], [], [(0, 2, 0), (0, 4, 1), (1, 3, 2)]],
        "nested": [[(0, 2, 0)], [], [(0, 2, 0), (0, 4, 1)]],
        "flat": [[(0, 2, 0)], [], [(0, 2, 0)]],
    }
    parts = split_by_doc(found, docs, overlap)
    assert [[row[:3] for row in as_list(part)] for part in parts] == expected[overlap]


@given(st.data())
def test_spans_of_a_doc_compete_only_among_themselves(data):
    n_words = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4))
    docs = make_docs(*n_words)
    rows, offset = [], 0
    for n in n_words:
        spans = [(s, e) for s in range(n) for e in range(s + 1, n + 1)]
        chosen = sorted(data.draw(st.sets(st.sampled_from(spans)))) if spans else []
        rows += [
            (offset + s, offset + e, 0, data.draw(st.floats(0.125, 1, width=16))) for s, e in chosen
        ]
        offset += n
    if not rows:
        return
    for overlap in ("any", "nested", "flat"):
        offset = 0
        for part, n in zip(split_by_doc(scored(*rows), docs, overlap), n_words, strict=True):
            own = [row for row in rows if offset <= row[0] < offset + n]
            kept = resolve_overlap(*([row[i] for row in own] for i in (0, 1, 3)), overlap)
            expected = [own[i] for i in sorted(kept.tolist())]
            found = [(s + offset, e + offset, label) for s, e, label, _ in as_list(part)]
            assert found == [row[:3] for row in expected]
            offset += n


def test_spans_are_written_with_their_scores_also_where_there_are_none():
    docs = make_docs(3, 2)
    docs[1].spans["sc"] = [docs[1][0:1]]
    nothing = scored((0, 1, 0, 0.5))[:0]
    predictions = [scored((0, 1, 1, 0.5), (0, 3, 0, 0.75)), nothing]
    write_spans(docs, predictions, labels=["A", "B"], spans_key="sc", write_ents=False)
    assert [(s.start, s.end, s.label_) for s in docs[0].spans["sc"]] == [(0, 1, "B"), (0, 3, "A")]
    assert docs[0].spans["sc"].attrs["scores"].tolist() == [0.5, 0.75]
    assert len(docs[1].spans["sc"]) == 0
    assert docs[1].spans["sc"].attrs["scores"].tolist() == []
    assert docs[0].ents == ()


def test_flat_spans_are_written_as_entities_too():
    (doc,) = make_docs(4)
    write_spans(
        [doc],
        [scored((0, 2, 0, 0.5), (3, 4, 1, 0.75))],
        labels=["A", "B"],
        spans_key="sc",
        write_ents=True,
    )
    assert [(ent.start, ent.end, ent.label_) for ent in doc.ents] == [(0, 2, "A"), (3, 4, "B")]
