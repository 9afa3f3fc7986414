"""Draw the labels of a text as a line of HTML under it."""

import math
from collections.abc import Iterator, Mapping
from html import escape

from spacy_spanbert.data.html_draw import clean

# The most probable ones; of the others there is a count.
MOST_SHOWN = 6
# From here on a label is set off: the threshold of spaCy's scorer for labels that exclude no other.
LIKELY = 0.5


def draw_labels(cats: Mapping[str, float]) -> Iterator[str]:
    """Draw the labels of a text, the most probable first, those from 0.5 in bold letters.

    cats (Mapping[str, float]): A value by label, as in `doc.cats`.
    YIELDS (str): HTML; nothing for no labels.
    """
    if not cats:
        return
    ordered = sorted(cats.items(), key=lambda item: (-_order(item[1]), item[0]))
    yield '<p class="k">'
    for label, value in ordered[:MOST_SHOWN]:
        name = escape(clean(label))
        name = f"<strong>{name}</strong>" if value >= LIKELY else name
        yield f'<span>{name} <span class="n">{value:.3f}</span></span> '
    n_more = len(ordered) - MOST_SHOWN
    yield f"<span>and {n_more:,} more</span></p>\n" if n_more > 0 else "</p>\n"


def _order(value: float) -> float:
    """What is no number comes last."""
    return -math.inf if math.isnan(value) else value
