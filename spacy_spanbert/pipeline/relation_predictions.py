"""From scores to the relations that are written on a Doc."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

from spacy.tokens import Span
from torch import Tensor

from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.pipeline.label_choice import choose_labels


def select_relations(
    blocks: Iterable[tuple[Tensor, Tensor, Tensor]],
    spans: Sequence[Sequence[Span]],
    *,
    labels: Sequence[str],
    symmetric: AbstractSet[str],
    threshold: float,
    multilabel: bool,
) -> list[list[Relation]]:
    """Keep what is probable enough, block by block.

    A relation of a symmetric label is kept once, from the span that comes first, with the higher
    score of the two directions.

    blocks (Iterable[tuple[Tensor, Tensor, Tensor]]): Heads, tails and logits of pairs.
    spans (Sequence[Sequence[Span]]): Of each Doc, its spans; heads and tails count over them all.
    labels (Sequence[str]): Names of the labels.
    symmetric (AbstractSet[str]): Those that hold both ways.
    threshold, multilabel: See choose_labels.
    RETURNS (list[list[Relation]]): Of each Doc, by head, then tail, then label.
    """
    found: dict[tuple[int, int, int], float] = {}
    for heads, tails, logits in blocks:
        rows, chosen, scores = choose_labels(logits, threshold=threshold, multilabel=multilabel)
        columns = (heads[rows].tolist(), tails[rows].tolist(), chosen.tolist(), scores.tolist())
        for head, tail, label, score in zip(*columns, strict=True):
            is_turned = tail < head and labels[label] in symmetric
            key = (tail, head, label) if is_turned else (head, tail, label)
            found[key] = max(score, found.get(key, 0.0))
    all_spans = [(span, index) for index, doc_spans in enumerate(spans) for span in doc_spans]
    relations: list[list[Relation]] = [[] for _ in spans]
    for (head, tail, label), score in sorted(found.items()):
        span, index = all_spans[head]
        relations[index].append(Relation(span, all_spans[tail][0], labels[label], score))
    return relations
