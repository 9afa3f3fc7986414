"""`python -m spacy spanbert coverage`: which gold spans of a corpus can be predicted at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import srsly
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from typer import Argument, Option, echo

from spacy_spanbert.annotations.coverage import choose_max_length, span_coverage
from spacy_spanbert.annotations.coverage_counts import Coverage
from spacy_spanbert.annotations.coverage_table import render_coverage
from spacy_spanbert.annotations.overlap import OVERLAPS
from spacy_spanbert.annotations.positions import copy_sentences
from spacy_spanbert.cli import options
from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.problem_report import print_problems
from spacy_spanbert.cli.tokenizers import load_tokenizer
from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.msgpack_hooks import look_once_for_msgpack_hooks
from spacy_spanbert.data.output_check import check_output
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.read import FORMATS, read_docs


@app.command("coverage")
@clean_errors()
def coverage_cli(
    corpus: Annotated[Path, Argument(help="Corpus: a file or a folder of files")],
    source_format: Annotated[
        str | None, Option("--from", help=f"Format: {', '.join(FORMATS)}; else told by suffix")
    ] = None,
    spans_key: options.GoldSpansKey = "sc",
    group: options.Group = None,
    max_length: Annotated[
        str, Option(help="Longest span in words; auto: the shortest that reaches 99.5 %")
    ] = "auto",
    overlap: Annotated[
        str, Option(help=f"Which spans may stand together: {', '.join(OVERLAPS)}")
    ] = "any",
    cross_sentences: Annotated[
        bool, Option("--cross-sentences", help="Spans may reach over sentence boundaries")
    ] = False,
    one_label: Annotated[
        bool, Option("--one-label", help="A stretch of words has one label only")
    ] = False,
    model: Annotated[
        str | None, Option(help="Place the spans on the words of this pipeline's tokenizer")
    ] = None,
    lang: Annotated[
        str | None, Option(help="Place the spans on the words of this language's tokenizer")
    ] = None,
    json_file: Annotated[Path | None, Option("--json", help="Write the counts here too")] = None,
) -> None:
    """Count the gold spans a span component could predict, and what keeps the rest out of reach."""
    if json_file is not None:
        check_output(json_file)
    reader = GoldReader(
        corpus,
        load_tokenizer(lang, model),
        source_format=source_format,
        spans_key=spans_key,
        group=None if group == "none" else group,
        own_words=model is not None or lang is not None,
    )
    coverage = measure_coverage(
        reader,
        _parse_max_length(max_length),
        overlap=overlap,
        cross_sentences=cross_sentences,
        multilabel=not one_label,
    )
    echo(render_coverage(coverage))
    print_problems(reader.problems, "; what they are about is not counted")
    if json_file is not None:
        with write_whole(json_file) as file:
            counts = {**coverage.to_dict(), "problems": dict(reader.problems.counts)}
            file.write(srsly.json_dumps(counts, indent=2) + "\n")


@dataclass
class GoldReader:
    """The gold annotation of a corpus, each time from the start.

    corpus (Path): A file or a folder.
    nlp (Language): Its tokenizer makes the words where the corpus has none.
    source_format (Optional[str]): None: told from the suffix.
    spans_key (str): Key of the gold spans.
    group (Optional[str]): See `read_docs`.
    own_words (bool): Place gold spans and sentences on the words of the tokenizer.
    problems (Problems): What was wrong, the last time the corpus was read.
    keys (set[str]): Other keys of `doc.spans` met where the wanted one was not.
    """

    corpus: Path
    nlp: Language
    source_format: str | None = None
    spans_key: str = "sc"
    group: str | None = None
    own_words: bool = False
    problems: Problems = field(default_factory=Problems)
    keys: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[Doc | Example]:
        self.problems = Problems()
        docs = read_docs(
            self.corpus,
            self.nlp,
            format=self.source_format,
            spans_key=self.spans_key,
            group=self.group,
            problems=self.problems,
        )
        for doc in docs:
            if self.spans_key not in doc.spans:
                self.keys.update(doc.spans)
            if self.own_words:
                predicted = self.nlp.tokenizer(doc.text)
                copy_sentences(doc, predicted)
                yield Example(predicted, doc)
            else:
                yield doc


@look_once_for_msgpack_hooks()
def measure_coverage(
    reader: GoldReader,
    max_length: int | None,
    *,
    overlap: str = "any",
    cross_sentences: bool = False,
    multilabel: bool = True,
) -> Coverage:
    """Count which gold spans of a corpus can be predicted.

    reader (GoldReader): The corpus; read twice if max_length is to be chosen.
    max_length (Optional[int]): Longest span in words; None chooses it.
    overlap (str): "any", "nested" or "flat".
    cross_sentences (bool): Whether spans may reach over sentence boundaries.
    multilabel (bool): Whether a stretch of words may have several labels.
    RETURNS (Coverage): The counts; all 0 for an empty corpus.
    RAISES (CorpusError): If the corpus cannot be read, or nothing in it can be used.
    """

    def count(limit: int | None) -> Coverage:
        return span_coverage(reader, reader.spans_key, limit, cross_sentences, overlap, multilabel)

    coverage = count(max_length)
    if max_length is None:
        coverage = count(choose_max_length(coverage.lengths.elements()))
    if coverage.n_docs_without_key and not coverage.n_docs:
        keys = ", ".join(map(repr, sorted(reader.keys))) or "none at all"
        raise CorpusError(
            f"{reader.corpus}: no document has spans under the key {reader.spans_key!r}; "
            f"there are {keys}. Name one with --spans-key."
        )
    if reader.problems and not coverage.n_docs:
        first = next(iter(reader.problems.examples.values()))[0]
        raise CorpusError(f"Nothing could be read, {reader.problems.count_text}: {first}")
    return coverage


def _parse_max_length(value: str) -> int | None:
    if value == "auto":
        return None
    if not value.isdecimal() or int(value) < 1:
        raise CorpusError(f"--max-length must be auto or a whole number from 1; got {value!r}.")
    return int(value)
