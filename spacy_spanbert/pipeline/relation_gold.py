"""Gold relations as pairs of the spans that are scored."""

import random
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import torch
from spacy.tokens import Span
from spacy.training import Example
from torch import Tensor

from spacy_spanbert.annotations.gold_spans import gold_spans_on, span_placer, spans_on
from spacy_spanbert.annotations.relations import Relation, get_relations, has_relations
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pipeline.relation_arguments import argument_spans

# Positions of head and tail among the spans of a Doc, and the label.
GoldPair = tuple[int, int, str]


@dataclass(frozen=True)
class GoldPairs:
    """The gold relations of a Doc.

    pairs (list[GoldPair]): Those between spans that are there, of symmetric labels both ways.
    misaligned (list[Relation]): Those with an argument that the predicted words cannot express.
    without_span (list[Relation]): Those with an argument that is none of the spans.
    """

    pairs: list[GoldPair]
    misaligned: list[Relation]
    without_span: list[Relation]


def training_spans(
    example: Example, spans_key: str, gold_share: float, name: str
) -> list[Span] | None:
    """Choose the spans of a Doc whose pairs are learned from.

    example (Example): The Doc and its gold.
    spans_key (str): Key in `doc.spans`.
    gold_share (float): Share of Docs, drawn at each call, in which these are the gold spans, on
        the predicted words; else those that the predicted Doc has. 0 to 1.
    name (str): The component's name.
    RETURNS (list[Span] | None): As argument_spans; None if the reference is not annotated with
        relations, so that there is nothing to learn.
    RAISES (SpanbertError): If the spans are not there.
    """
    if not has_relations(example.reference):
        return None
    # no draw without need: training with one kind alone does not depend on it
    if gold_share == 1 or (gold_share > 0 and random.random() < gold_share):  # noqa: S311
        if spans_key in example.reference.spans:
            return gold_spans_on(example.predicted, example.reference, spans_key)
        if spans_key not in example.predicted.spans and len(example.predicted):
            raise SpanbertError(
                f"the gold Doc {example.reference.text[:60]!r} has relations, but no spans that "
                f"they could join: component {name!r} reads doc.spans[{spans_key!r}]. Set all "
                "spans there, those without relation too; or, to learn from those that another "
                "component finds, name it and the encoder in [training] annotating_components"
            )
    elif spans_key not in example.predicted.spans and len(example.predicted):
        raise SpanbertError(
            f"component {name!r} is to learn from predicted spans (gold_share = {gold_share}), but "
            f"the Doc {example.predicted.text[:60]!r} has no doc.spans[{spans_key!r}]. Name the "
            "encoder and the component that sets them in [training] annotating_components, or set "
            f"[components.{name}] gold_share = 1.0"
        )
    return argument_spans(example.predicted, spans_key, name)


def gold_arguments(example: Example, spans_key: str) -> list[Span]:
    """Make the spans of a Doc that gold relations may join, as far as gold tells.

    example (Example): The Doc and its gold.
    spans_key (str): Key in `doc.spans`.
    RETURNS (list[Span]): The gold spans, on the predicted words. Where there are none of this key,
        as those of a span finder, the arguments of the gold relations.
    RAISES (SpanbertError): If the two texts differ in more than white space and case.
    """
    predicted, reference = example.predicted, example.reference
    if spans_key in reference.spans:
        return gold_spans_on(predicted, reference, spans_key)
    relations = get_relations(reference)
    return spans_on(predicted, reference, [span for r in relations for span in (r.head, r.tail)])


def gold_pairs(
    example: Example, spans: Sequence[Span], symmetric: AbstractSet[str] = frozenset()
) -> GoldPairs:
    """Find the gold relations among the spans of a predicted Doc, relation by relation.

    An argument is the span with its boundaries and its label; if there is none, any with its
    boundaries: a predicted span of a wrong label is related all the same.

    example (Example): The Doc and its gold.
    spans (Sequence[Span]): Spans of the predicted Doc.
    symmetric (AbstractSet[str]): Labels of relations that hold both ways.
    RETURNS (GoldPairs): Without repetitions; none for a Doc without annotation.
    """
    place = span_placer(example.predicted, example.reference)
    by_boundaries = {(span.start, span.end): index for index, span in enumerate(spans)}
    by_label = {(span.start, span.end, span.label): index for index, span in enumerate(spans)}

    def find(argument: Span) -> int | None:
        at = place(argument.start, argument.end)
        if at is None:
            return None
        return by_label.get((*at, argument.label), by_boundaries.get(at, -1))

    found = GoldPairs([], [], [])
    for relation in get_relations(example.reference):
        head, tail = find(relation.head), find(relation.tail)
        if head is None or tail is None:
            found.misaligned.append(relation)
        elif head < 0 or tail < 0:
            found.without_span.append(relation)
        else:
            found.pairs.append((head, tail, relation.label))
            if relation.label in symmetric:
                found.pairs.append((tail, head, relation.label))
    found.pairs[:] = dict.fromkeys(found.pairs)
    return found


def gold_rows(
    gold: Iterable[GoldPair], heads: Tensor, tails: Tensor, labels: Mapping[str, int]
) -> tuple[Tensor, Tensor]:
    """Look gold pairs up among the candidates.

    gold (Iterable[GoldPair]): Gold pairs, counted as the candidates are.
    heads (Tensor): Of the candidates, long [n_pairs].
    tails (Tensor): Likewise.
    labels (Mapping[str, int]): Index of each label; gold of other labels is left out.
    RETURNS (tuple[Tensor, Tensor]): Rows of the candidates, and indices of labels, long [n_gold]
        each; gold pairs that are no candidates are left out.
    """
    wanted = [(head, tail, labels[label]) for head, tail, label in gold if label in labels]
    # [n_wanted, 3]
    columns = torch.tensor(wanted, dtype=torch.long).reshape(-1, 3)
    if not len(heads) or not len(columns):
        return columns[:0, 0], columns[:0, 2]
    n_spans = int(torch.maximum(tails.max(), columns[:, 1].max())) + 1
    keys, rows = (heads * n_spans + tails).sort(stable=True)
    wanted_keys = columns[:, 0] * n_spans + columns[:, 1]
    places = torch.searchsorted(keys, wanted_keys).clamp_max(len(keys) - 1)
    is_found = keys[places] == wanted_keys
    return rows[places[is_found]], columns[is_found, 2]
