"""Scores of predicted relations: strict and relaxed, by type, by distance, and of nested spans."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import registry

from spacy_spanbert.annotations.positions import WordPositions, word_positions
from spacy_spanbert.annotations.relations import get_relations, has_relations
from spacy_spanbert.training.span_counts import LabelledSpan, Tally

# Head and tail on a ruler, and the relation's label.
Triple = tuple[LabelledSpan, LabelledSpan, str]
# Words between the two spans; "overlap" for spans that share words.
DISTANCE_BUCKETS = {"0-4": 4, "5-9": 9, "10-19": 19, "20-49": 49, "50+": None}


@registry.scorers("spacy-spanbert.relation_scorer.v1")
def make_relation_scorer() -> Callable[..., dict[str, Any]]:
    """Make the scorer a pipeline component is given.

    RETURNS (Callable): Takes examples and the component's settings; see `score_relations`.
    """
    return _score_component


def _score_component(
    examples: Iterable[Example], *, symmetric: Iterable[str] = (), **cfg: Any
) -> dict[str, Any]:
    del cfg
    return score_relations(examples, frozenset(symmetric))


def score_relations(
    examples: Iterable[Example], symmetric: AbstractSet[str] = frozenset()
) -> dict[str, Any]:
    """Score the predicted relations of examples against the gold ones.

    A predicted relation is right when a gold one has the same type and the same arguments: the
    first and last character of both, and both labels; the label of an argument that was predicted
    without one, as by a span finder, is left aside. A gold relation between spans that were never
    a candidate pair, or not predicted as spans, is missed. The same relation counts once.
    Examples whose reference has no relations, not even an empty list, are not annotated and are
    skipped; if all are, every value is None, as it is for each kind of which there are neither
    predicted nor gold relations. All values can be written as JSON.

    relations_p, _r, _f: Precision, recall and F1.
    relations_per_type: The three by type, as {"p", "r", "f"}.
    relations_relaxed_p, _r, _f: Labels of the arguments left aside; boundaries and type count.
    relations_per_distance: By words between the arguments (of gold words, each that lies between
        them in whole), in buckets from "0-4" to "50+", and "overlap" where they share some;
        as {"p", "r", "f", "n_predicted", "n_gold"}.
    relations_nested_p, _r, _f: Of relations in which one argument lies inside the other.

    examples (Iterable[Example]): Predicted and reference Docs of one text each.
    symmetric (AbstractSet[str]): Types of relations that hold both ways: head and tail may be
        swapped.
    RETURNS (dict[str, Any]): The scores, from 0 to 1; all None on empty input.
    RAISES (SpanbertError): If an example's two texts differ in more than white space and case.
    """
    overall, relaxed, nested = Tally(), Tally(), Tally()
    per_type: defaultdict[str, Tally] = defaultdict(Tally)
    per_distance: defaultdict[str, Tally] = defaultdict(Tally)
    for example in examples:
        if not has_relations(example.reference):
            continue
        words, gold_words = word_positions(example.predicted, example.reference)
        gold = _triples(example.reference, gold_words, symmetric)
        predicted = _labelled(_triples(example.predicted, words, symmetric), gold, symmetric)
        overall.add(predicted, gold)
        relaxed.add(_without_labels(predicted, symmetric), _without_labels(gold, symmetric))
        nested.add(set(filter(_is_nested, predicted)), set(filter(_is_nested, gold)))
        for triple in predicted | gold:
            bucket = _distance_bucket(triple, gold_words)
            for tally in (per_type[triple[2]], per_distance[bucket]):
                tally.add({triple} & predicted, {triple} & gold)
    nothing = overall.is_empty
    buckets = ("overlap", *DISTANCE_BUCKETS)
    return {
        **_named(overall, "relations"),
        "relations_per_type": None
        if nothing
        else {label: tally.to_dict() for label, tally in sorted(per_type.items())},
        **_named(relaxed, "relations_relaxed"),
        "relations_per_distance": None
        if nothing
        else {name: per_distance[name].to_dict_with_size() for name in buckets},
        **_named(nested, "relations_nested"),
    }


def _triples(doc: Doc, words: WordPositions, symmetric: AbstractSet[str]) -> set[Triple]:
    def place(span: Span) -> LabelledSpan:
        return (*words.place(span.start, span.end), span.label_)

    found = ((place(r.head), place(r.tail), r.label) for r in get_relations(doc))
    return {_in_order(triple, symmetric) for triple in found}


def _labelled(
    triples: AbstractSet[Triple], gold: AbstractSet[Triple], symmetric: AbstractSet[str]
) -> set[Triple]:
    """Give arguments without a label that of a gold relation which is the same but for it."""
    if all(head[2] and tail[2] for head, tail, _ in triples):
        return set(triples)
    same_words: defaultdict[Triple, list[Triple]] = defaultdict(list)
    for triple in sorted(gold):
        same_words[_bare(triple, symmetric)].append(triple)

    def label(triple: Triple) -> Triple:
        head, tail, _ = triple
        for other in same_words[_bare(triple, symmetric)]:
            if head[2] in ("", other[0][2]) and tail[2] in ("", other[1][2]):
                return other
        return triple

    return set(map(label, triples))


def _in_order(triple: Triple, symmetric: AbstractSet[str]) -> Triple:
    head, tail, label = triple
    return (min(head, tail), max(head, tail), label) if label in symmetric else triple


def _without_labels(triples: AbstractSet[Triple], symmetric: AbstractSet[str]) -> set[Triple]:
    return {_bare(triple, symmetric) for triple in triples}


def _bare(triple: Triple, symmetric: AbstractSet[str]) -> Triple:
    head, tail, label = triple
    return _in_order(((*head[:2], ""), (*tail[:2], ""), label), symmetric)


def _is_nested(triple: Triple) -> bool:
    (start, end, _), (other_start, other_end, _), _ = triple
    return (start <= other_start and other_end <= end) or (
        other_start <= start and end <= other_end
    )


def _distance_bucket(triple: Triple, words: WordPositions) -> str:
    head, tail, _ = triple
    gap_start, gap_end = min(head[1], tail[1]), max(head[0], tail[0])
    if gap_start > gap_end:
        return "overlap"
    # of the words that begin in the gap: those that end in it
    first, after = bisect_left(words.starts, gap_start), bisect_left(words.starts, gap_end)
    n_words = sum(words.starts[i] < words.ends[i] <= gap_end for i in range(first, after))
    for name, most in DISTANCE_BUCKETS.items():
        if most is None or n_words <= most:
            return name
    raise AssertionError("the last bucket has no end")


def _named(tally: Tally, prefix: str) -> dict[str, Any]:
    return {f"{prefix}_{name}": value for name, value in tally.to_dict().items()}
