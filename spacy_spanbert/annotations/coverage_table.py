"""Coverage as text."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from wasabi import table

from spacy_spanbert.annotations.coverage_counts import REASONS, Coverage

# the longest spans of the rows of the table by length; a last row has all longer ones
_LENGTH_ROWS = (*range(1, 13), 16, 20, 30)
_OVERLAP_NAMES = {"any": "crossing", "nested": "crossing", "flat": "overlapping"}


class _Row(NamedTuple):
    name: str
    n_spans: int
    n_unreachable: list[int]  # by reason


def render_coverage(coverage: Coverage) -> str:
    """Write as plain text what of the gold spans is within reach.

    A sentence, then tables by label, by length, and by what `max_length` would allow.
    Reasons that keep no span out of reach have no column.

    coverage (Coverage): The counts.
    RETURNS (str): Lines without a final line break; the sentence alone if there are no
        gold spans.
    """
    if not coverage.n_spans:
        return _summarise(coverage)
    tables = (_tabulate_labels, _tabulate_lengths, _tabulate_limits)
    return "\n\n".join([_summarise(coverage), *(tabulate(coverage) for tabulate in tables)])


def _summarise(coverage: Coverage) -> str:
    parts = [f"{_number(coverage.n_spans, 'gold span')} in {_number(coverage.n_docs, 'document')}"]
    if coverage.n_spans:
        n_reachable = coverage.n_spans - coverage.n_unreachable
        any_length = coverage.max_length is None
        parts += [
            f"{coverage.n_inside:,} inside another",
            f"{n_reachable:,} ({_percent(n_reachable, coverage.n_spans)}) within reach of "
            + ("spans of any length" if any_length else f"max_length {coverage.max_length}"),
        ]
    if coverage.n_duplicates:
        parts.append(f"{_number(coverage.n_duplicates, 'repetition')} not counted")
    if coverage.n_docs_without_key:
        left_out = _number(coverage.n_docs_without_key, "document")
        parts.append(f"{left_out} without doc.spans[{coverage.spans_key!r}] not counted")
    return "; ".join(parts) + "."


def _tabulate_labels(coverage: Coverage) -> str:
    counts = coverage.by_label
    rows = [
        _Row(
            label if label.isprintable() else repr(label),
            counts[label],
            [coverage.unreachable[reason][label] for reason in REASONS],
        )
        for label in sorted(counts, key=lambda label: (-counts[label], label))
    ]
    totals = [coverage.unreachable[reason].total() for reason in REASONS]
    return _tabulate("label", coverage, [*rows, _Row("(all)", coverage.n_spans, totals)])


def _tabulate_lengths(coverage: Coverage) -> str:
    by_row = _group_lengths(coverage.by_length)
    unreachable = {
        reason: _group_lengths(counts) for reason, counts in coverage.unreachable_by_length.items()
    }
    rows = [
        _Row(name, n_spans, [unreachable[reason][name] for reason in REASONS])
        for name, n_spans in by_row.items()
    ]
    return _tabulate("words", coverage, rows)


def _tabulate_limits(coverage: Coverage) -> str:
    rows = []
    for limit in sorted(coverage.reachable_at, key=lambda limit: (limit is None, limit)):
        name = ("any" if limit is None else str(limit)) + " *" * (limit == coverage.max_length)
        n_reachable = coverage.reachable_at[limit]
        rows.append((name, f"{n_reachable:,}", _percent(n_reachable, coverage.n_spans)))
    return _draw(("max_length", "within reach", "recall at most"), rows)


def _tabulate(first: str, coverage: Coverage, rows: Sequence[_Row]) -> str:
    shown = [i for i in range(len(REASONS)) if any(row.n_unreachable[i] for row in rows)]
    names = list((REASONS | {"crossing": _OVERLAP_NAMES[coverage.overlap]}).values())
    header = (first, "spans", "within reach", *(names[i] for i in shown))
    cells = [
        (
            row.name,
            f"{row.n_spans:,}",
            _percent(row.n_spans - sum(row.n_unreachable), row.n_spans),
            *(f"{row.n_unreachable[i]:,}" if row.n_unreachable[i] else "" for i in shown),
        )
        for row in rows
    ]
    return _draw(header, cells)


def _draw(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    aligns = ["l", *"r" * (len(header) - 1)]
    drawn = table(rows, header=header, divider=True, aligns=aligns, max_col=60)
    return "\n".join(line.rstrip() for line in drawn.strip("\n").splitlines())


def _group_lengths(counts: Mapping[int, int]) -> Counter[str]:
    """Add up the counts of the lengths that share a row, in the order of length."""
    grouped: Counter[str] = Counter()
    for length in sorted(counts):
        grouped[_name_row(length)] += counts[length]
    return grouped


def _name_row(length: int) -> str:
    before = 0
    for longest in _LENGTH_ROWS:
        if length <= longest:
            return str(length) if longest - before <= 1 else f"{before + 1}-{longest}"
        before = longest
    return f"{before + 1}+"


def _number(n_things: int, thing: str) -> str:
    return f"{n_things:,} {thing}" + "s" * (n_things != 1)


def _percent(part: int, whole: int) -> str:
    """Round towards what it is not: 100.0 % is said of everything only, 0.0 % of nothing only."""
    share = 100 * part / whole
    if part < whole:
        share = min(share, 99.9)
    if part > 0:
        share = max(share, 0.1)
    return f"{share:.1f}%"
