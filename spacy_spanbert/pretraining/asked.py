"""Whether a corruption asks what the objectives are to learn from."""

from collections.abc import Iterable, Iterator

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.collate import count_targets
from spacy_spanbert.pretraining.sampling import CorruptedText, WindowNumber, spread_sample

# Windows that are corrupted at most to find a target of each objective. A part of a mixture that
# has 1 % of the weight is missed once in 20,000 times.
SAMPLE = 1000
MENDING = {
    "mlm": "take a corruption that masks, replaces or reorders pieces, such as "
    "spacy-spanbert.SpanMasking.v1",
    "sbo": "take a corruption that masks spans, spacy-spanbert.SpanMasking.v1, and windows long "
    "enough that a span has text on both sides",
    "nsp": "set [pretraining.packing] pairs = true",
    "inserted": "take a corruption that inserts pieces, spacy-spanbert.PieceInsertion.v1",
    "removed": "take a corruption that removes pieces, spacy-spanbert.PieceDeletion.v1",
}


def check_asked(text: CorruptedText, objectives: Iterable[str]) -> None:
    """Refuse objectives that would learn nothing, because the corruption never asks for them.

    Windows are tried until each objective was asked once, which nearly always takes one or two.

    text (CorruptedText): What is to be learnt from, at least one window.
    objectives (Iterable[str]): Those with a weight above 0.
    RAISES (SpanbertError): If one has no target in any window that was tried; names it, and says
        what would ask for it.
    """
    wanted = list(objectives)
    asked: set[str] = set()
    n_tried = 0
    for number in _sample(text):
        corrupted, is_next = text.read(number)
        asked |= {name for name, n in count_targets([corrupted], [is_next]).items() if n}
        n_tried += 1
        if asked.issuperset(wanted):
            return
    missing = [name for name in wanted if name not in asked]
    raise SpanbertError(
        f"[pretraining.objectives] {_join(missing)} would learn nothing: in "
        f"{n_tried:,} windows the corruption asked "
        f"{_join(sorted(asked)) if asked else 'nothing'} only. "
        + " ".join(f"For {name}: {MENDING[name]}, or give it the weight 0." for name in missing)
    )


def _sample(text: CorruptedText) -> Iterator[WindowNumber]:
    indices = spread_sample(len(text), SAMPLE, text.seed)
    for number in range(SAMPLE):
        epoch, place = divmod(number, len(indices))
        yield WindowNumber(epoch, indices[place])


def _join(names: list[str]) -> str:
    return " and ".join(names)
