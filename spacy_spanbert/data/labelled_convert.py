"""Labelled texts and pairs to Docs with `doc.cats`, and to the file that training reads."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from spacy_spanbert.annotations.pair import make_pair, segments
from spacy_spanbert.data.docbin import read_docbin, write_docbin
from spacy_spanbert.data.files import format_suffix
from spacy_spanbert.data.labelled import LabelledText, read_labelled
from spacy_spanbert.data.output_check import check_output
from spacy_spanbert.data.problems import CorpusError, Place, Problems
from spacy_spanbert.data.text_labels import make_cats
from spacy_spanbert.errors import SpanbertError


def convert_labelled(
    source: Path,
    target: Path,
    nlp: Language,
    problems: Problems,
    *,
    pairs: bool,
    labels: Iterable[str] = (),
) -> list[tuple[str, str]]:
    """Convert a corpus of labelled texts or pairs to a `.spacy` file.

    source (Path): JSONL or TSV, see read_labelled; or `.spacy`, whose Docs stay as they are.
    target (Path): The `.spacy` file, written whole or not at all.
    nlp (Language): Its tokenizer and vocabulary.
    problems (Problems): Told of records that cannot be used, which are left out, and of what
        teaches nothing.
    pairs (bool): Whether records have two texts.
    labels (Iterable[str]): Labels that a text may have, beside those of these records.
    RETURNS (list[tuple[str, str]]): Names and numbers of what was written, for a table.
    RAISES (CorpusError): If the target is no `.spacy` file, or cannot be written, or no record
        could be used; or, with `pairs`, if a Doc of a `.spacy` file is no pair.
    """
    if format_suffix(target) != ".spacy":
        raise CorpusError(f"{target}: labels of texts are written to .spacy files only.")
    check_output(target)
    if format_suffix(source) == ".spacy":
        docs = list(read_docbin(source, nlp.vocab))
        if pairs:
            _check_pairs(docs, source)
    else:
        docs = labelled_docs(list(read_labelled(source, problems, pairs=pairs)), nlp, labels)
        _note_what_teaches_nothing(docs, source, problems)
    if not docs:
        nothing = "There is none in it: expected a line for each text, of TSV below the header."
        first = next((str(listed[0]) for listed in problems.examples.values()), nothing)
        raise CorpusError(f"No record of {source} could be used. {first}")
    write_docbin(docs, target)
    return _rows(docs)


def labelled_docs(
    records: Sequence[LabelledText], nlp: Language, labels: Iterable[str] = ()
) -> list[Doc]:
    """Make Docs of labelled texts and pairs.

    records (Sequence[LabelledText]): The records. Where one says which labels are there, all other
        labels of these records are known not to be there.
    nlp (Language): Its tokenizer and vocabulary.
    labels (Iterable[str]): Labels that are known not to be there either.
    RETURNS (list[Doc]): One entry a record; `doc.cats` is empty where a record has no labels.
    """
    known = sorted({*labels, *(label for record in records for label in record.labels or ())})
    docs = []
    for record in records:
        if len(record.texts) == 2:
            doc = make_pair(nlp, nlp.tokenizer(record.texts[0]), nlp.tokenizer(record.texts[1]))
        else:
            doc = nlp.tokenizer(record.texts[0])
        doc.cats = make_cats(record.labels, record.cats, known)
        doc.user_data.update(record.user_data)
        docs.append(doc)
    return docs


def _check_pairs(docs: Sequence[Doc], source: Path) -> None:
    for number, doc in enumerate(docs):
        try:
            segments(doc)
        except SpanbertError as error:
            raise CorpusError(f"{source}: of its Docs, number {number}: {error}") from error


def _note_what_teaches_nothing(docs: Sequence[Doc], source: Path, problems: Problems) -> None:
    place = Place(str(source))
    if docs and not any(doc.cats for doc in docs):
        message = (
            "No text has a label: expected a column of TSV named label, or a key label, labels or "
            "cats of JSONL."
        )
        problems.note("no labels", message, place)
    if n_empty := sum(not len(doc) for doc in docs):
        message = (
            f"{n_empty:,} of {len(docs):,} have no words: training and evaluation pass them over."
        )
        problems.note("empty texts", message, place)


def _rows(docs: Sequence[Doc]) -> list[tuple[str, str]]:
    labels = Counter(label for doc in docs for label, value in doc.cats.items() if value >= 0.5)
    return [
        ("texts", f"{len(docs):,}"),
        ("words", f"{sum(map(len, docs)):,}"),
        ("without annotation", f"{sum(not doc.cats for doc in docs):,}"),
        *((f"  {label}", f"{n:,}") for label, n in labels.most_common()),
    ]
