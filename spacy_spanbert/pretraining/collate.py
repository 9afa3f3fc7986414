"""Corrupted windows to one batch of tensors."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from spacy_spanbert.nn.objectives import MAX_SPAN_PIECES
from spacy_spanbert.nn.packed_attention import row_groups
from spacy_spanbert.pretraining.model import ModelInput
from spacy_spanbert.pretraining.windows import NO_LABEL, Corrupted
from spacy_spanbert.text.windows import batch_rows

# What another group of rows costs in attention, in pieces.
GROUP_COST = 128

Longs = NDArray[np.int64]


def collate(
    windows: Sequence[Corrupted],
    is_next: Sequence[bool | None],
    device: torch.device | str = "cpu",
) -> ModelInput:
    """Lay windows one after the other, longest first, and say where each objective asks.

    The span boundary objective asks for nothing where a boundary of a span is [CLS] or a [SEP],
    the one between two texts too; see count_boundary_losses.

    windows (Sequence[Corrupted]): At least one, each with at least one piece.
    is_next (Sequence[bool | None]): Of each window, None where it is no pair.
    device (torch.device | str): Where to put the tensors.
    RETURNS (ModelInput): The batch.
    """
    lengths = np.array([len(window.ids) for window in windows], dtype=np.int32)
    indices = list(batch_rows(lengths, int(lengths.sum()) + 1, GROUP_COST))
    order = np.concatenate(indices).tolist()
    ordered = [windows[index] for index in order]
    starts = np.cumsum([0, *(len(window.ids) for window in ordered[:-1])])
    places: dict[str, Longs] = {"mlm": _join([w.places for w in ordered], starts)}
    targets: dict[str, Longs] = {"mlm": _join([w.targets for w in ordered])}
    spans = [_span_targets(window) for window in ordered]
    places["sbo"] = _join([part[0] for part in spans], starts)
    targets["sbo"] = _join([part[1] for part in spans])
    pairs = [(start, is_next[i]) for start, i in zip(starts, order, strict=True)]
    pairs = [(start, follows) for start, follows in pairs if follows is not None]
    places["nsp"] = np.array([start for start, _ in pairs], dtype=np.int64)
    targets["nsp"] = np.array([not follows for _, follows in pairs], dtype=np.int64)
    for name in ("inserted", "removed"):
        places[name], targets[name] = _labels([getattr(w, name) for w in ordered], starts)
    boundaries = np.concatenate(
        [part[2] + start for part, start in zip(spans, starts, strict=True)]
    )

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.astype(np.int64)).to(device)

    return ModelInput(
        ids=tensor(_join([window.ids for window in ordered])),
        segments=tensor(_join([window.segments for window in ordered])),
        groups=row_groups([lengths[group].tolist() for group in indices], device),
        places={name: tensor(array) for name, array in places.items()},
        targets={name: tensor(array) for name, array in targets.items()},
        boundaries=tensor(boundaries),
        positions=tensor(_join([part[3] for part in spans])),
    )


def count_targets(windows: Sequence[Corrupted], is_next: Sequence[bool | None]) -> dict[str, int]:
    """Count what each objective will ask, without making a batch.

    windows (Sequence[Corrupted]): Any number.
    is_next (Sequence[bool | None]): Of each window.
    RETURNS (dict[str, int]): By objective, as in `collate`.
    """
    return {
        "mlm": sum(len(window.places) for window in windows),
        "sbo": sum(len(_span_targets(window)[0]) for window in windows),
        "nsp": sum(follows is not None for follows in is_next),
        "inserted": sum(_n_labels(window.inserted) for window in windows),
        "removed": sum(_n_labels(window.removed) for window in windows),
    }


def count_boundary_losses(window: Corrupted) -> Counter[str]:
    """Count the masked pieces that the span boundary objective cannot ask for.

    window (Corrupted): A window.
    RETURNS (Counter[str]): `at_text_edge`: pieces whose span touches a special piece at an end
        of a text; `beyond_positions`: pieces too far inside a long span.
    """
    counts: Counter[str] = Counter()
    for (start, end), has_text in zip(window.spans.tolist(), _between_text(window), strict=True):
        if not has_text:
            counts["at_text_edge"] += end - start
        else:
            counts["beyond_positions"] += max(0, end - start - MAX_SPAN_PIECES)
    return counts


def _span_targets(window: Corrupted) -> tuple[Longs, Longs, Longs, Longs]:
    """Places, targets, boundaries (n_targets, 2) and positions of one window."""
    starts, ends = window.spans[_between_text(window)].T
    sizes = np.minimum(ends - starts, MAX_SPAN_PIECES)
    span = np.repeat(np.arange(len(starts)), sizes)
    positions = np.arange(len(span)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    places = starts[span] + positions
    is_asked = np.isin(places, window.places)
    span, positions, places = span[is_asked], positions[is_asked], places[is_asked]
    targets = window.targets[np.searchsorted(window.places, places)]
    boundaries = np.stack([starts[span] - 1, ends[span]], axis=1)
    return places, targets, boundaries, positions


def _between_text(window: Corrupted) -> NDArray[np.bool_]:
    """Whether there is text right before and right after each span, shape (n_spans,)."""
    starts, ends = window.spans[:, 0], window.spans[:, 1]
    # every window begins with [CLS] and ends with [SEP], and so do the texts inside it
    special = window.ids[[0, -1]]
    # shape (2, n_spans)
    has_text: NDArray[np.bool_] = ~np.isin(window.ids[np.stack([starts - 1, ends])], special)
    return has_text[0] & has_text[1]


def _labels(labels: Sequence[NDArray | None], starts: Longs) -> tuple[Longs, Longs]:
    """Where there is a label, and which."""
    empty = np.zeros(0, dtype=np.int64)
    asked = [empty if part is None else np.flatnonzero(part != NO_LABEL) for part in labels]
    values = [empty if part is None else part[part != NO_LABEL] for part in labels]
    return _join(asked, starts), _join(values)


def _n_labels(labels: NDArray | None) -> int:
    return 0 if labels is None else int((labels != NO_LABEL).sum())


def _join(arrays: Sequence[NDArray], starts: Longs | None = None) -> Longs:
    if starts is not None:
        arrays = [array + start for array, start in zip(arrays, starts, strict=True)]
    return np.concatenate(arrays).astype(np.int64)
