"""Write Docs as one HTML page that shows their nested spans."""

import io
import shutil
from collections import Counter
from collections.abc import Iterable
from html import escape
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO

from spacy.tokens import Doc

from spacy_spanbert.data.docs import get_spans, place_of
from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.html_draw import clean, draw_doc
from spacy_spanbert.data.html_labels import draw_labels
from spacy_spanbert.data.html_page import PAGE_END, page_head
from spacy_spanbert.data.html_relations import draw_relations
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.relations import get_record_relations


def write_html(
    docs: Iterable[Doc],
    path: Path,
    spans_key: str,
    problems: Problems,
    *,
    title: str = "Nested spans",
    labels: Iterable[str] = (),
) -> None:
    """Write Docs to one HTML page, whole or not at all.

    Every document is a section; consecutive Docs with the same `doc_id` are one document. Under
    the text of a Doc are its labels and a table of its relations, if it has any. The page needs
    nothing but itself and has no scripts. Docs are drawn one after the other: what grows with the
    corpus lies on disk.

    docs (Iterable[Doc]): The Docs; for none, the page says so.
    path (Path): The file (`.gz` is compressed).
    spans_key (str): The key of `doc.spans` to draw.
    problems (Problems): Told of spans and relations that cannot be drawn.
    title (str): Title of the page.
    labels (Iterable[str]): Other labels there may be: with them, the colours are the same on all
        pages of one pipeline.
    """
    counts: Counter[str] = Counter()
    related: Counter[str] | None = None
    n_docs = n_words = 0
    # The legend stands first, and is known last.
    with TemporaryFile("w+", encoding="utf-8", newline="\n") as body:
        last_id: object = None
        for i, doc in enumerate(docs):
            spans = get_spans(doc, spans_key, place_of(doc, i), problems)
            doc_id = doc.user_data.get("doc_id")
            if i == 0 or doc_id is None or doc_id != last_id:
                body.write("</section>\n" if i else "")
                _open_section(body, doc, doc_id)
                n_docs += 1
            last_id = doc_id
            body.writelines(f'<div class="p">{drawn}</div>\n' for drawn in draw_doc(doc, spans))
            body.writelines(draw_labels(doc.cats))
            counts.update(span.label for span in spans)
            relations = get_record_relations(doc, place_of(doc, i), problems)
            if relations is not None:
                body.writelines(draw_relations(doc, relations))
                related = Counter() if related is None else related
                related.update(relation.label for relation in relations)
            n_words += len(doc)
        body.write("</section>\n" if n_docs else "")
        body.seek(io.SEEK_SET)
        with write_whole(path) as file:
            file.writelines(page_head(title, counts, n_docs, n_words, labels, related))
            shutil.copyfileobj(body, file)
            file.write(PAGE_END)


def _open_section(body: TextIO, doc: Doc, doc_id: object) -> None:
    system = doc.vocab.writing_system
    lang = escape(clean(doc.lang_ or ""))
    body.write(f'<section lang="{lang}" dir="{escape(system.get("direction", "ltr"))}">\n')
    if doc_id is not None:
        body.write(f"<h2>{escape(clean(str(doc_id)))}</h2>\n")
