import pytest
import torch
from torch import Tensor
from torch.nn import functional

from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.grid import SpanGrid
from tests.nn.naive import naive_logits, parameters_of, random_scorer, reach_of

SEGMENTS = [6, 1, 1, 3, 9, 2, 1]


def random_grid(n_layers: int, width: int = 3, activation: str = "relu") -> SpanGrid:
    grid = SpanGrid(width, n_layers, activation)
    for parameter in grid.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    return grid


def convolved(grid: SpanGrid, features: Tensor, segments: list[int], max_length: int) -> Tensor:
    """Convolve a full grid of starts and ends for each segment by itself."""
    activate = torch.relu if grid.activation == "relu" else functional.gelu
    results, first_row = [], 0
    for n_words in segments:
        cells = [(i, j) for i in range(n_words) for j in range(i, min(i + max_length, n_words))]
        starts, ends = torch.tensor(cells).T
        plane = features.new_zeros(n_words, n_words, features.shape[1])
        plane[starts, ends] = features[first_row : first_row + len(cells)]
        first_row += len(cells)
        is_cell = torch.zeros(n_words, n_words)
        is_cell[starts, ends] = 1.0
        # [start, end, width] -> [1, width, start, end]
        plane = plane.permute(2, 0, 1).unsqueeze(0)
        for weight, bias in zip(grid.weights, grid.biases, strict=True):
            change = activate(functional.conv2d(plane, weight, bias, padding=1))
            plane = (plane + change) * is_cell
        results.append(plane[0].permute(1, 2, 0)[starts, ends])
    return torch.cat(results)


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("max_length", [2, 3, 9])
@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_the_grid_equals_a_convolution_of_each_segment(
    n_layers: int, max_length: int, activation: str
):
    grid = random_grid(n_layers, activation=activation)
    candidates = SpanCandidates.all_spans(reach_of(SEGMENTS, max_length))
    features = torch.randn(candidates.n_spans, 3, requires_grad=True)
    copy = features.detach().clone().requires_grad_()
    result, expected = grid(features, candidates), convolved(grid, copy, SEGMENTS, max_length)
    assert torch.allclose(result, expected, atol=1e-5)
    d_result = torch.randn(result.shape)
    result.backward(d_result)
    gradients = [parameter.grad.clone() for parameter in grid.parameters()]
    grid.zero_grad()
    expected.backward(d_result)
    assert torch.allclose(features.grad, copy.grad, atol=1e-4)
    for gradient, parameter in zip(gradients, grid.parameters(), strict=True):
        assert torch.allclose(gradient, parameter.grad, atol=1e-3)


def test_a_scorer_adds_the_grid_to_its_scores():
    scorer = random_scorer(conv_layers=2, conv_width=3)
    words = torch.randn(sum(SEGMENTS), 6)
    candidates = SpanCandidates.all_spans(reach_of(SEGMENTS, max_length=4))
    rows = naive_logits(scorer, parameters_of(scorer), words.double(), candidates).float()
    scores, features = rows[:, :3], rows[:, 3:]
    grid_scores = scorer.grid_output(convolved(scorer.grid, features, SEGMENTS, max_length=4))
    assert torch.allclose(scorer(words, candidates), scores + grid_scores, atol=1e-4)


@pytest.mark.parametrize("max_length", [1, 2, 9])
def test_a_segment_sees_nothing_of_the_next(max_length: int):
    grid = random_grid(n_layers=3)
    reach = reach_of([4, 1, 5], max_length)
    candidates = SpanCandidates.all_spans(reach)
    features = torch.randn(candidates.n_spans, 3)
    expected = grid(features, candidates)
    changed = features.clone()
    middle = candidates.starts == 4
    changed[middle] = 100.0
    result = grid(changed, candidates)
    assert result[~middle].equal(expected[~middle])
    assert not result[middle].equal(expected[middle])


def test_no_spans_make_no_cells():
    grid = random_grid(n_layers=2)
    assert grid(torch.zeros(0, 3), SpanCandidates.all_spans([0, 0])).shape == (0, 3)
    assert grid(torch.zeros(0, 3), SpanCandidates.all_spans([])).shape == (0, 3)


def test_given_spans_are_an_error():
    scorer = random_scorer(conv_layers=1)
    with pytest.raises(ValueError, match=r"needs all spans.*set conv_layers to 0"):
        scorer(torch.randn(4, 6), SpanCandidates.given_spans([0], [2], 4))


def test_the_halo_is_one_start_a_layer():
    assert [random_scorer(conv_layers=n).halo for n in (0, 1, 3)] == [0, 1, 3]
