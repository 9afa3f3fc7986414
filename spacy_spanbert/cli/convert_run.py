"""The work of `python -m spacy spanbert convert`: a corpus of spans into another format."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spacy.tokens import Doc

from spacy_spanbert.cli.tokenizers import load_tokenizer
from spacy_spanbert.data.counts import CorpusCounts
from spacy_spanbert.data.entities import EntitiesAsSpans, with_entities
from spacy_spanbert.data.msgpack_hooks import look_once_for_msgpack_hooks
from spacy_spanbert.data.output_check import check_output
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.read import read_docs
from spacy_spanbert.data.write import output_format, write_docs
from spacy_spanbert.errors import SpanbertError

# Who asks for spans under this key means doc.ents, where there are no such spans.
ENTITIES_KEY = "ents"


@dataclass(frozen=True)
class ConvertSettings:
    """What `convert` may be told of a corpus of spans.

    source_format (str | None): "spacy", "jsonl", "conll" or "brat"; None: told by the suffix.
    target_format (str | None): The same of the output.
    spans_key (str | None): Key of doc.spans; None: "sc". Where it is not there, and was not asked
        for or is "ents", entities are written as spans by formats that hold nothing but spans.
    group (str | None): Consecutive records with the same value of this key become one document;
        None or "none": a record is a document.
    ents (bool): Make spans entities too.
    retokenize (bool): Use the tokenizer even if the corpus has words.
    lang (str | None): Language of the tokenizer; None: English.
    model (str | None): Pipeline whose tokenizer to use, without a language; None: that of the
        language.
    docs_per_file (int | None): Write a folder of `.spacy` files of so many documents; None: one
        file.
    overwrite (bool): Replace an output folder that is not empty.
    """

    source_format: str | None = None
    target_format: str | None = None
    spans_key: str | None = None
    group: str | None = None
    ents: bool = False
    retokenize: bool = False
    lang: str | None = None
    model: str | None = None
    docs_per_file: int | None = None
    overwrite: bool = False

    @property
    def key(self) -> str:
        """RETURNS (str): The key of doc.spans that is read and written."""
        return "sc" if self.spans_key is None else self.spans_key


@dataclass
class ConvertResult:
    """What came of it.

    counts (CorpusCounts): What was written.
    n_docs_of_entities (int): The documents whose entities were written as spans.
    """

    counts: CorpusCounts
    n_docs_of_entities: int = 0


@look_once_for_msgpack_hooks()
def convert(
    source: Path, target: Path, problems: Problems, settings: ConvertSettings | None = None
) -> ConvertResult:
    """Convert a corpus of spans.

    source (Path): A file or a folder.
    target (Path): The file; for brat and with docs_per_file, the folder.
    problems (Problems): Told of all that is wrong and left out.
    settings (ConvertSettings | None): How; None: as it is by default.
    RETURNS (ConvertResult): What was written.
    RAISES (SpanbertError): If nothing could be read although there was something, or the input or
        the output make no sense. Then nothing is written.
    """
    settings = ConvertSettings() if settings is None else settings
    kind = settings.target_format
    if settings.docs_per_file is not None and kind is None:
        kind = "spacy"
    kind = output_format(target, kind)
    if settings.ents and kind != "spacy":
        raise SpanbertError(
            f"--ents sets doc.ents, which {kind} does not hold: give OUT the suffix .spacy."
        )
    is_folder = kind == "brat" or settings.docs_per_file is not None
    check_output(target, is_folder=is_folder, replace=settings.overwrite)
    docs = read_docs(
        source,
        load_tokenizer(settings.lang, settings.model),
        format=settings.source_format,
        spans_key=settings.key,
        group=None if settings.group == "none" else settings.group,
        retokenize=settings.retokenize,
        problems=problems,
    )
    entities = EntitiesAsSpans(settings.key)
    if settings.ents:
        docs = with_entities(docs, settings.key, problems)
    elif kind != "spacy" and settings.spans_key in (None, ENTITIES_KEY):
        docs = entities(docs)
    counts = CorpusCounts()
    write_docs(
        _not_only_problems(counts.watch(docs, settings.key), counts, problems),
        target,
        format=kind,
        spans_key=settings.key,
        docs_per_file=settings.docs_per_file,
        replace=settings.overwrite,
        problems=problems,
    )
    return ConvertResult(counts, entities.n_docs)


def _not_only_problems(
    docs: Iterable[Doc], counts: CorpusCounts, problems: Problems
) -> Iterator[Doc]:
    """Do not write an empty corpus where there was one that could not be read."""
    yield from docs
    if problems and not counts.n_docs:
        first = next(iter(problems.examples.values()))[0]
        raise CorpusError(f"Nothing could be read, {problems.count_text}. The first: {first}")
