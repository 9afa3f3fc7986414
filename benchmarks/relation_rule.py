"""A rule that looks at nothing but the labels of two spans: what a model has to beat."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import permutations

from spacy.tokens import Doc, Span

from benchmarks.corpora import SPANS_KEY
from spacy_spanbert.annotations.gold_spans import distinct_spans

LabelPair = tuple[str, str]
Place = tuple[int, int, str]


def score_rule(train: Sequence[Doc], gold: Sequence[Doc]) -> float:
    """Score the rule on gold spans.

    Each pair of labels gets the relation type that it has most often in the training data, if it
    has that in a large enough share of the pairs of spans. How large is chosen where F1 is highest
    on the training data.

    train (Sequence[Doc]): With gold spans and relations.
    gold (Sequence[Doc]): The same, to be scored on.
    RETURNS (float): Micro F1, 0 to 1.
    """
    counts: dict[LabelPair, Counter[str]] = defaultdict(Counter)
    for labels, types in _pairs(train):
        counts[labels].update(types or {""})
    best = {labels: _most_frequent(found) for labels, found in counts.items()}
    rules = [
        {labels: name for labels, (name, share) in best.items() if share >= least}
        for least in sorted({share for _, share in best.values() if share > 0})
    ]
    return _f1(max(rules, key=lambda rule: _f1(rule, train), default={}), gold)


def _most_frequent(found: Counter[str]) -> tuple[str, float]:
    """RETURNS (tuple[str, float]): A relation type, and in what share of the pairs it holds."""
    types = [(n, name) for name, n in found.items() if name]
    n, name = max(types, default=(0, ""))
    return name, n / found.total()


def _pairs(docs: Sequence[Doc]) -> Iterator[tuple[LabelPair, set[str]]]:
    """YIELDS (tuple[LabelPair, set[str]]): Of each ordered pair of spans labels and types."""
    for doc in docs:
        types: dict[tuple[Place, Place], set[str]] = defaultdict(set)
        for relation in doc._.relations:
            types[_place(relation.head), _place(relation.tail)].add(relation.label)
        for head, tail in permutations(distinct_spans(doc.spans[SPANS_KEY]), 2):
            yield (head.label_, tail.label_), types[_place(head), _place(tail)]


def _place(span: Span) -> Place:
    return span.start, span.end, span.label_


def _f1(rule: dict[LabelPair, str], docs: Sequence[Doc]) -> float:
    n_right = n_found = n_gold = 0
    for labels, types in _pairs(docs):
        name = rule.get(labels)
        n_gold += len(types)
        n_found += name is not None
        n_right += name in types
    return 2 * n_right / (n_found + n_gold) if n_found + n_gold else 0.0
