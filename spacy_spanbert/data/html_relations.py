"""Draw the relations of a Doc as an HTML table under its text."""

from collections.abc import Iterator, Sequence
from html import escape

from spacy.tokens import Doc

from spacy_spanbert.data.html_draw import clean, label_class
from spacy_spanbert.data.records import RecordRelation, RecordSpan

# A longer table is folded up; a click on its first line opens it, without any script.
MOST_OPEN = 12


def draw_relations(doc: Doc, relations: Sequence[RecordRelation]) -> Iterator[str]:
    """Draw relations, one a row: head, label, tail, and the score if any has one.

    doc (Doc): The Doc.
    relations (Sequence[RecordRelation]): Its relations, in words.
    YIELDS (str): HTML; nothing for no relations.
    """
    if not relations:
        return
    name = "1 relation" if len(relations) == 1 else f"{len(relations):,} relations"
    is_open = " open" if len(relations) <= MOST_OPEN else ""
    yield f"<details{is_open}>\n<summary>{name}</summary>\n<table>\n"
    is_scored = any(relation.score is not None for relation in relations)
    for relation in relations:
        score = "" if relation.score is None else f"{relation.score:.3f}"
        cells = [
            f"<td>{_argument(doc, relation.head)}</td>",
            f'<td class="r">{escape(clean(relation.label))}</td>',
            f"<td>{_argument(doc, relation.tail)}</td>",
            *([f'<td class="n">{score}</td>'] if is_scored else []),
        ]
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</table>\n</details>\n"


def _argument(doc: Doc, span: RecordSpan) -> str:
    text = escape(clean(doc[span.start : span.end].text))
    label = escape(clean(span.label))
    chip = f'<b class="{label_class(span.label)}">{label}</b>' if label else ""
    return f"{chip}{text}"
