from collections import defaultdict
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.targets import span_targets
from tests.nn.naive import spans_of
from tests.nn.test_candidates import reaches

N_LABELS = 3
EIGHTH = 0.125


def naive_targets(
    spans: list[tuple[int, int]],
    gold: list[tuple[int, int]],
    multilabel: bool,
    epsilon: Fraction,
) -> list[list[float]]:
    """Spread (row, label) pairs in exact fractions, one span after the other."""
    rows = {(start, start + length): row for row, (start, length) in enumerate(spans)}
    mass: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
    for row, label in set(gold):
        n_labels_here = len({other for r, other in set(gold) if r == row})
        share = Fraction(1) if multilabel else Fraction(1, n_labels_here)
        start, end = spans[row][0], sum(spans[row])
        moved = [(start - 1, end), (start + 1, end), (start, end - 1), (start, end + 1)]
        there = [rows[span] for span in moved if span in rows]
        for neighbour in there:
            mass[neighbour, label] += share * epsilon / 4
        mass[row, label] += share - share * epsilon / 4 * len(there)
    targets = []
    for row in range(len(spans)):
        labels = [mass[row, label] for label in range(N_LABELS)]
        if multilabel:
            labels = [min(value, Fraction(1)) for value in labels]
        else:
            total = max(sum(labels), Fraction(1))
            labels = [value / total for value in labels]
            labels.append(1 - sum(labels))
        targets.append([float(value) for value in labels])
    return targets


def as_tensors(gold: list[tuple[int, int]]) -> tuple[torch.Tensor, torch.Tensor]:
    pairs = torch.tensor(gold, dtype=torch.long).view(-1, 2)
    return pairs[:, 0], pairs[:, 1]


@settings(deadline=None)
@given(reaches(max_words=8, max_length=4), st.booleans(), st.integers(0, 8), st.data())
def test_targets_equal_spreading_one_span_after_the_other(
    reach: torch.Tensor, multilabel: bool, eighths: int, data
):
    candidates, spans = SpanCandidates.all_spans(reach), spans_of(reach)
    a_pair = st.tuples(st.integers(0, max(len(spans) - 1, 0)), st.integers(0, N_LABELS - 1))
    gold = data.draw(st.lists(a_pair, max_size=8)) if spans else []
    gold_rows, gold_labels = as_tensors(gold)
    targets = span_targets(
        gold_rows,
        gold_labels,
        n_spans=len(spans),
        n_labels=N_LABELS,
        multilabel=multilabel,
        boundary_smoothing=eighths * EIGHTH,
        neighbours=candidates.neighbour_rows(gold_rows),
    )
    expected = naive_targets(spans, gold, multilabel, Fraction(eighths, 8))
    expected_rows = torch.tensor(expected).view(targets.shape)
    assert torch.allclose(targets, expected_rows, atol=1e-6)
    assert ((targets >= 0) & (targets <= 1)).all()


def test_two_labels_of_a_span_share_its_probability():
    rows, labels = as_tensors([(1, 0), (1, 2), (1, 2)])
    targets = span_targets(rows, labels, n_spans=2, n_labels=3, multilabel=False)
    assert targets.tolist() == [[0, 0, 0, 1], [0.5, 0, 0.5, 0]]
    targets = span_targets(rows, labels, n_spans=2, n_labels=3, multilabel=True)
    assert targets.tolist() == [[0, 0, 0], [1, 0, 1]]


def test_smoothing_keeps_what_has_no_neighbour_to_go_to():
    candidates = SpanCandidates.all_spans([2, 1])  # (0, 1), (0, 2), (1, 2)
    rows, labels = as_tensors([(1, 0)])
    targets = span_targets(
        rows,
        labels,
        n_spans=3,
        n_labels=1,
        multilabel=False,
        boundary_smoothing=0.4,
        neighbours=candidates.neighbour_rows(rows),
    )
    assert torch.allclose(targets[:, 0], torch.tensor([0.1, 0.8, 0.1]))


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ([5], [0], "Gold span 0 has row 5, but there are 5 rows"),
        ([0, -1], [0, 0], "Gold span 1 has row -1"),
        ([0], [3], "Gold span 0 has label 3, but there are 3 labels"),
        ([0, 1], [0], r"one label for each gold row, but got shapes \(2,\) and \(1,\)"),
    ],
)
def test_gold_that_is_no_row_or_no_label_is_an_error(rows: list, labels: list, message: str):
    with pytest.raises(ValueError, match=message):
        span_targets(
            torch.tensor(rows), torch.tensor(labels), n_spans=5, n_labels=3, multilabel=False
        )


@pytest.mark.parametrize("epsilon", [-0.1, 1.1])
def test_smoothing_by_more_than_all_is_an_error(epsilon: float):
    rows, labels = as_tensors([(0, 0)])
    with pytest.raises(SpanbertError, match=f"between 0 and 1, but got {epsilon}"):
        span_targets(
            rows, labels, n_spans=1, n_labels=1, multilabel=False, boundary_smoothing=epsilon
        )


def test_smoothing_without_neighbours_is_an_error():
    rows, labels = as_tensors([(0, 0)])
    with pytest.raises(ValueError, match=r"needs neighbours of shape \(1, 4\).*but got None"):
        span_targets(rows, labels, n_spans=1, n_labels=1, multilabel=False, boundary_smoothing=0.1)
