"""Write brat standoff: a `.txt` and an `.ann` file for each document, spans and relations.

A label may hold spaces here, which brat itself does not allow.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from spacy.tokens import Doc

from spacy_spanbert.data.docs import get_spans, place_of
from spacy_spanbert.data.files import write_whole, write_whole_folder
from spacy_spanbert.data.left_out import LeftOut
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import RecordSpan
from spacy_spanbert.data.relations import get_record_relations, number_arguments

MAX_NAME = 60  # Of a file, in characters of up to 4 bytes: file systems allow 255 bytes.


def write_brat(
    docs: Iterable[Doc], path: Path, spans_key: str, problems: Problems, *, replace: bool = False
) -> None:
    """Write Docs to a brat folder, whole or not at all.

    The files bear the `doc_id` (and `sent_id`) of the Docs, with a number where it comes again.
    The tokenization, sentence starts and scores are not kept: brat has no place for them. Nor can
    it say that a document is not annotated with spans or relations, which is noted if others are.
    Nor can it hold labels of texts, tags and pairs, which is noted too.

    docs (Iterable[Doc]): The Docs; for none, the folder is empty.
    path (Path): The folder.
    spans_key (str): The key of `doc.spans` to write.
    problems (Problems): Told of what cannot be written.
    replace (bool): Whether a folder that is not empty may be replaced.
    RAISES (CorpusError): If the folder is not empty, or is a file.
    """
    taken: dict[str, int] = {}
    left_out = LeftOut("brat has", spans_key, holds_relations=True)
    with write_whole_folder(path, replace=replace) as folder:
        for i, doc in enumerate(docs):
            place = place_of(doc, i)
            name = _free_name(doc, taken)
            with write_whole(folder / f"{name}.txt") as file:
                # A reader takes one byte order mark off: the text's own is written twice.
                file.write("\ufeff" + doc.text if doc.text.startswith("\ufeff") else doc.text)
            with write_whole(folder / f"{name}.ann") as file:
                file.writelines(f"{line}\n" for line in _lines(doc, spans_key, place, problems))
            left_out.add(doc)
    left_out.report(problems)


def _lines(doc: Doc, spans_key: str, place: Place, problems: Problems) -> Iterator[str]:
    spans = get_spans(doc, spans_key, place, problems)
    relations = get_record_relations(doc, place, problems) or []
    spans, pairs = number_arguments(doc, spans, relations, place, problems)
    for number, span in enumerate(spans, start=1):
        yield f"T{number}\t{_span_columns(doc, span, place, problems)}"
    for number, (relation, (head, tail)) in enumerate(zip(relations, pairs, strict=True), start=1):
        label = _one_line(relation.label, place, problems)
        yield f"R{number}\t{label} Arg1:T{head + 1} Arg2:T{tail + 1}"


def _free_name(doc: Doc, taken: dict[str, int]) -> str:
    """Make a file name of the document's own name."""
    parts = [str(doc.user_data[key]) for key in ("doc_id", "sent_id") if key in doc.user_data]
    safe = re.sub(r"[^\w.-]+", "_", "-".join(parts)).lstrip(".")
    base = name = safe[:MAX_NAME] or "doc"
    while name.casefold() in taken:
        taken[base.casefold()] += 1
        name = f"{base}-{taken[base.casefold()]}"
    taken[name.casefold()] = 1
    return name


def _span_columns(doc: Doc, span: RecordSpan, place: Place, problems: Problems) -> str:
    found = doc[span.start : span.end]
    label = _one_line(span.label, place, problems)
    pieces = _pieces(found.text)
    offsets = ";".join(
        f"{found.start_char + start} {found.start_char + end}" for start, end in pieces
    )
    text = " ".join(found.text[start:end] for start, end in pieces)
    return f"{label} {offsets}\t" + text.replace("\n", " ")


def _one_line(label: str, place: Place, problems: Problems) -> str:
    changed = " ".join(label.split())
    if changed != label:
        problems.add("label changed", f"brat has no place for the label {label!r}.", place)
    return changed


def _pieces(text: str) -> list[tuple[int, int]]:
    """Cut a span where lines end inside it, as brat does; white space at its ends stays on."""
    stretches = [match.span() for match in re.finditer(r"[^\n]+", text)] or [(0, 0)]
    starts = [0] + [start for start, _ in stretches[1:]]
    ends = [end for _, end in stretches[:-1]] + [len(text)]
    return list(zip(starts, ends, strict=True))
