"""Draws the README's picture, docs/nested_spans.png, with the project's own HTML writer.

It writes the page; any Chromium makes the picture of it, at twice the size:

    python docs/nested_spans.py page.html
    chromium --headless --hide-scrollbars --force-device-scale-factor=2 --window-size=760,155 \
        --screenshot=docs/nested_spans.png page.html

The spans are written down here, to show what nesting is; no pipeline has found them.
"""

import sys
from pathlib import Path

import spacy

from spacy_spanbert.data.html import write_html
from spacy_spanbert.data.problems import Problems

TEXT = (
    "In the great hall of the house of Lord Grenville, the old servants of the Comtesse waited "
    "for the brother of the King of France."
)
SPANS = (
    ("the great hall of the house of Lord Grenville", "FAC"),
    ("the house of Lord Grenville", "FAC"),
    ("Lord Grenville", "PER"),
    ("the old servants of the Comtesse", "PER"),
    ("the Comtesse", "PER"),
    ("the brother of the King of France", "PER"),
    ("the King of France", "PER"),
    ("France", "GPE"),
)
# Of the demo's pipeline, so that the colours are those of its page.
LABELS = ("FAC", "GPE", "LOC", "ORG", "PER", "VEH")
# The picture is the sentence alone, without title and legend.
CROP = "header { display: none; } body { padding-top: .25rem; padding-bottom: 0; }\n"


def draw(page: Path) -> None:
    """Write the page that the picture is taken of.

    page (Path): The HTML file.
    """
    doc = spacy.blank("en")(TEXT)
    spans = [
        doc.char_span(
            TEXT.index(words), TEXT.index(words) + len(words), label, alignment_mode="strict"
        )
        for words, label in SPANS
    ]
    doc.spans["sc"] = spans
    write_html([doc], page, "sc", Problems("stop"), title="Nested spans", labels=LABELS)
    html = page.read_text(encoding="utf8")
    page.write_text(html.replace("</style>", f"{CROP}</style>", 1), encoding="utf8")


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
