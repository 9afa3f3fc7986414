"""What a relation component learns from a corpus before training: labels, and what is missing."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from spacy.tokens import Span
from spacy.training import Example

from spacy_spanbert.annotations.gold_spans import distinct_spans, gold_spans_on
from spacy_spanbert.annotations.relations import get_relations, has_relations
from spacy_spanbert.pipeline.relation_arguments import pair_blocks
from spacy_spanbert.pipeline.relation_candidates import Candidates, LabelPairs
from spacy_spanbert.pipeline.relation_gold import gold_pairs, gold_rows


@dataclass
class RelationCorpus:
    """What the annotated examples hold.

    n_docs (int): Docs that are annotated with relations, be it with none.
    n_spans (int): Their gold spans.
    labels (Counter[str]): Relations by label.
    span_labels (set[str]): Labels of spans.
    label_pairs (set[tuple[str, str]]): Labels of head and tail of relations, of symmetric ones both
        ways.
    """

    n_docs: int = 0
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
    name: str,
) -> None:
    """Print which gold relations can be learned, and which cannot and why.

    get_examples (Callable[[], Iterable[Example]]): The examples.
    corpus (RelationCorpus): What read_relation_corpus found in them.
    spans_key (str): Key of the gold spans.
    candidates (Candidates): Chooses the pairs that are scored.
    seen (LabelPairs): Pairs of labels of relations in the training data.
    labels (Sequence[str]): The labels the component predicts.
    name (str): The component's name.
    """
    unreachable: dict[str, Counter[str]] = {
        "with an argument that begins or ends inside a word": Counter(),
        f"with an argument that is no span of doc.spans[{spans_key!r}]": Counter(),
        "between spans that are no candidate pair": Counter(),
    }
    misaligned, without_span, no_candidate = unreachable.values()
    n_candidates = 0
    index = {label: number for number, label in enumerate(corpus.labels)}
    for example in get_examples():
        if not has_relations(example.reference):
            continue
        spans: list[Span] = []
        if spans_key in example.reference.spans:
            spans = gold_spans_on(example.predicted, example.reference, spans_key)
        gold = gold_pairs(example, spans)
        misaligned.update(relation.label for relation in gold.misaligned)
        without_span.update(relation.label for relation in gold.without_span)
        reached: Counter[str] = Counter()
        for heads, tails in pair_blocks([example.predicted], [spans], candidates, seen):
            n_candidates += len(heads)
            _, found = gold_rows(gold.pairs, heads, tails, index)
            reached.update(list(index)[label] for label in found.tolist())
        no_candidate.update(Counter(label for *_, label in gold.pairs) - reached)
    text = (
        f"[{name}] {corpus.labels.total():,} relations between {corpus.n_spans:,} gold spans in "
        f"{corpus.n_docs:,} annotated Docs, {n_candidates:,} candidate pairs: "
        f"{_counts(corpus.labels)}\n"
    )
    for reason, counts in unreachable.items():
        if counts:
            text += f"Out of reach, {reason}: {counts.total():,} ({_counts(counts)})\n"
    if foreign := {label: n for label, n in corpus.labels.items() if label not in labels}:
        text += f"Not among the labels, and learned as no relation: {_counts(foreign)}\n"
    sys.stderr.write(text)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label} {counts[label]:,}" for label in sorted(counts))
