import pytest
import torch
from torch import Tensor
from torch.nn import functional

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.losses import span_loss
from spacy_spanbert.nn.targets import span_targets
from tests.nn.naive import reach_of

N_LABELS = 4
CANDIDATES = SpanCandidates.all_spans(reach_of([7, 5], max_length=4))
GOLD_ROWS = torch.tensor([0, 5, 5, 9, 9, 20])
GOLD_LABELS = torch.tensor([1, 0, 3, 2, 2, 1])
NEIGHBOURS = CANDIDATES.neighbour_rows(GOLD_ROWS)

both_losses = pytest.mark.parametrize("multilabel", [False, True])


def random_logits(multilabel: bool) -> Tensor:
    return 3.0 * torch.randn(CANDIDATES.n_spans, N_LABELS + (not multilabel))


def loss_of(logits: Tensor, multilabel: bool, **options: object) -> tuple[Tensor, Tensor]:
    return span_loss(
        logits, GOLD_ROWS, GOLD_LABELS, n_labels=N_LABELS, multilabel=multilabel, **options
    )


def targets_of(multilabel: bool, epsilon: float = 0.0) -> Tensor:
    return span_targets(
        GOLD_ROWS,
        GOLD_LABELS,
        n_spans=CANDIDATES.n_spans,
        n_labels=N_LABELS,
        multilabel=multilabel,
        boundary_smoothing=epsilon,
        neighbours=NEIGHBOURS,
    ).double()


def textbook_losses(
    logits: Tensor, targets: Tensor, multilabel: bool, positive: float, none: float, gamma: float
) -> Tensor:
    """Write the losses as their papers do: -weight * target * (1 - p) ** gamma * log(p)."""
    if multilabel:
        p = logits.sigmoid()
        right = positive * targets * (1 - p) ** gamma * p.log()
        wrong = none * (1 - targets) * p**gamma * (1 - p).log()
        return -(right + wrong).sum(1)
    weights = torch.full((N_LABELS + 1,), positive, dtype=logits.dtype)
    weights[-1] = none
    p = logits.softmax(1)
    return -(weights * targets * (1 - p) ** gamma * p.log()).sum(1)


@pytest.mark.parametrize("epsilon", [0.0, 0.2])
@pytest.mark.parametrize(("positive", "none"), [(1.0, 1.0), (2.5, 0.3)])
def test_one_choice_a_span_is_torch_cross_entropy(epsilon: float, positive: float, none: float):
    logits = random_logits(multilabel=False)
    loss, d_logits = loss_of(
        logits,
        multilabel=False,
        boundary_smoothing=epsilon,
        neighbours=NEIGHBOURS,
        positive_weight=positive,
        none_weight=none,
    )
    exact = logits.double().requires_grad_()
    weight = torch.tensor([*[positive] * N_LABELS, none], dtype=torch.double)
    targets = targets_of(False, epsilon)
    expected = functional.cross_entropy(exact, targets, weight=weight, reduction="sum")
    expected.backward()
    assert torch.allclose(loss.double(), expected, rtol=1e-5)
    assert torch.allclose(d_logits.double(), exact.grad, atol=1e-5)


@pytest.mark.parametrize("epsilon", [0.0, 0.2])
@pytest.mark.parametrize("positive", [1.0, 2.5])
def test_a_decision_for_each_label_is_torch_binary_cross_entropy(epsilon: float, positive: float):
    logits = random_logits(multilabel=True)
    loss, d_logits = loss_of(
        logits,
        multilabel=True,
        boundary_smoothing=epsilon,
        neighbours=NEIGHBOURS,
        positive_weight=positive,
    )
    exact = logits.double().requires_grad_()
    expected = functional.binary_cross_entropy_with_logits(
        exact,
        targets_of(True, epsilon),
        pos_weight=torch.tensor(positive, dtype=torch.double),
        reduction="sum",
    )
    expected.backward()
    assert torch.allclose(loss.double(), expected, rtol=1e-5)
    assert torch.allclose(d_logits.double(), exact.grad, atol=1e-5)


@both_losses
@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 3.5])
@pytest.mark.parametrize(("positive", "none"), [(1.0, 1.0), (2.5, 0.3)])
def test_loss_and_gradient_are_those_of_the_textbook(
    multilabel: bool, gamma: float, positive: float, none: float
):
    logits = random_logits(multilabel)
    loss, d_logits = loss_of(
        logits,
        multilabel,
        boundary_smoothing=0.2,
        neighbours=NEIGHBOURS,
        positive_weight=positive,
        none_weight=none,
        focal_gamma=gamma,
    )
    exact = logits.double().requires_grad_()
    targets = targets_of(multilabel, 0.2)
    expected = textbook_losses(exact, targets, multilabel, positive, none, gamma).sum()
    expected.backward()
    assert torch.allclose(loss.double(), expected, rtol=1e-4)
    assert torch.allclose(d_logits.double(), exact.grad, atol=1e-5)


@both_losses
def test_the_gradient_is_the_slope_of_the_loss(multilabel: bool):
    logits = random_logits(multilabel)[:6]
    rows, labels = torch.tensor([1, 4]), torch.tensor([2, 0])

    def loss(values: Tensor) -> Tensor:
        options = {"n_labels": N_LABELS, "multilabel": multilabel, "focal_gamma": 1.5}
        return span_loss(values, rows, labels, **options)[0]

    d_logits = span_loss(
        logits, rows, labels, n_labels=N_LABELS, multilabel=multilabel, focal_gamma=1.5
    )[1]
    step = 1e-2
    for index in range(logits.numel()):
        moved = torch.zeros(logits.numel())
        moved[index] = step
        moved = moved.view_as(logits)
        slope = (loss(logits + moved) - loss(logits - moved)) / (2 * step)
        assert abs(float(slope - d_logits.flatten()[index])) < 2e-3


@both_losses
def test_a_confident_miss_is_corrected_with_full_strength(multilabel: bool):
    logits = torch.full((1, N_LABELS + (not multilabel)), -12.0)
    if not multilabel:
        logits[0, -1] = 12.0
    rows, labels = torch.tensor([0]), torch.tensor([2])
    _, d_logits = span_loss(logits, rows, labels, n_labels=N_LABELS, multilabel=multilabel)
    assert float(d_logits[0, 2]) == pytest.approx(-1.0, abs=1e-4)

    # the premise: squared error through a sigmoid hardly notices
    score = torch.tensor(-12.0, requires_grad=True)
    ((score.sigmoid() - 1.0) ** 2).backward()
    assert abs(float(score.grad)) < 1e-4


@both_losses
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_scores_of_any_size_give_finite_numbers(multilabel: bool, gamma: float):
    logits = random_logits(multilabel) * 1000.0
    loss, d_logits = loss_of(logits, multilabel, focal_gamma=gamma)
    assert loss.isfinite()
    assert d_logits.isfinite().all()


@both_losses
def test_rows_without_annotation_have_no_loss_and_no_gradient(multilabel: bool):
    logits = random_logits(multilabel)
    annotated = torch.rand(CANDIDATES.n_spans) < 0.5
    loss, d_logits = loss_of(logits, multilabel, annotated=annotated)
    _, everywhere = loss_of(logits, multilabel)
    assert not annotated.all()
    assert (d_logits[~annotated] == 0).all()
    assert d_logits[annotated].equal(everywhere[annotated])
    others, _ = loss_of(logits, multilabel, annotated=~annotated)
    assert torch.allclose(loss + others, loss_of(logits, multilabel)[0])
    assert loss_of(logits, multilabel, annotated=torch.zeros_like(annotated))[0] == 0


@both_losses
def test_drawn_negatives_are_that_share_and_gold_always_counts(multilabel: bool):
    rows, labels = torch.arange(0, 5000, 10), torch.zeros(500, dtype=torch.long)
    logits = torch.zeros(5000, N_LABELS + (not multilabel))
    generator = torch.Generator().manual_seed(3)
    _, d_logits = span_loss(
        logits,
        rows,
        labels,
        n_labels=N_LABELS,
        multilabel=multilabel,
        negatives=0.3,
        generator=generator,
    )
    counted = (d_logits != 0).any(1)
    assert counted[rows].all()
    share = (int(counted.sum()) - 500) / 4500
    assert share == pytest.approx(0.3, abs=0.03)


@both_losses
@pytest.mark.parametrize(("negatives", "n_counted"), [(0.0, 4), (1.0, CANDIDATES.n_spans)])
def test_no_negatives_leave_the_gold_rows(multilabel: bool, negatives: float, n_counted: int):
    _, d_logits = loss_of(random_logits(multilabel), multilabel, negatives=negatives)
    assert int((d_logits != 0).any(1).sum()) == n_counted


@both_losses
def test_no_rows_and_no_gold_are_no_error(multilabel: bool):
    nothing = torch.zeros(0, dtype=torch.long)
    for n_spans in (0, 3):
        logits = torch.zeros(n_spans, N_LABELS + (not multilabel))
        loss, d_logits = span_loss(
            logits,
            nothing,
            nothing,
            n_labels=N_LABELS,
            multilabel=multilabel,
            boundary_smoothing=0.1,
            neighbours=nothing.view(0, 4),
            negatives=0.5,
        )
        assert d_logits.shape == logits.shape
        assert loss.isfinite()
        assert n_spans or loss == 0


@both_losses
def test_the_loss_is_float32_and_outside_any_graph(multilabel: bool):
    logits = random_logits(multilabel).bfloat16().requires_grad_()
    loss, d_logits = loss_of(logits, multilabel)
    assert loss.dtype == d_logits.dtype == torch.float32
    assert not loss.requires_grad
    assert not d_logits.requires_grad


@pytest.mark.parametrize(("multilabel", "n_outputs"), [(False, 4), (True, 5)])
def test_logits_of_another_width_are_an_error(multilabel: bool, n_outputs: int):
    with pytest.raises(ValueError, match=rf"for 4 labels.*but got \(6, {n_outputs}\)"):
        loss_of(torch.zeros(6, n_outputs), multilabel)


def test_annotated_of_another_length_is_an_error():
    message = f"one value for each of {CANDIDATES.n_spans} rows"
    with pytest.raises(ValueError, match=message):
        loss_of(random_logits(False), False, annotated=torch.ones(3, dtype=torch.bool))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("negatives", -0.1, "negatives between 0 and 1, but got -0.1"),
        ("negatives", 1.5, "negatives between 0 and 1, but got 1.5"),
        ("positive_weight", -1.0, "positive_weight of 0 or more, but got -1.0"),
        ("none_weight", -1.0, "none_weight of 0 or more, but got -1.0"),
        ("focal_gamma", -2.0, "focal_gamma of 0 or more, but got -2.0"),
    ],
)
def test_an_option_that_cannot_be_is_an_error(option: str, value: float, message: str):
    with pytest.raises(SpanbertError, match=message):
        loss_of(random_logits(False), False, **{option: value})
