"""Read labelled texts and labelled pairs of texts from JSONL and TSV files."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy_spanbert.data.files import format_suffix, list_files, read_lines
from spacy_spanbert.data.json_pairs import PAIR_KEYS
from spacy_spanbert.data.json_spans import check_characters
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems
from spacy_spanbert.data.text_labels import parse_cats, parse_labels

SUFFIXES = (".jsonl", ".tsv")
TEXT_KEYS = ("text",)
OTHER_ANNOTATION = ("spans", "entities", "relations", "tags", "pos")
OTHER_COLUMNS = ("label", "id", "doc_id")  # of TSV


@dataclass(frozen=True)
class LabelledText:
    """A text, or two, with labels.

    texts (tuple[str, ...]): The text; of a pair both.
    cats (dict[str, float] | None): A value from 0 to 1 for each label that is known; None: those
        that are not in `labels` are known not to be there, or nothing is known if that is None.
    labels (list[str] | None): The labels that are there; None: not annotated.
    user_data (dict[str, Any]): What goes to `doc.user_data`: `id` and `doc_id`.
    """

    texts: tuple[str, ...]
    cats: dict[str, float] | None = None
    labels: list[str] | None = None
    user_data: dict[str, Any] = field(default_factory=dict)


def read_labelled(path: Path, problems: Problems, *, pairs: bool) -> Iterator[LabelledText]:
    """Read the records of a file, or of the files of a folder in sorted order.

    JSONL: one object a line, with `text`, or `text_a` and `text_b`; and `label` (a string or a
    whole number), `labels` (a list of these) or `cats` (values from 0 to 1 by label), or none of
    these where a text is not annotated. TSV: a first line with the names of the columns: `text`, or
    `text_a` and `text_b`; `label`, empty where a text is not annotated; `id` and `doc_id`. Other
    columns are passed over. Several labels of a text, or values of labels, need JSONL.

    path (Path): `.jsonl` or `.tsv`, plain or `.gz`, or a folder of such files.
    problems (Problems): Told of records that cannot be used, which are left out, and of those that
        are annotated in other ways too.
    pairs (bool): Whether records have two texts.
    YIELDS (LabelledText): The records; nothing for an empty file.
    RAISES (CorpusError): If there is no such file, it cannot be read or is damaged, or the first
        line of a TSV file names other columns.
    """
    keys = PAIR_KEYS if pairs else TEXT_KEYS
    for file in _files(path):
        is_tsv = format_suffix(file) == ".tsv"
        rows = _read_tsv(file, keys, problems) if is_tsv else _read_jsonl(file, problems)
        for raw, place in rows:
            try:
                record = _parse(raw, keys)
            except ValueError as error:
                problems.add("bad record", str(error), place)
                continue
            _note_other_annotation(raw, place, problems)
            yield record


def _note_other_annotation(raw: Mapping[str, Any], place: Place, problems: Problems) -> None:
    others = [key for key in OTHER_ANNOTATION if isinstance(raw.get(key), list)]
    if others:
        message = (
            f"It has {', '.join(others)}, of which nothing is read here. Convert without --texts "
            "and --pairs to have these and the labels."
        )
        problems.note("other annotation left out", message, place)


def _files(path: Path) -> list[Path]:
    expected = f"Expected {' or '.join(SUFFIXES)}, or these with .gz"
    if not path.exists():
        raise CorpusError(Problem("unknown format", "There is no such file.", Place(str(path))))
    if not path.is_dir():
        if format_suffix(path) not in SUFFIXES:
            raise CorpusError(Problem("unknown format", f"{expected}.", Place(str(path))))
        return [path]
    files = list_files(path, SUFFIXES)
    if not files:
        message = f"No file to read in this folder. {expected}."
        raise CorpusError(Problem("unknown format", message, Place(str(path))))
    return files


def _read_jsonl(path: Path, problems: Problems) -> Iterator[tuple[Any, Place]]:
    for number, line in read_lines(path, problems):
        if not line.strip():
            continue
        place = Place(str(path), line=number)
        try:
            raw = json.loads(line)
        except (ValueError, RecursionError) as error:
            problems.add("bad JSON", f"Expected one JSON object a line: {error}.", place)
        else:
            yield raw, place


def _read_tsv(path: Path, keys: tuple[str, ...], problems: Problems) -> Iterator[tuple[Any, Place]]:
    header: list[str] | None = None
    for number, line in read_lines(path, problems):
        place = Place(str(path), line=number)
        line = line.removesuffix("\r")
        row = line.split("\t") if line else []
        if header is None:
            header = row
            _check_header(header, keys, place)
        elif len(row) == len(header):
            # an empty label is none
            columns = zip(header, row, strict=True)
            yield {k: v for k, v in columns if v or k not in OTHER_COLUMNS}, place
        elif row:
            message = f"Expected {len(header)} columns, {', '.join(header)}, but got {len(row)}."
            problems.add("bad row", message, place)


def _check_header(header: list[str], keys: tuple[str, ...], place: Place) -> None:
    """A file whose first line is no header would lose a record, and give an error a line."""
    named = ", ".join(f"{name:.40}" for name in header[:12]) or "nothing"
    is_named_twice = any(header.count(key) > 1 for key in (*keys, *OTHER_COLUMNS))
    if any(key not in header for key in keys) or is_named_twice:
        raise CorpusError(
            Problem(
                "bad header",
                f"Expected a first line that names the columns, each once, {', '.join(keys)} and "
                f"label, with tabs between them; it has: {named}.",
                place,
            )
        )
    if {"labels", "cats"} & set(header):
        raise CorpusError(
            Problem(
                "bad header",
                "A row has one label, in the column label. Several labels of a text, or values of "
                f"labels, need JSONL with a list or an object. The columns are: {named}.",
                place,
            )
        )


def _parse(raw: Any, keys: tuple[str, ...]) -> LabelledText:
    if not isinstance(raw, dict):
        raise ValueError(f"Expected an object {{...}}, not {raw!r:.60}.")
    texts = []
    for key in keys:
        text = raw.get(key)
        if not isinstance(text, str):
            there = ", ".join(map(repr, list(raw)[:12])) or "none"
            what = "it is missing" if text is None else f"it is {text!r:.60}"
            raise ValueError(f'Expected "{key}", a string, but {what}. The keys are: {there}.')
        check_characters(text)
        texts.append(text)
    user_data = {key: raw[key] for key in ("id", "doc_id") if isinstance(raw.get(key), str | int)}
    return LabelledText(tuple(texts), parse_cats(raw), parse_labels(raw), user_data)
