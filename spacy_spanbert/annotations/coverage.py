"""Which gold spans a head could predict at all, and how long spans must be allowed to be."""

import math
from collections.abc import Iterable

from spacy.tokens import Doc
from spacy.training import Example

from spacy_spanbert.annotations.coverage_counts import LIMITS, Coverage
from spacy_spanbert.annotations.gold_spans import (
    GoldSpan,
    place_gold_spans,
    sentence_numbers,
)
from spacy_spanbert.annotations.nesting import inside_another
from spacy_spanbert.annotations.overlap import resolve_overlap
from spacy_spanbert.errors import SpanbertError

DEFAULT_MAX_LENGTH = 8


def span_coverage(
    examples_or_docs: Iterable[Example | Doc],
    spans_key: str,
    max_length: int | None,
    cross_sentences: bool = False,
    overlap: str = "any",
    multilabel: bool = True,
) -> Coverage:
    """Count the gold spans of a corpus that can be predicted, and those that cannot.

    Of an Example, the gold spans of the reference are placed on the words of the
    predicted Doc, and the sentence boundaries are those of the predicted Doc, as a
    head sees both. Of a Doc its own are taken. Without sentence boundaries nothing is
    across sentences. Where overlap is restricted, the gold spans that must go are
    those `resolve_overlap` drops when all have the same score: for "flat" as few as
    possible, for "nested" those that cross a kept one that starts before.

    examples_or_docs (Iterable[Union[Example, Doc]]): The corpus; read once.
    spans_key (str): Key of the gold spans in `doc.spans`.
    max_length (Optional[int]): Longest span that can be predicted, in words; None for any.
    cross_sentences (bool): Whether spans may reach over sentence boundaries.
    overlap (str): "any", "nested" or "flat", as in `resolve_overlap`.
    multilabel (bool): Whether a stretch may have several labels; where not, the first
        by alphabet counts as reachable.
    RETURNS (Coverage): The counts; all 0 on empty input.
    RAISES (SpanbertError): If max_length is below 1, overlap is unknown, or the two
        texts of an Example differ.
    """
    if max_length is not None and max_length < 1:
        raise SpanbertError(f"max_length must be 1 or more; got {max_length}")
    resolve_overlap([], [], [], overlap)  # refuses an unknown name before anything is read
    coverage = Coverage(spans_key, max_length, overlap)
    limits = {*LIMITS, max_length}
    coverage.reachable_at.update(dict.fromkeys(limits, 0))
    for item in examples_or_docs:
        predicted, reference = (
            (item.predicted, item.reference) if isinstance(item, Example) else (item, item)
        )
        if spans_key not in reference.spans:
            coverage.n_docs_without_key += 1
            continue
        coverage.n_docs += 1
        gold = place_gold_spans(predicted, reference, spans_key)
        coverage.n_duplicates += len(reference.spans[spans_key]) - len(gold)
        coverage.n_inside += _count_inside(reference, spans_key)
        sentences = None if cross_sentences else sentence_numbers(predicted)
        _count_reach(coverage, _leave_out_fixed(coverage, gold, sentences, multilabel))
    return coverage


def choose_max_length(lengths: Iterable[int], reachable: float = 0.995) -> int:
    """Choose the smallest maximal length that leaves enough gold spans reachable.

    lengths (Iterable[int]): Length of each gold span, in words; of a Coverage, take
        `coverage.lengths.elements()`.
    reachable (float): Share of the spans that must be no longer; above 0, up to 1.
    RETURNS (int): Length in words, 1 or more; 8 on empty input.
    RAISES (SpanbertError): If `reachable` is not such a share.
    """
    if not 0 < reachable <= 1:
        raise SpanbertError(f"reachable must be above 0 and at most 1; got {reachable}")
    ordered = sorted(lengths)
    if not ordered:
        return DEFAULT_MAX_LENGTH
    n_needed = math.ceil(round(reachable * len(ordered), 6))  # 0.995 * 200 is 199, not a bit more
    return max(1, ordered[max(n_needed, 1) - 1])


def _count_inside(doc: Doc, spans_key: str) -> int:
    labelled = {(span.start, span.end, span.label_) for span in doc.spans[spans_key]}
    inside = inside_another((start, end) for start, end, _ in labelled)
    return sum((start, end) in inside for start, end, _ in labelled)


def _leave_out_fixed(
    coverage: Coverage, gold: list[GoldSpan], sentences: list[int] | None, multilabel: bool
) -> list[GoldSpan]:
    """Count all gold spans, and leave out those that no max_length brings into reach."""
    free: list[GoldSpan] = []
    labelled: set[tuple[int, int]] = set()
    for span in gold:
        coverage.by_label[span.label] += 1
        coverage.by_length[span.length] += 1
        if span.length == 0:
            coverage.leave_out("empty", span)
        elif not span.is_aligned:
            coverage.leave_out("misaligned", span)
        elif sentences and sentences[span.start] != sentences[span.end - 1]:
            coverage.leave_out("crosses_sentence", span)
        elif not multilabel and (span.start, span.end) in labelled:
            coverage.leave_out("second_label", span)
        else:
            labelled.add((span.start, span.end))
            coverage.lengths[span.length] += 1
            free.append(span)
    return free


def _count_reach(coverage: Coverage, free: list[GoldSpan]) -> None:
    """Count the spans that may stand together at each limit, and leave out the others."""
    for limit in coverage.reachable_at:
        short = [span for span in free if limit is None or span.length <= limit]
        kept = _keep_compatible(short, coverage.overlap)
        coverage.reachable_at[limit] += sum(span in kept for span in short)
        if limit == coverage.max_length:
            for span in free:
                if span in kept:
                    continue
                too_long = limit is not None and span.length > limit
                coverage.leave_out("too_long" if too_long else "crossing", span)


def _keep_compatible(spans: list[GoldSpan], overlap: str) -> set[GoldSpan]:
    if overlap == "any":
        return set(spans)
    starts, ends = [span.start for span in spans], [span.end for span in spans]
    return {spans[index] for index in resolve_overlap(starts, ends, [1.0] * len(spans), overlap)}
