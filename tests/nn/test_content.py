import pytest
import torch
from torch import Tensor

from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.content import AttentionContent, MeanContent, NoContent
from tests.nn.naive import reach_of


def scored_words(scores: Tensor, values: Tensor) -> tuple[AttentionContent, Tensor]:
    """Make words whose first column is the score and whose others are the value."""
    content = AttentionContent(1 + values.shape[1], values.shape[1])
    with torch.no_grad():
        content.score.weight[:] = torch.eye(1, 1 + values.shape[1])
        content.value.weight[:] = torch.eye(1 + values.shape[1])[1:]
    return content, torch.cat([scores.unsqueeze(1), values], dim=1)


def sliced_averages(scores: Tensor, values: Tensor, starts: Tensor, length: int) -> Tensor:
    """Average spans of one length in float64, each from its own words."""
    words = starts.unsqueeze(1) + torch.arange(length)
    weights = scores.double()[words].softmax(1)
    return torch.einsum("sl,slw->sw", weights, values.double()[words])


def worst_error(scores: Tensor, values: Tensor, max_length: int) -> float:
    """Compare the attention inside all spans with slices; no value may be missing."""
    content, words = scored_words(scores, values)
    candidates = SpanCandidates.all_spans(reach_of([len(scores)], max_length))
    worst = 0.0
    with torch.no_grad():
        rows = content(words, candidates)
        for step, row in zip(candidates.steps(), rows, strict=True):
            starts = candidates.order[: step.n_active]
            expected = sliced_averages(scores, values, starts, step.length)
            assert row.isfinite().all()
            worst = max(worst, float((row - expected).abs().max()))
    return worst


def test_attention_stays_exact_over_long_documents_and_wide_scores():
    scores, values = 6.0 * torch.randn(20_000), torch.randn(20_000, 4)
    assert worst_error(scores, values, max_length=30) < 1e-4


def test_prefix_sums_would_not_stay_exact():
    """Show that the test above tells: differences of prefix sums fail on easier scores."""
    scores, values = 3.0 * torch.randn(20_000), torch.randn(20_000)
    weights = (scores - scores.max()).exp()
    sums, totals = (weights * values).cumsum(0), weights.cumsum(0)
    starts = torch.arange(20_000 - 3)
    average = (sums[3:] - sums[:-3]) / (totals[3:] - totals[:-3])
    expected = sliced_averages(scores, values.unsqueeze(1), starts + 1, 3)[:, 0]
    assert not (average - expected[: len(average)]).abs().max() < 1e-2


@pytest.mark.parametrize("high", [80.0, 1e4])
def test_one_word_far_above_its_neighbours_takes_all(high: float):
    scores, values = torch.full((60,), -high), torch.randn(60, 4)
    scores[[0, 30, 59]] = high
    assert worst_error(scores, values, max_length=25) < 1e-4


def test_one_word_far_above_its_neighbours_has_a_finite_gradient():
    scores, values = torch.full((9,), -80.0), torch.randn(9, 2)
    scores[4] = 80.0
    content, words = scored_words(scores, values)
    words.requires_grad_()
    candidates = SpanCandidates.all_spans(reach_of([9], max_length=9))
    torch.cat(list(content(words, candidates))).sum().backward()
    assert words.grad.isfinite().all()
    assert content.score.weight.grad.isfinite().all()


def test_rising_scores_keep_the_average_of_words_that_still_count():
    scores, values = torch.arange(200.0), torch.randn(200, 4)
    assert worst_error(scores, values, max_length=100) < 1e-5
    assert worst_error(scores.flip(0), values, max_length=100) < 1e-5


def test_a_new_attention_is_a_mean():
    words = torch.randn(12, 5)
    attention, mean = AttentionContent(5, 4), MeanContent(5, 4)
    mean.value.load_state_dict(attention.value.state_dict())
    candidates = SpanCandidates.all_spans(reach_of([12], max_length=12))
    for row, expected in zip(attention(words, candidates), mean(words, candidates), strict=True):
        assert torch.allclose(row, expected, atol=1e-6)


def test_no_content_is_none_for_every_length():
    candidates = SpanCandidates.all_spans([3, 2, 1])
    assert list(NoContent(5, 4)(torch.randn(3, 5), candidates)) == [None, None, None]
