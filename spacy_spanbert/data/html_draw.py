"""Draw the nested spans of a Doc as HTML: displaCy's `span` style, with templates of our own.

displaCy puts a space behind every word, pastes labels into the page as they are, and looks up one
string for each label (`bg`) that it pastes into the templates. So words are handed over in cells
that make its spaces right, labels are escaped here, and that string holds the attributes of a
bar: its class and its tooltip.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from html import escape

from spacy.displacy import SpanRenderer
from spacy.tokens import Doc

from spacy_spanbert.data.html_pieces import Cover, Piece, cut_paragraphs
from spacy_spanbert.data.records import RecordSpan

# The bars stand before the word: behind it, a line break after its space would part them.
TEMPLATE = {
    "span": '<span class="w">{span_slices}{span_starts}{text}</span>',
    "slice": (
        '<i {bg} style="top:{top_offset}px"></i><u style="vertical-align:-{top_offset}px"></u>'
    ),
    "start": '<b {bg} style="top:{top_offset}px">{label}</b>',
}
FIRST_BAR = 25  # px below the top of a word
BAR_STEP = 16

# HTML forbids control characters but white space, and what Unicode calls noncharacters.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane * 0x10000 + 0xFFFE) + chr(plane * 0x10000 + 0xFFFF) for plane in range(17))
    + "]"
)
NO_SPACE = "\uffff"  # In no text after `clean`: here the space that displaCy adds is taken out.


def clean(text: str) -> str:
    """Replace characters that no HTML page may hold.

    text (str): Any text.
    RETURNS (str): The text, of the same length, with U+FFFD in their place.
    """
    return FORBIDDEN.sub("\ufffd", text)


def label_class(label: str) -> str:
    """Name the CSS class of a label.

    label (str): The label.
    RETURNS (str): The class; the same for labels that differ only in case, as in displaCy.
    """
    return f"c{zlib.crc32(label.upper().encode('utf-8')):08x}"


def draw_doc(doc: Doc, spans: Sequence[RecordSpan]) -> list[str]:
    """Draw a Doc with its spans, nested ones one above the other.

    doc (Doc): The Doc.
    spans (Sequence[RecordSpan]): Its spans in words.
    RETURNS (list[str]): HTML of each paragraph; paragraphs of white space are left out.
    """
    cover = Cover.of(len(doc), spans)
    renderer = SpanRenderer(
        {
            "template": TEMPLATE,
            "top_offset": FIRST_BAR,
            "top_offset_step": BAR_STEP,
            "colors": {_chip(span): _attributes(span) for span in spans},
        }
    )
    drawn = []
    for pieces in cut_paragraphs(doc, spans, cover):
        if clean(doc[pieces[0].start : pieces[-1].end].text).strip():
            drawn.append(" ".join(_draw_piece(doc, piece, cover, renderer) for piece in pieces))
    return drawn


def _chip(span: RecordSpan) -> str:
    """Make what is drawn as the label. The comment tells apart what has different attributes."""
    score = "" if span.score is None else f"<!--{span.score:.3f}-->"
    return escape(clean(span.label)) + score


def _attributes(span: RecordSpan) -> str:
    score = "" if span.score is None else f" {span.score:.3f}"
    title = escape(clean(span.label + score))
    return f'class="{label_class(span.label)}" title="{title}"'


def _draw_piece(doc: Doc, piece: Piece, cover: Cover, renderer: SpanRenderer) -> str:
    cells, cell_of = _make_cells(doc, piece, cover)
    parsed = {
        "tokens": cells,
        "spans": list(_place_spans(doc, piece.spans, cell_of)),
        "settings": doc.vocab.writing_system,
    }
    html = renderer.render([parsed])
    return html.replace(NO_SPACE + " ", "").replace(NO_SPACE, "").strip()


def _place_spans(
    doc: Doc, spans: Sequence[RecordSpan], cell_of: dict[int, int]
) -> Iterator[dict[str, str | int]]:
    """Tell displaCy where spans are; it draws nothing at white space, so they start behind it."""
    for span in spans:
        words = [i for i in range(span.start, span.end) if clean(doc[i].text).strip()]
        if words:
            start, end = cell_of[words[0]], cell_of[words[-1]] + 1
            yield {"label": _chip(span), "start_token": start, "end_token": end}


def _make_cells(doc: Doc, piece: Piece, cover: Cover) -> tuple[list[str], dict[int, int]]:
    """Divide the text into what displaCy gets as its words, and adds a space to.

    A word in a span is a cell, and holds the space behind it as far as a span goes on; text
    without spans is one cell. displaCy adds the space only to cells without spans.
    """
    cells: list[str] = []
    cell_of: dict[int, int] = {}
    plain = ""
    for i in range(piece.start, piece.end):
        word, space = clean(doc[i].text), doc[i].whitespace_
        if not cover.is_covered[i]:
            plain += word + space
            continue
        if plain:
            cells.append(_without_space(plain))
        goes_on = i + 1 < piece.end and cover.is_joined[i + 1]
        cell_of[i] = len(cells)
        cells.append(word + space if goes_on else word)
        plain = "" if goes_on else space
    if plain:
        cells.append(_without_space(plain))
    return cells, cell_of


def _without_space(text: str) -> str:
    return text[:-1] if text.endswith(" ") else text + NO_SPACE
