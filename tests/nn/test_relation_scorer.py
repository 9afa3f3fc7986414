"""The scorer of pairs, against slicing and concatenating for each pair by itself."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

import spacy_spanbert.nn.relation_scorer as scorer_module
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.relation_pairs import ARRANGEMENTS, DISTANCES, Arguments, lay_out
from spacy_spanbert.nn.relation_scorer import RelationScorer

WIDTH = 6
# two documents of words 0 to 11 and 12 to 20; inside, equal, crossing, side by side, apart
DOCUMENTS = ((0, 12), (12, 21))
SPANS = ((0, 2), (0, 5), (1, 4), (1, 4), (3, 6), (6, 7), (10, 12), (12, 13), (12, 21), (15, 17))


def make_arguments(spans=SPANS, documents=DOCUMENTS, labels=None) -> Arguments:
    inside = [next(d for d in documents if d[0] <= start < d[1]) for start, _ in spans]
    numbers = [index % 3 for index in range(len(spans))] if labels is None else labels
    return Arguments(
        documents[-1][1],
        *(
            torch.tensor(column, dtype=torch.long)
            for column in (*zip(*spans, strict=True), numbers, *zip(*inside, strict=True))
        ),
    )


def all_pairs(arguments: Arguments) -> tuple[Tensor, Tensor]:
    n = len(arguments.starts)
    pairs = [
        (i, j)
        for i in range(n)
        for j in range(n)
        if i != j and arguments.floors[i] == arguments.floors[j]
    ]
    heads, tails = zip(*pairs, strict=True)
    return torch.tensor(heads), torch.tensor(tails)


def make_scorer(**settings) -> RelationScorer:
    sizes = {"input_width": WIDTH, "n_outputs": 4, "n_span_labels": 2, "hidden_width": 8}
    scorer = RelationScorer(
        **{**sizes, "context_width": 5, "context_words": 2, **settings}
    ).double()
    generator = torch.Generator().manual_seed(3)
    for parameter in scorer.parameters():
        parameter.data.normal_(0, 0.5, generator=generator)
    return scorer.eval()


def words_of(n_words: int) -> Tensor:
    return torch.randn(n_words, WIDTH, generator=torch.Generator().manual_seed(5))


def highest(values: Tensor, nothing: Tensor) -> Tensor:
    return values.max(dim=0).values if len(values) else nothing


def naive_span(scorer: RelationScorer, words: Tensor, arguments: Arguments, index: int) -> Tensor:
    start, end, label, floor, ceiling = (
        int(column[index])
        for column in (
            arguments.starts,
            arguments.ends,
            arguments.labels,
            arguments.floors,
            arguments.ceilings,
        )
    )
    starts, ends = scorer.endpoints(words)
    inside = scorer.content.value(words[start:end])
    weights = scorer.content.score(words[start:end]).softmax(dim=0)
    row = starts[start] + ends[end - 1] + (weights * inside).sum(0) + scorer.label_rows[label]
    if scorer.context_value is not None and scorer.context_words:
        values, reach = scorer.context_value(words), scorer.context_words
        before = highest(values[max(floor, start - reach) : start], scorer.no_context)
        after = highest(values[end : min(ceiling, end + reach)], scorer.no_context)
        row = row + scorer.around(torch.cat([before, after]))
    return torch.relu(row)


def naive_context(h: set[int], t: set[int]) -> list[int]:
    """Words between the two; of spans that share words, those of one only."""
    if h & t:
        return sorted(h ^ t)
    first, second = sorted((h, t), key=min)
    return list(range(max(first) + 1, min(second)))


def naive_arrangement(head: tuple[int, int], tail: tuple[int, int]) -> str:
    h, t = set(range(*head)), set(range(*tail))
    if not h & t:
        return "head before tail" if head < tail else "tail before head"
    if h == t:
        return "same words"
    if h >= t:
        return "tail inside head"
    if t >= h:
        return "head inside tail"
    return "crossing, head first" if head < tail else "crossing, tail first"


def naive_distance(head: tuple[int, int], tail: tuple[int, int]) -> int:
    h, t = set(range(*head)), set(range(*tail))
    if h & t:
        return 0
    n_between = len(naive_context(h, t))
    return sum(n_between >= border for border in DISTANCES)


def naive_score(
    scorer: RelationScorer, words: Tensor, arguments: Arguments, i: int, j: int
) -> Tensor:
    """Score one pair by itself."""
    spans = [(int(s), int(e)) for s, e in zip(arguments.starts, arguments.ends, strict=True)]
    head_span, tail_span = (naive_span(scorer, words, arguments, index) for index in (i, j))
    n = scorer.output.in_features
    row = scorer.roles(head_span)[:n] + scorer.roles(tail_span)[n:]
    row = row + scorer.distance_rows[naive_distance(spans[i], spans[j])]
    row = row + scorer.arrangement_rows[ARRANGEMENTS.index(naive_arrangement(spans[i], spans[j]))]
    if scorer.context_value is not None:
        context = naive_context(set(range(*spans[i])), set(range(*spans[j])))
        values = scorer.context_value(words)[context]
        row = row + scorer.between(highest(values, scorer.no_context))
    logits = scorer.output(torch.relu(row))
    if scorer.biaffine_width:
        heads = scorer.product_heads(head_span).view(-1, scorer.biaffine_width)
        logits = logits + heads @ scorer.product_tails(tail_span)
    return logits


@pytest.mark.parametrize(
    "settings",
    [{}, {"biaffine_width": 3}, {"context_width": 0}, {"context_words": 0}],
    ids=str,
)
def test_each_pair_has_the_score_it_has_by_itself(settings):
    scorer, arguments = make_scorer(**settings), make_arguments()
    words, (heads, tails) = words_of(arguments.n_words), all_pairs(arguments)
    double = words.double()
    found = scorer.float()(words, arguments, heads, tails)
    scorer.double()
    pairs = zip(heads.tolist(), tails.tolist(), strict=True)
    expected = torch.stack([naive_score(scorer, double, arguments, i, j) for i, j in pairs])
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


spans_of_one_document = st.lists(
    st.tuples(st.integers(0, 14), st.integers(1, 6)).map(lambda s: (s[0], min(s[0] + s[1], 15))),
    min_size=2,
    max_size=6,
)


@settings(max_examples=50, deadline=None)
@given(spans=spans_of_one_document)
def test_how_two_spans_lie_is_told_as_sets_of_words_tell_it(spans):
    arguments = make_arguments(spans, ((0, 15),))
    heads, tails = all_pairs(arguments)
    layout = lay_out(arguments, heads, tails)
    longest = scorer_module._longest_context(arguments, heads, tails)
    columns = zip(*layout.context, strict=True)
    for row, (i, j) in enumerate(zip(heads.tolist(), tails.tolist(), strict=True)):
        head, tail = spans[i], spans[j]
        arrangement = ARRANGEMENTS[int(layout.arrangements[row])]
        assert arrangement == naive_arrangement(head, tail)
        assert int(layout.distances[row]) == naive_distance(head, tail)
        left, left_end, right, right_end = map(int, next(columns))
        context = {*range(left, left_end), *range(right, right_end)}
        assert context == set(naive_context(set(range(*head)), set(range(*tail))))
        assert max(left_end - left, right_end - right) <= longest


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(range(len(SPANS))))
def test_scores_follow_the_spans_when_these_are_put_in_another_order(order):
    scorer, arguments = make_scorer().float(), make_arguments()
    words, (heads, tails) = words_of(arguments.n_words), all_pairs(arguments)
    expected = scorer(words, arguments, heads, tails)
    rows = torch.tensor(order)
    columns = (arguments.starts, arguments.ends, arguments.labels, arguments.floors)
    moved = Arguments(arguments.n_words, *(c[rows] for c in columns), arguments.ceilings[rows])
    place = rows.argsort()
    found = scorer(words, moved, place[heads], place[tails])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_text_far_away_changes_no_score():
    scorer = make_scorer().float()
    spans, documents = ((20, 22), (25, 26), (20, 26)), ((0, 60),)
    arguments = make_arguments(spans, documents)
    heads, tails = all_pairs(arguments)
    words = words_of(60)
    expected = scorer(words, arguments, heads, tails)
    changed = words.clone()
    changed[: 20 - scorer.context_words] *= 100
    changed[26 + scorer.context_words :] *= -100
    assert torch.equal(scorer(changed, arguments, heads, tails), expected)
    changed[23] += 100
    assert not torch.allclose(scorer(changed, arguments, heads, tails), expected)


def test_another_document_in_the_batch_changes_no_score():
    scorer, arguments = make_scorer().float(), make_arguments()
    words = words_of(21)
    heads, tails = torch.tensor([7, 9]), torch.tensor([9, 8])
    expected = scorer(words, arguments, heads, tails)
    alone = make_arguments(((0, 1), (0, 9), (3, 5)), ((0, 9),), [1, 2, 0])
    found = scorer(words[12:], alone, torch.tensor([0, 2]), torch.tensor([2, 1]))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_the_gradient_is_that_of_each_pair_by_itself():
    scorer, arguments = make_scorer(biaffine_width=3), make_arguments()
    heads, tails = all_pairs(arguments)
    weights = torch.randn(len(heads), 4)
    words = words_of(arguments.n_words)
    gradients = []
    for naive in (False, True):
        module = scorer.double() if naive else scorer.float()
        leaf = words.to(torch.float64 if naive else torch.float32).requires_grad_()
        if naive:
            pairs = zip(heads.tolist(), tails.tolist(), strict=True)
            logits = torch.stack([naive_score(module, leaf, arguments, i, j) for i, j in pairs])
        else:
            logits = module(leaf, arguments, heads, tails)
        module.zero_grad()
        (logits * weights).sum().backward()
        gradients.append(
            [leaf.grad.double(), *(p.grad.double().clone() for p in module.parameters())]
        )
        words = words.detach()
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_blocks_give_the_scores_and_gradients_of_one_piece(monkeypatch):
    scorer, arguments = make_scorer().float(), make_arguments()
    heads, tails = all_pairs(arguments)
    results = []
    for most in (10_000, 7):
        monkeypatch.setattr(scorer_module, "BLOCK_PAIRS", most)
        words = words_of(arguments.n_words).requires_grad_()
        scorer.zero_grad()
        logits = scorer(words, arguments, heads, tails)
        functional.softplus(logits).sum().backward()
        results.append([logits, words.grad, *(p.grad.clone() for p in scorer.parameters())])
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_blocks_that_are_computed_again_drop_what_they_dropped_before(monkeypatch):
    """Against the same blocks kept whole: with another mask, the gradient would be of another
    function than the scores.
    """
    monkeypatch.setattr(scorer_module, "BLOCK_PAIRS", 7)
    scorer, arguments = make_scorer(dropout=0.5).float().train(), make_arguments()
    heads, tails = all_pairs(arguments)

    def whole(words: torch.Tensor) -> torch.Tensor:
        rows = scorer.encode(words, arguments)
        blocks = zip(heads.split(7), tails.split(7), strict=True)
        return torch.cat([scorer.score(rows, *block) for block in blocks])

    results = []
    for score in (whole, lambda words: scorer(words, arguments, heads, tails)):
        torch.manual_seed(5)
        words = words_of(arguments.n_words).requires_grad_()
        scorer.zero_grad()
        logits = score(words)
        functional.softplus(logits).sum().backward()
        results.append([logits, words.grad, *(p.grad.clone() for p in scorer.parameters())])
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_dropout_works_in_training_only():
    scorer, arguments = make_scorer(dropout=0.5).float(), make_arguments()
    words, (heads, tails) = words_of(arguments.n_words), all_pairs(arguments)
    expected = scorer(words, arguments, heads, tails)
    assert torch.equal(scorer(words, arguments, heads, tails), expected)
    assert not torch.allclose(scorer.train()(words, arguments, heads, tails), expected)


def test_no_pairs_and_no_spans_have_no_scores():
    scorer, none = make_scorer().float(), torch.zeros(0, dtype=torch.long)
    assert scorer(words_of(21), make_arguments(), none, none).shape == (0, 4)
    nothing = Arguments(5, none, none, none, none, none)
    assert scorer(words_of(5), nothing, none, none).shape == (0, 4)


def test_words_that_do_not_fit_are_refused():
    none = torch.zeros(0, dtype=torch.long)
    with pytest.raises(ValueError, match=r"words of shape \(21, 6\).*but got \(20, 6\)"):
        make_scorer().float()(words_of(20), make_arguments(), none, none)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_width": 0}, "hidden_width of 1 or more, but got 0"),
        ({"context_words": -1}, "context_words of 0 (off) or more, but got -1"),
        ({"dropout": 1.0}, "dropout from 0 to below 1"),
        (
            {"representation": "mean"},
            "Unknown representation 'mean'. Choose one of: endpoints_mean",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, message):
    with pytest.raises(SpanbertError, match=re.escape(message)):
        make_scorer(**settings)
