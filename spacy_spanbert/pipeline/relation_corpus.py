"""What a relation component learns from a corpus before training: labels, and what is missing."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from spacy.training import Example
from torch import Tensor

from spacy_spanbert.annotations.gold_spans import distinct_spans
from spacy_spanbert.annotations.relations import get_relations, has_relations
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pipeline.gold_report import counts_text
from spacy_spanbert.pipeline.relation_arguments import pair_blocks
from spacy_spanbert.pipeline.relation_candidates import (
    Candidates,
    LabelPairs,
    RelationCandidates,
)
from spacy_spanbert.pipeline.relation_gold import GoldPair, gold_arguments, gold_pairs


@dataclass
class RelationCorpus:
    """What the annotated examples hold.

    n_docs (int): Docs that are annotated with relations, be it with none.
    n_without_spans (int): Those of them that have words and no gold spans of the key.
    n_spans (int): The gold spans of the others.
    labels (Counter[str]): Relations by label.
    span_labels (set[str]): Labels of spans.
    label_pairs (set[tuple[str, str]]): Labels of head and tail of relations, of symmetric ones both
        ways.
    """

    n_docs: int = 0
    n_without_spans: int = 0
    n_spans: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    span_labels: set[str] = field(default_factory=set)
    label_pairs: set[tuple[str, str]] = field(default_factory=set)


def read_relation_corpus(
    examples: Iterable[Example], spans_key: str, symmetric: AbstractSet[str]
) -> RelationCorpus:
    """Read what there is to learn.

    examples (Iterable[Example]): The examples.
    spans_key (str): Key of the gold spans.
    symmetric (AbstractSet[str]): Labels of relations that hold both ways.
    RETURNS (RelationCorpus): What the annotated ones hold.
    """
    corpus = RelationCorpus()
    for example in examples:
        if not has_relations(example.reference):
            continue
        corpus.n_docs += 1
        corpus.n_without_spans += spans_key not in example.reference.spans and len(example) > 0
        spans = distinct_spans(example.reference.spans.get(spans_key, ()))
        corpus.n_spans += len(spans)
        corpus.span_labels.update(span.label_ for span in spans)
        for relation in get_relations(example.reference):
            corpus.labels[relation.label] += 1
            pair = (relation.head.label_, relation.tail.label_)
            corpus.span_labels.update(pair)
            corpus.label_pairs.add(pair)
            if relation.label in symmetric:
                corpus.label_pairs.add(pair[::-1])
    return corpus


def report_relations(
    get_examples: Callable[[], Iterable[Example]],
    corpus: RelationCorpus,
    *,
    spans_key: str,
    candidates: Candidates,
    seen: LabelPairs,
    labels: Sequence[str],
    symmetric: AbstractSet[str],
    multilabel: bool,
    name: str,
) -> None:
    """Print which gold relations can be learned, and which cannot and why.

    get_examples (Callable[[], Iterable[Example]]): The examples.
    corpus (RelationCorpus): What read_relation_corpus found in them.
    spans_key (str): Key of the gold spans.
    candidates (Candidates): Chooses the pairs that are scored.
    seen (LabelPairs): Pairs of labels of relations in the training data.
    labels (Sequence[str]): The labels the component predicts.
    symmetric (AbstractSet[str]): Those that hold both ways: one direction is enough.
    multilabel (bool): Whether a pair can have several labels.
    name (str): The component's name.
    RAISES (SpanbertError): If there are gold relations, and none is between candidates that
        RelationCandidates chooses; a function of one's own may need what is not there yet.
    """
    reach = _measure_reach(get_examples(), spans_key, candidates, seen, symmetric, multilabel)
    missing = _missing(reach, candidates, corpus)
    if corpus.labels and not reach.n_reached and isinstance(candidates, RelationCandidates):
        raise SpanbertError(
            f"component {name!r} has nothing to learn: no gold relation is within reach of its "
            f"candidates, which [components.{name}.candidates] chooses among the spans.\n"
            + "\n".join(missing)
        )
    lines = [
        f"[{name}] {corpus.labels.total():,} relations between {corpus.n_spans:,} gold spans in "
        f"{corpus.n_docs:,} annotated Docs, {reach.n_candidates:,} candidate pairs: "
        f"{counts_text(corpus.labels)}"
    ]
    if corpus.n_without_spans:
        lines.append(
            f"{corpus.n_without_spans:,} of these Docs have no gold spans in "
            f"doc.spans[{spans_key!r}]: they are learned from with the spans that a component "
            "before this one writes there, if it is among [training] annotating_components. Of "
            "their pairs, only those between arguments of relations are counted here"
        )
    lines += missing
    if foreign := {label: n for label, n in corpus.labels.items() if label not in labels}:
        lines.append(f"Not among the labels, and learned as no relation: {counts_text(foreign)}")
    sys.stderr.write("\n".join(lines) + "\n")


@dataclass
class _Reach:
    """Which gold relations candidates reach: how many, and by reason those that they do not."""

    unreachable: dict[str, Counter[str]]
    n_candidates: int = 0
    n_reached: int = 0


def _measure_reach(
    examples: Iterable[Example],
    spans_key: str,
    candidates: Candidates,
    seen: LabelPairs,
    symmetric: AbstractSet[str],
    multilabel: bool,
) -> _Reach:
    unreachable: dict[str, Counter[str]] = {
        "with an argument that begins or ends inside a word": Counter(),
        f"with an argument that is no span of doc.spans[{spans_key!r}]": Counter(),
        "between spans that are no candidate pair": Counter(),
        "a second label of a pair (set multilabel = true)": Counter(),
    }
    misaligned, without_span, no_candidate, second = unreachable.values()
    measured = _Reach(unreachable)
    for example in examples:
        if not has_relations(example.reference):
            continue
        spans = gold_arguments(example, spans_key)
        gold = gold_pairs(example, spans)
        misaligned.update(relation.label for relation in gold.misaligned)
        without_span.update(relation.label for relation in gold.without_span)
        reached: set[GoldPair] = set()
        for heads, tails in pair_blocks([example.predicted], [spans], candidates, seen):
            measured.n_candidates += len(heads)
            reached |= _reached(gold.pairs, heads, tails, symmetric)
        measured.n_reached += len(reached)
        no_candidate.update(label for *_, label in set(gold.pairs) - reached)
        if not multilabel:
            first = {(head, tail): label for head, tail, label in sorted(reached, reverse=True)}
            second.update(label for head, tail, label in reached if first[head, tail] != label)
    return measured


def _missing(reach: _Reach, candidates: Candidates, corpus: RelationCorpus) -> list[str]:
    """RETURNS (list[str]): A line for each reason why gold relations are out of reach."""
    lines = [
        f"Out of reach, {reason}: {counts.total():,} ({counts_text(counts)})"
        for reason, counts in reach.unreachable.items()
        if counts
    ]
    if unknown := _unknown_labels(candidates, corpus.span_labels):
        names, known = (
            ", ".join(map(repr, some)) for some in (unknown, sorted(corpus.span_labels))
        )
        lines.append(
            f"label_pairs of relation_candidates names {names}; the labels of gold spans are "
            f"{known}"
        )
    return lines


def _unknown_labels(candidates: Candidates, span_labels: AbstractSet[str]) -> list[str]:
    """RETURNS (list[str]): What label_pairs names and no gold span bears."""
    if not isinstance(candidates, RelationCandidates) or isinstance(candidates.label_pairs, str):
        return []
    return sorted({label for pair in candidates.label_pairs for label in pair} - span_labels)


def _reached(
    gold: Sequence[GoldPair], heads: Tensor, tails: Tensor, symmetric: AbstractSet[str]
) -> set[GoldPair]:
    """RETURNS (set[GoldPair]): The gold pairs among candidates, of symmetric labels either way."""
    if not gold:
        return set()
    wanted = {pair[:2] for pair in gold} | {pair[1::-1] for pair in gold}
    found = wanted.intersection(zip(heads.tolist(), tails.tolist(), strict=True))
    return {
        (head, tail, label)
        for head, tail, label in gold
        if (head, tail) in found or (label in symmetric and (tail, head) in found)
    }
