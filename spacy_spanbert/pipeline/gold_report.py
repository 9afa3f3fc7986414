"""What is said at initialization of the gold annotation of a corpus."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence


def report_learnable(
    gold: Counter[str],
    lost: Sequence[tuple[Counter[str], str]],
    *,
    labels: Sequence[str],
    things: str,
    foreign: str,
    name: str,
) -> None:
    """Print how much of a corpus can be learned, and what cannot and why.

    gold (Counter[str]): All there is, by label.
    lost (Sequence[tuple[Counter[str], str]]): What of it the pipeline's words cannot express, by
        label, and why; each thing once.
    labels (Sequence[str]): The labels the component predicts.
    things (str): What is counted, "entities" and the like.
    foreign (str): What becomes of those with other labels.
    name (str): The component's name.
    """
    n_lost = sum(counts[label] for counts, _ in lost for label in labels)
    n_learned = sum(gold[label] for label in labels) - n_lost
    text = f"[{name}] {n_learned:,} of {gold.total():,} gold {things} can be learned\n"
    others = Counter({label: n for label, n in gold.items() if label not in labels})
    for counts, reason in (*lost, (others, f"are not among the labels, and {foreign}")):
        if counts:
            text += f"{counts.total():,} {reason}: {counts_text(counts)}\n"
    sys.stderr.write(text)


def counts_text(counts: Mapping[str, int]) -> str:
    """RETURNS (str): Labels and how many there are of each, by name."""
    return ", ".join(f"{label} {counts[label]:,}" for label in sorted(counts))
