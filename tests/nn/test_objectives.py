import pytest
import torch
from torch import nn

from spacy_spanbert.nn.objectives import (
    MAX_SPAN_PIECES,
    PairHead,
    PlaceHead,
    SpanBoundaryHead,
    TransformHead,
    binary_answers,
    class_answers,
)

WIDTH, OUTPUT = 6, 4


def test_the_span_boundary_head_is_two_layers_over_both_boundaries_and_the_position():
    head = SpanBoundaryHead(WIDTH, OUTPUT)
    left, right = torch.randn(2, 3, WIDTH)
    positions = torch.tensor([0, 5, MAX_SPAN_PIECES - 1])
    output = head(left, right, positions)
    for i in range(3):
        x = torch.cat([left[i], right[i], head.positions.weight[positions[i]]])
        for layer in (head.first, head.second):
            x = layer.dense.weight @ x + layer.dense.bias
            x = nn.functional.gelu(x)
            x = (x - x.mean()) / (x.var(unbiased=False) + layer.norm.eps).sqrt()
            x = x * layer.norm.weight + layer.norm.bias
        torch.testing.assert_close(output[i], x, rtol=1e-4, atol=1e-5)


def test_losses_are_sums_in_nats():
    logits = torch.randn(5, 7)
    targets = torch.tensor([0, 6, 2, 2, 1])
    answers = class_answers(logits, targets)
    expected = -sum(logits[i].log_softmax(0)[target] for i, target in enumerate(targets.tolist()))
    assert answers.loss.item() == pytest.approx(expected.item(), rel=1e-5)
    assert answers.n_targets == 5
    right = sum(
        row.argmax().item() == target for row, target in zip(logits, targets.tolist(), strict=True)
    )
    assert answers.n_correct.item() == right


def test_yes_or_no_losses_are_sums_in_nats():
    logits = torch.tensor([2.0, -1.0, 0.5])
    targets = torch.tensor([1, 0, 0])
    answers = binary_answers(logits, targets)
    probabilities = logits.sigmoid()
    right = torch.where(targets == 1, probabilities, 1 - probabilities)
    assert answers.loss.item() == pytest.approx(-right.log().sum().item(), rel=1e-5)
    assert (answers.n_targets, answers.n_correct.item()) == (3, 2)


@pytest.mark.parametrize(
    ("compare", "logits"),
    [(class_answers, torch.zeros(0, 7)), (binary_answers, torch.zeros(0))],
)
def test_without_targets_all_is_zero(compare, logits):
    answers = compare(logits, torch.zeros(0, dtype=torch.long))
    assert [float(value) for value in answers] == [0, 0, 0]


def test_heads_take_no_rows_and_give_no_rows():
    none = torch.zeros(0, WIDTH)
    assert TransformHead(WIDTH, OUTPUT)(none).shape == (0, OUTPUT)
    assert PairHead(WIDTH)(none).shape == (0, 2)
    assert PlaceHead(WIDTH)(none).shape == (0,)
