"""Chosen tags and how sure they are, against a list of all tag sequences."""

import pytest
import torch
from torch.nn import functional

from spacy_spanbert.nn.chain import Chain
from spacy_spanbert.nn.crf import UNKNOWN
from spacy_spanbert.nn.sequence_layout import SequenceLayout
from spacy_spanbert.nn.tag_rules import TagRules
from spacy_spanbert.nn.tag_sequences import choose_alone, choose_together, piece_loss
from tests.nn.naive_chain import naive_marginals, paths, random_chain

LENGTHS = [4, 0, 1, 3, 4]


def make_chain(rules: TagRules, seed: int) -> Chain:
    chain = random_chain(LENGTHS, len(rules.tags), seed=seed, scale=1.0)
    return Chain(chain.emissions, chain.links + rules.links(), chain.layout)


def naive_span_score(chain: Chain, rules: TagRules, sequence: int, span) -> float:
    """Share of the tag sequences of which the span is one of the spans."""
    total, fitting = 0.0, 0.0
    for path, score in paths(chain, sequence):
        weight = score.exp().tolist()
        is_first = torch.tensor([word == 0 for word in range(len(path))])
        columns = rules.decode(torch.tensor(path), is_first)
        spans = set(zip(*(column.tolist() for column in columns), strict=True))
        total += weight
        fitting += weight * (span in spans)
    return fitting / total


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
@pytest.mark.parametrize("seed", range(4))
def test_the_score_of_a_span_is_its_probability_under_the_field(scheme, seed):
    rules = TagRules(("A", "B") if scheme == "bio" else ("A",), scheme)
    chain = make_chain(rules, seed)
    layout = chain.layout
    words = choose_together(chain)
    starts, ends, labels = rules.decode(words.tags, layout.is_first)
    scores = words.span_scores(starts, ends, rules.continues(), layout)
    assert len(scores)
    first_words = (layout.lengths.cumsum(0) - layout.lengths).tolist()
    for start, end, label, score in zip(
        starts.tolist(), ends.tolist(), labels.tolist(), scores.tolist(), strict=True
    ):
        sequence = int(layout.sequence_of[start])
        first = first_words[sequence]
        expected = naive_span_score(chain, rules, sequence, (start - first, end - first, label))
        assert score == pytest.approx(expected, rel=1e-5)


def test_of_words_alone_the_score_is_a_product():
    rules = TagRules(("A",), "bio")
    log_probs = torch.randn(5, 3).log_softmax(1)
    layout = SequenceLayout.of(torch.tensor([3, 2]))
    log_probs[:, :] = torch.tensor(
        [[0.1, 0.7, 0.2], [0.2, 0.2, 0.6], [0.5, 0.3, 0.2], [0.3, 0.1, 0.6], [0.6, 0.1, 0.3]]
    ).log()
    words = choose_alone(log_probs)
    assert words.tags.tolist() == [1, 2, 0, 2, 0]
    starts, ends, _ = rules.decode(words.tags, layout.is_first)
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == [(0, 2), (3, 4)]
    scores = words.span_scores(starts, ends, rules.continues(), layout)
    assert scores.tolist() == pytest.approx([0.7 * 0.6 * (1 - 0.2), 0.6 * (1 - 0.3)])


def test_chosen_together_the_marginals_are_those_of_all_sequences():
    chain = make_chain(TagRules(("A",), "bio"), 0)
    found = choose_together(chain).log_marginals.exp()
    torch.testing.assert_close(found, naive_marginals(chain).detach(), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("scheme", ["bio", "bioes"])
def test_chosen_together_only_allowed_sequences_are_found(scheme):
    rules = TagRules(("A", "B"), scheme)
    layout = SequenceLayout.of(torch.tensor([30, 1, 17]))
    chain = Chain(torch.randn(48, len(rules.tags)) * 5, rules.links(), layout)
    assert torch.isfinite(chain.path_scores(choose_together(chain).tags)).all()
    alone = choose_alone(chain.emissions.log_softmax(1)).tags
    assert not torch.isfinite(chain.path_scores(alone)).all()


def test_no_words_have_no_tags():
    chain = random_chain([0, 0], 3)
    words = choose_together(chain)
    none = torch.zeros(0, dtype=torch.long)
    scores = words.span_scores(none, none, torch.zeros(3, 3, dtype=torch.bool), chain.layout)
    assert words.tags.shape == scores.shape == (0,)


def test_each_piece_carries_the_tag_of_its_word_and_unknown_words_carry_none():
    logits = torch.randn(6, 4)
    n_rows, tags = torch.tensor([2, 1, 3]), torch.tensor([3, UNKNOWN, 0])
    expected = sum(
        functional.cross_entropy(logits[row : row + 1], torch.tensor([tag]))
        for row, tag in ((0, 3), (1, 3), (3, 0), (4, 0), (5, 0))
    )
    torch.testing.assert_close(piece_loss(logits, n_rows, tags), expected)
