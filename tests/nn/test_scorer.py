import json

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.candidates import SpanCandidates
from spacy_spanbert.nn.representations import REPRESENTATIONS
from spacy_spanbert.nn.scorer import SpanScorer
from tests.nn.naive import naive_logits, parameters_of, random_scorer, reach_of
from tests.nn.test_candidates import given_spans, reaches

OPTIONS = [
    {},
    {"biaffine_width": 5},
    {"activation": "gelu"},
    {"use_width_embedding": False},
    {"max_length": 2},  # longer spans use the last row
]
every_representation = pytest.mark.parametrize("representation", REPRESENTATIONS)
every_option = pytest.mark.parametrize("options", OPTIONS, ids=str)


def assert_equals_slicing(scorer: SpanScorer, words: Tensor, candidates: SpanCandidates) -> None:
    """Compare scores with and without gradient, and all gradients, with the naive scorer's."""
    words.requires_grad_()
    exact_words = words.detach().double().requires_grad_()
    weights = parameters_of(scorer)
    expected = naive_logits(scorer, weights, exact_words, candidates)
    logits = scorer(words, candidates)
    with torch.no_grad():
        in_place = scorer(words, candidates)
    assert logits.dtype == torch.float32
    assert torch.allclose(logits.double(), expected, atol=1e-5, rtol=1e-5)
    assert torch.allclose(in_place.double(), expected, atol=1e-5, rtol=1e-5)

    d_logits = torch.randn(logits.shape)
    logits.backward(d_logits)
    expected.backward(d_logits.double())
    assert close(words.grad, exact_words.grad)
    for name, parameter in scorer.named_parameters():
        assert close(parameter.grad, weights[name].grad), name


def close(gradient: Tensor, expected: Tensor) -> bool:
    scale = float(expected.abs().max()) + 1.0
    return torch.allclose(gradient.double(), expected, atol=1e-5 * scale, rtol=1e-4)


@every_representation
@every_option
def test_all_spans_score_as_if_each_were_sliced(representation: str, options: dict):
    scorer = random_scorer(representation=representation, **options)
    reach = reach_of([7, 1, 3, 12, 1, 1, 2], max_length=5)
    reach[4] = 0  # a start without candidates
    assert_equals_slicing(scorer, torch.randn(27, 6), SpanCandidates.all_spans(reach))


@every_representation
@every_option
def test_given_spans_score_as_if_each_were_sliced(representation: str, options: dict):
    scorer = random_scorer(representation=representation, **options)
    starts = torch.randint(0, 20, (40,))
    lengths = torch.randint(1, 7, (40,))
    starts, lengths = torch.cat([starts, starts[:9]]), torch.cat([lengths, lengths[:9]])
    candidates = SpanCandidates.given_spans(starts, lengths, 26)
    assert_equals_slicing(scorer, torch.randn(26, 6), candidates)


@settings(deadline=None, max_examples=20)
@every_representation
@given(reach=reaches())
def test_any_reach_scores_as_if_each_span_were_sliced(representation: str, reach: Tensor):
    scorer = random_scorer(representation=representation)
    words = torch.randn(len(reach), 6)
    candidates = SpanCandidates.all_spans(reach)
    expected = naive_logits(scorer, parameters_of(scorer), words.double(), candidates)
    assert torch.allclose(scorer(words, candidates).double(), expected, atol=1e-5, rtol=1e-5)


@settings(deadline=None, max_examples=20)
@every_representation
@given(spans=given_spans())
def test_any_given_spans_score_as_if_each_were_sliced(representation: str, spans):
    scorer = random_scorer(representation=representation)
    words = torch.randn(spans[2], 6)
    candidates = SpanCandidates.given_spans(*spans)
    expected = naive_logits(scorer, parameters_of(scorer), words.double(), candidates)
    assert torch.allclose(scorer(words, candidates).double(), expected, atol=1e-5, rtol=1e-5)


@every_representation
def test_a_sentence_scores_the_same_wherever_it_stands(representation: str):
    scorer = random_scorer(representation=representation, n_outputs=2)
    sentence = torch.randn(25, 6)
    words = torch.randn(100_000, 6)
    words[:25] = words[99_000:99_025] = sentence
    candidates = SpanCandidates.all_spans(reach_of([25] * 4000, max_length=6))
    alone = SpanCandidates.all_spans(reach_of([25], max_length=6))
    with torch.no_grad():
        logits, expected = scorer(words, candidates), scorer(sentence, alone)
    row = int(candidates.rows_of([99_000], [1])[0])
    assert torch.allclose(logits[: alone.n_spans], expected, atol=1e-6, rtol=1e-6)
    assert torch.allclose(logits[row : row + alone.n_spans], expected, atol=1e-6, rtol=1e-6)


@every_representation
def test_scoring_changes_nothing_it_was_given(representation: str):
    scorer = random_scorer(representation=representation, conv_layers=1, biaffine_width=2)
    words = torch.randn(30, 6)
    candidates = SpanCandidates.all_spans(reach_of([20, 10], max_length=5))
    before = [words.clone(), *(p.detach().clone() for p in scorer.parameters())]
    with torch.inference_mode():
        first = scorer(words, candidates)
        second = scorer(words, candidates)
    assert first.equal(second)
    for old, new in zip(before, [words, *scorer.parameters()], strict=True):
        assert old.equal(new)


@every_representation
def test_scores_computed_twice_to_save_memory_have_the_same_gradient(representation: str):
    scorer = random_scorer(representation=representation, dropout=0.5).train()
    candidates = SpanCandidates.all_spans(reach_of([6, 4], max_length=3))
    gradients = []
    for score in (scorer, lambda *args: checkpoint(scorer, *args, use_reentrant=False)):
        torch.manual_seed(1)
        words = torch.ones(10, 6, requires_grad=True)
        score(words, candidates).sum().backward()
        gradients.append(words.grad)
    assert gradients[0].abs().max() > 0
    assert gradients[0].equal(gradients[1])


@every_representation
@pytest.mark.parametrize(
    "candidates",
    [
        SpanCandidates.all_spans([]),
        SpanCandidates.all_spans([0, 0, 0]),
        SpanCandidates.given_spans([], [], 0),
        SpanCandidates.given_spans([], [], 3),
    ],
)
@pytest.mark.parametrize("options", [{}, {"biaffine_width": 2}])
def test_no_candidates_make_no_rows_and_a_zero_gradient(
    representation: str, candidates: SpanCandidates, options: dict
):
    scorer = random_scorer(representation=representation, **options)
    words = torch.randn(candidates.n_words, 6, requires_grad=True)
    logits = scorer(words, candidates)
    assert logits.shape == (0, 3)
    logits.backward(torch.zeros(0, 3))
    assert words.grad.equal(torch.zeros_like(words))


@every_representation
def test_bfloat16_words_are_scored_in_float32(representation: str):
    scorer = random_scorer(representation=representation)
    words = torch.randn(40, 6).bfloat16()
    candidates = SpanCandidates.all_spans(reach_of([40], max_length=12))
    logits = scorer(words, candidates)
    assert logits.dtype == torch.float32
    assert logits.equal(scorer(words.float(), candidates))


@every_representation
def test_autocast_reaches_the_projections_only(representation: str):
    scorer = random_scorer(representation=representation, biaffine_width=2, conv_layers=1)
    words = torch.randn(40, 6)
    candidates = SpanCandidates.all_spans(reach_of([40], max_length=12))
    expected = scorer(words, candidates)
    with torch.autocast("cpu", torch.bfloat16):
        logits = scorer(words, candidates)
        assert torch.is_autocast_enabled("cpu")
    assert logits.dtype == torch.float32
    assert not logits.equal(expected)
    assert (logits - expected).abs().max() < 0.05 * expected.abs().max()


def test_dropout_acts_in_training_only_and_keeps_the_mean():
    scorer = SpanScorer(input_width=6, n_outputs=3, representation="endpoints_mean", dropout=0.3)
    words = torch.randn(8, 6)
    candidates = SpanCandidates.all_spans(reach_of([8], max_length=3))
    with torch.no_grad():
        expected = scorer.eval()(words, candidates)
        assert expected.equal(scorer(words, candidates))
        scorer.train()
        drawn = torch.stack([scorer(words, candidates) for _ in range(2000)])
    assert not drawn[0].equal(drawn[1])
    assert torch.allclose(drawn.mean(0), expected, atol=0.05)


@every_representation
def test_every_weight_learns(representation: str):
    scorer = SpanScorer(
        input_width=6,
        n_outputs=3,
        representation=representation,
        max_length=3,
        biaffine_width=4,
        conv_layers=2,
    )
    candidates = SpanCandidates.all_spans(reach_of([9], max_length=3))
    scorer(torch.randn(9, 6), candidates).square().sum().backward()
    for name, parameter in scorer.named_parameters():
        assert parameter.grad.abs().max() > 0, name


@every_representation
@every_option
def test_a_scorer_is_built_again_from_its_sizes(representation: str, options: dict):
    scorer = random_scorer(representation=representation, conv_layers=1, **options)
    copy = SpanScorer(**json.loads(json.dumps(scorer.sizes))).eval()
    copy.load_state_dict(scorer.state_dict())
    words = torch.randn(7, 6)
    candidates = SpanCandidates.all_spans(reach_of([7], max_length=3))
    assert copy.sizes == scorer.sizes
    assert copy.halo == scorer.halo == 1
    assert copy(words, candidates).equal(scorer(words, candidates))


@pytest.mark.parametrize("shape", [(5, 6), (4, 7), (4,)])
def test_words_of_another_shape_are_an_error(shape: tuple[int, ...]):
    scorer = random_scorer()
    with pytest.raises(ValueError, match=r"Expected words of shape \(4, 6\)"):
        scorer(torch.zeros(shape), SpanCandidates.all_spans([1, 1, 1, 1]))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("representation", "mean", r"representation 'mean'.*endpoints_mean, ffn_endpoints,"),
        ("activation", "tanh", "activation 'tanh'. Choose one of: relu, gelu"),
        ("hidden_width", 0, "hidden_width of 1 or more, but got 0"),
        ("max_length", 0, "max_length of 1 or more, but got 0"),
        ("conv_layers", -1, r"conv_layers of 0 \(off\) or more, but got -1"),
        ("biaffine_width", -2, r"biaffine_width of 0 \(off\) or more, but got -2"),
        ("dropout", 1.0, "dropout from 0 to below 1, but got 1.0"),
    ],
)
def test_a_size_that_cannot_be_is_an_error(name: str, value: object, message: str):
    with pytest.raises(SpanbertError, match=message):
        random_scorer(**{name: value})
