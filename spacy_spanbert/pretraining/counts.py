"""What was asked of a text and what could not be, counted over a whole run."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from accelerate import Accelerator
from accelerate.utils import gather_object

from spacy_spanbert.pretraining.collate import count_boundary_losses, count_targets
from spacy_spanbert.pretraining.windows import Corrupted

# In the order in which they are shown. Other corruptions may count under other names.
MEANINGS = {
    "windows": "windows read",
    "pieces": "pieces in them, with special ones",
    "targets_mlm": "pieces asked by masked language modelling (mlm)",
    "targets_sbo": "pieces asked by the span boundary objective (sbo)",
    "targets_nsp": "pairs asked by next sentence prediction (nsp)",
    "targets_inserted": "pieces asked whether they were inserted",
    "targets_removed": "gaps asked whether something was removed",
    "unknown": "chosen pieces not asked, for the vocabulary lacks what stands there",
    "sbo_at_text_edge": "masked pieces sbo cannot ask: their span touches [CLS] or [SEP]",
    "sbo_beyond_positions": "masked pieces sbo cannot ask: too far inside a long span",
    "spans": "spans masked",
    "drawn_spans": "lengths of spans drawn",
    "drawn_words": "words these would have had together",
    "shortened": "spans shortened, for no room was as long",
    "trimmed": "last spans or words cut short or left out, for the share was reached",
    "unspent": "pieces of the share that no room was left for",
    "stretches": "stretches permuted or removed",
    "inserted": "pieces inserted",
    "no_room": "pieces not inserted, for the window was full",
    "removed": "pieces removed",
}


class TextCounts:
    """Adds up counts of windows.

    objectives (Collection[str]): Those that are trained.
    """

    def __init__(self, objectives: Collection[str]) -> None:
        self.objectives = objectives
        self._counts: Counter[str] = Counter()

    def add(self, items: Sequence[tuple[Corrupted, bool | None]]) -> None:
        """Count windows.

        items (Sequence[tuple[Corrupted, bool | None]]): Corrupted windows, and of each whether its
            second text follows the first; None without a pair.
        """
        windows = [window for window, _ in items]
        targets = count_targets(windows, [is_next for _, is_next in items])
        self._counts["windows"] += len(windows)
        for name in self.objectives:
            self._counts[f"targets_{name}"] += targets[name]
        for window in windows:
            self._counts["pieces"] += len(window.ids)
            self._counts.update(window.counts)
            if "sbo" in self.objectives:
                for name, count in count_boundary_losses(window).items():
                    self._counts[f"sbo_{name}"] += count

    def take(self, accelerator: Accelerator) -> Counter[str]:
        """Add up over processes, and begin anew; all processes must call this together.

        accelerator (Accelerator): Knows the processes.
        RETURNS (Counter[str]): The same in all processes, without zeros.
        """
        parts = [self._counts]
        if accelerator.num_processes > 1:
            parts = gather_object(parts)
        self._counts = Counter()
        return +sum(parts, Counter())


def render_counts(counts: Mapping[str, int]) -> str:
    """Tell what was counted.

    counts (Mapping[str, int]): By name, summed over the run.
    RETURNS (str): A line for each count: number, and what it is of. Empty without counts.
    """
    names = [name for name in MEANINGS if name in counts]
    names += sorted(counts.keys() - MEANINGS.keys())
    size = max((len(f"{counts[name]:,}") for name in names), default=0)
    return "\n".join(
        f"{counts[name]:>{size},} {MEANINGS.get(name, name.replace('_', ' '))}" for name in names
    )
