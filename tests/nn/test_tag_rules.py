"""Tags of spans: rules, spans to tags and back, repair."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from spacy_spanbert.data.bio import decode_layer
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.nn.tag_rules import SCHEMES, TagRules

LABELS = ("LOC", "PER")
schemes = st.sampled_from(list(SCHEMES))


def decode(rules: TagRules, tags: list[int], firsts: set[int] = frozenset({0})) -> list:
    is_first = torch.tensor([word in firsts for word in range(len(tags))], dtype=torch.bool)
    columns = rules.decode(torch.tensor(tags, dtype=torch.long), is_first)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def is_allowed(rules: TagRules, tags: list[int]) -> bool:
    may_follow = rules.may_follow()
    inside = all(may_follow[one, other] for one, other in itertools.pairwise(tags))
    return bool(inside and may_follow[-2, tags[0]] and may_follow[-1, tags[-1]])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_exactly_the_sequences_that_spans_are_written_as_are_allowed(scheme):
    rules = TagRules(LABELS, scheme)
    for tags in itertools.product(range(len(rules.tags)), repeat=4):
        spans = decode(rules, list(tags))
        is_written = rules.encode(spans, 4).tolist() == list(tags)
        assert is_allowed(rules, list(tags)) == is_written, [rules.tags[tag] for tag in tags]


@given(data=st.data(), scheme=schemes, n_words=st.integers(0, 12))
def test_spans_are_read_as_they_were_written(data, scheme, n_words):
    rules = TagRules(LABELS, scheme)
    borders = sorted(data.draw(st.sets(st.integers(0, n_words))))
    spans = [
        (start, end, data.draw(st.integers(0, 1)))
        for start, end in itertools.pairwise(borders)
        if data.draw(st.booleans())
    ]
    assert decode(rules, rules.encode(spans, n_words).tolist()) == spans


@given(data=st.data(), scheme=schemes)
def test_any_tags_are_repaired_as_the_reader_of_corpora_does(data, scheme):
    rules = TagRules(LABELS, scheme)
    tags = data.draw(st.lists(st.integers(0, len(rules.tags) - 1), max_size=12))
    firsts = data.draw(st.sets(st.integers(0, 12))) | {0}
    expected = decode_layer([rules.tags[tag] for tag in tags], breaks=firsts)
    found = [(start, end, LABELS[label]) for start, end, label in decode(rules, tags, firsts)]
    assert found == [(span.start, span.end, span.label) for span in expected]


def test_what_is_forbidden_scores_minus_infinity():
    rules = TagRules(("PER",), "bio")
    assert rules.tags == ["O", "B-PER", "I-PER"]
    expected = [[0, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert rules.links().isinf().int().tolist() == expected


def test_an_unknown_scheme_is_named():
    with pytest.raises(SpanbertError, match="scheme is one of bio, bioes, but is 'bilou'"):
        TagRules(("PER",), "bilou")
