"""Gold spans as rows of the candidates."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from spacy.training import Example
from torch import Tensor

from spacy_spanbert.annotations.gold_spans import place_gold_spans
from spacy_spanbert.nn.candidates import SpanCandidates


@dataclass(frozen=True)
class SpanTargets:
    """What the candidates of a batch should be.

    rows (Tensor): Candidates that are gold spans, shape (n_gold,).
    labels (Tensor): Index of their label, shape (n_gold,).
    annotated (Tensor): Which candidates belong to Docs with annotation, bool of shape (n_spans,).
    """

    rows: Tensor
    labels: Tensor
    annotated: Tensor


def span_targets(
    examples: Sequence[Example],
    candidates: SpanCandidates,
    spans_key: str,
    label_index: dict[str, int] | None,
) -> SpanTargets:
    """Look the gold spans up among the candidates.

    A Doc whose reference has no `spans[spans_key]` is not annotated: its candidates are neither
    right nor wrong. Gold that no candidate can reach was reported at initialization.

    examples (Sequence[Example]): The batch.
    candidates (SpanCandidates): Over the words of all predicted Docs.
    spans_key (str): Key in `doc.spans`.
    label_index (dict[str, int] | None): Index of each label; gold spans with other labels are left
        out. None: labels do not matter, all are 0, and what has several counts once.
    RETURNS (SpanTargets): Empty where nothing is annotated.
    """
    starts, lengths, labels, is_annotated = [], [], [], []
    offset = 0
    for example in examples:
        has_key = spans_key in example.reference.spans
        is_annotated.append(has_key)
        if has_key:
            for start, length, label in _indexed_gold(example, spans_key, label_index):
                starts.append(offset + start)
                lengths.append(length)
                labels.append(label)
        offset += len(example.predicted)
    n_words = torch.tensor([len(example.predicted) for example in examples])
    annotated_words = torch.tensor(is_annotated).repeat_interleave(n_words)
    rows = candidates.rows_of(
        torch.tensor(starts, dtype=torch.long), torch.tensor(lengths, dtype=torch.long)
    )
    return SpanTargets(
        rows=rows[rows >= 0],
        labels=torch.tensor(labels, dtype=torch.long)[rows >= 0],
        annotated=annotated_words[candidates.starts],
    )


def _indexed_gold(
    example: Example, spans_key: str, label_index: dict[str, int] | None
) -> list[tuple[int, int, int]]:
    """List start, length and label of the gold spans that can be learned, each once."""
    placed = place_gold_spans(example.predicted, example.reference, spans_key)
    aligned = [span for span in placed if span.is_aligned]
    if label_index is None:
        return list(dict.fromkeys((span.start, span.length, 0) for span in aligned))
    return [
        (span.start, span.length, label_index[span.label])
        for span in aligned
        if span.label in label_index
    ]
