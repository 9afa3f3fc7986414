"""The page around drawn documents: title, legend, colours. One file, no scripts."""

from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape

from spacy_spanbert.data.html_draw import clean, label_class

# From the sets of Okabe and Ito (2008) and of Paul Tol, ordered so that the first eight are told
# apart best with the common kinds of colour blindness; all stand out from white as lines.
PALETTE = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#332288", "#999933", "#6d4c41", "#aa3377"),
    *("#7f4fc9", "#117733", "#8a5a00", "#5b3a8e"),
)
DARK, LIGHT = "#000000", "#ffffff"

STYLE = """\
:root { color-scheme: light; }
body { max-width: 52rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; color: #1a1a1a;
  background: #fff; font: 17px/1.6 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .5rem; color: #555; overflow-wrap: anywhere; }
header { border-bottom: 1px solid #ccc; padding-bottom: .75rem; margin-bottom: 1.25rem; }
header p { margin: 0 0 .75rem; color: #555; font-size: .85rem; }
ul { list-style: none; display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; margin: 0; padding: 0;
  font-size: .85rem; }
ul b { position: static; font-size: .8rem; padding: .15rem .4rem; margin-inline-end: .4rem; }
section { margin-bottom: 1.25rem; }
section + section { border-top: 1px solid #ddd; padding-top: 1rem; }
.p { margin: 0 0 .6rem; overflow-wrap: anywhere; }
.spans { display: inline; line-height: inherit !important; }
.w { position: relative; }
i, b { user-select: none; }
i { position: absolute; inset-inline: 0; height: 4px; }
u { line-height: 15px; text-decoration: none; }
b { position: absolute; inset-inline-start: 0; margin-top: -4px; padding: 0 3px; z-index: 1;
  font: bold 10px/12px system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
  border-radius: 2px; box-shadow: 0 0 0 1px #fff; white-space: nowrap; }
.k { margin: 0 0 .6rem; font-size: .85rem; color: #555; }
.k > span { margin-inline-end: .9rem; }
details { margin: 0 0 .9rem; font-size: .85rem; }
summary { color: #555; }
table { border-collapse: collapse; margin-top: .25rem; }
td { padding: .1rem .9rem .1rem 0; vertical-align: baseline; overflow-wrap: anywhere; }
td b { position: static; margin-inline-end: .4rem; }
.r::before, .r::after { content: "\\2014"; color: #888; }
.r::after { content: "\\2192"; }
[dir=rtl] .r::after { content: "\\2190"; }
.n { font-variant-numeric: tabular-nums; color: #555; }
@media print { i, b { print-color-adjust: exact; } }
"""


def text_color(background: str) -> str:
    """Choose black or white text, whichever stands out more.

    background (str): A colour, "#rrggbb".
    RETURNS (str): The colour of the text; the contrast is at least 4.5 (WCAG 2 AA) on any.
    """
    return max(DARK, LIGHT, key=lambda color: contrast(color, background))


def contrast(one: str, other: str) -> float:
    """Measure the contrast of two colours as WCAG 2 defines it.

    one (str): A colour, "#rrggbb".
    other (str): Another.
    RETURNS (float): 1 (equal) to 21 (black and white).
    """
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def choose_colors(labels: Iterable[str]) -> dict[str, str]:
    """Choose a colour for each label.

    labels (Iterable[str]): The labels, in any order; those that differ only in case share one.
    RETURNS (dict[str, str]): Colours by label; they come again if there are more than 12 labels.
    """
    ordered = sorted(set(labels), key=lambda label: (label.upper(), label))
    place = {key: i for i, key in enumerate(dict.fromkeys(label.upper() for label in ordered))}
    return {label: PALETTE[place[label.upper()] % len(PALETTE)] for label in ordered}


def page_head(
    title: str,
    counts: Counter[str],
    n_docs: int,
    n_words: int,
    labels: Iterable[str] = (),
    relations: Counter[str] | None = None,
) -> Iterator[str]:
    """Make the page as far as the first document.

    title (str): Its title.
    counts (Counter[str]): How many spans of each label are on the page.
    n_docs (int): How many documents.
    n_words (int): How many words.
    labels (Iterable[str]): Other labels there may be: with them, the colours are the same on all
        pages of one pipeline.
    relations (Counter[str] | None): How many relations of each label are on the page; None if it
        is not known of any document which there are.
    YIELDS (str): HTML.
    """
    colors = choose_colors({*labels, *counts})
    yield '<!DOCTYPE html>\n<html lang="">\n<head>\n<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{escape(clean(title))}</title>\n<style>\n{STYLE}"
    for label in sorted(counts):
        color = colors[label]
        yield f".{label_class(label)} {{ background: {color}; color: {text_color(color)}; }}\n"
    yield f"</style>\n</head>\n<body>\n<header>\n<h1>{escape(clean(title))}</h1>\n"
    numbers = [(n_docs, "document"), (n_words, "word"), (counts.total(), "span")]
    numbers += [] if relations is None else [(relations.total(), "relation")]
    yield f"<p>{', '.join(_count(n, name) for n, name in numbers)}</p>\n"
    if counts:
        yield "<ul>\n"
        for label, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            name = escape(clean(label)) or "(no label)"
            yield f'<li><b class="{label_class(label)}">{name}</b>{count:,}</li>\n'
        yield "</ul>\n"
    if relations:
        yield "<ul>\n"
        for label, count in sorted(relations.items(), key=lambda item: (-item[1], item[0])):
            yield f"<li>{escape(clean(label))} {count:,}</li>\n"
        yield "</ul>\n"
    yield "</header>\n<main>\n"


def _count(n: int, name: str) -> str:
    return f"{n:,} {name}" if n == 1 else f"{n:,} {name}s"


PAGE_END = "</main>\n</body>\n</html>\n"
