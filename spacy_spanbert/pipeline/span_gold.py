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
    label_index: dict[str, int],
) -> SpanTargets:
    """Look the gold spans up among the candidates.

    A Doc whose reference has no `spans[spans_key]` is not annotated: its candidates are neither
    right nor wrong. Gold that no candidate can reach was reported at initialization.

    examples (Sequence[Example]): The batch.
    candidates (SpanCandidates): Over the words of all predicted Docs.
    spans_key (str): Key in `doc.spans`.
    label_index (dict[str, int]): Index of each label; gold spans with other labels are left out.
    RETURNS (SpanTargets): Empty where nothing is annotated.
    """
    starts, lengths, labels, is_annotated = [], [], [], []
    offset = 0
    for example in examples:
        has_key = spans_key in example.reference.spans
        is_annotated.append(has_key)
        if has_key:
            for span in place_gold_spans(example.predicted, example.reference, spans_key):
                if span.is_aligned and span.label in label_index:
                    starts.append(offset + span.start)
                    lengths.append(span.length)
                    labels.append(label_index[span.label])
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
