"""`python -m spacy spanbert convert`: a corpus from one format into another."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, cast

from spacy.tokens import Doc
from typer import Argument, Option, echo
from wasabi import msg

from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.tokenizers import load_tokenizer
from spacy_spanbert.data.counts import CorpusCounts
from spacy_spanbert.data.entities import with_entities
from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.labelled_convert import convert_labelled
from spacy_spanbert.data.msgpack_hooks import look_once_for_msgpack_hooks
from spacy_spanbert.data.problems import CorpusError, OnError, Problems
from spacy_spanbert.data.read import FORMATS, read_docs
from spacy_spanbert.data.write import output_format, write_docs
from spacy_spanbert.errors import SpanbertError

FORMAT_NAMES = ", ".join(FORMATS)


@app.command("convert")
@clean_errors()
def convert_cli(
    source: Annotated[Path, Argument(metavar="IN", help="Corpus: a file or a folder of files")],
    target: Annotated[Path, Argument(metavar="OUT", help="File to write; for brat, a folder")],
    target_format: Annotated[
        str | None, Option("--to", help=f"Format of OUT: {FORMAT_NAMES}; else told by its suffix")
    ] = None,
    source_format: Annotated[
        str | None, Option("--from", help=f"Format of IN: {FORMAT_NAMES}; else told by suffix")
    ] = None,
    spans_key: Annotated[str, Option(help="Key of doc.spans")] = "sc",
    group: Annotated[
        str | None,
        Option(
            help="Make one document of consecutive records with the same value of this key, "
            "such as doc_id; each becomes a sentence (none: a record is a document)"
        ),
    ] = None,
    ents: Annotated[
        bool, Option("--ents", help="Make spans entities (doc.ents) too; of overlapping ones, one")
    ] = False,
    retokenize: Annotated[
        bool, Option("--retokenize", help="Use the tokenizer even if the corpus has words")
    ] = False,
    lang: Annotated[str, Option(help="Language of the tokenizer")] = "en",
    model: Annotated[
        str | None, Option(help="Pipeline, a folder or a package, whose tokenizer to use")
    ] = None,
    docs_per_file: Annotated[
        int | None, Option(help="Write OUT as a folder of .spacy files of so many documents")
    ] = None,
    on_error: Annotated[
        str, Option(help="What is wrong: skip it and report it, or stop at the first")
    ] = "skip",
    problems_file: Annotated[
        Path | None, Option(help="List every problem here; printed are the first of each kind")
    ] = None,
    overwrite: Annotated[
        bool, Option("--overwrite", help="Replace OUT even if it is a folder with files in it")
    ] = False,
    texts: Annotated[
        bool, Option("--texts", help="Records with text and label, JSONL or TSV, to doc.cats")
    ] = False,
    pairs: Annotated[
        bool, Option("--pairs", help="Records with text_a, text_b and label, JSONL or TSV")
    ] = False,
) -> None:
    """Convert a corpus from one format into another: nested spans, or labels of texts or pairs."""
    if texts + pairs + ents > 1:
        raise SpanbertError("Give one of --texts, --pairs and --ents: each makes another corpus.")
    with ExitStack() as stack:
        problems = Problems(cast(OnError, on_error))
        if problems_file is not None:
            listing = stack.enter_context(write_whole(problems_file))
            problems.on_problem = lambda problem: print(problem, file=listing)
        if texts or pairs:
            tokenizer = load_tokenizer(lang, model)
            rows = convert_labelled(source, target, tokenizer, problems, pairs=pairs)
            print_rows(rows, problems)
            msg.good(f"Wrote {target}")
            return
        counts = convert(
            source,
            target,
            problems,
            source_format=source_format,
            target_format=target_format,
            spans_key=spans_key,
            group=None if group == "none" else group,
            ents=ents,
            retokenize=retokenize,
            lang=lang,
            model=model,
            docs_per_file=docs_per_file,
            overwrite=overwrite,
        )
    print_rows(counts.rows(), problems)
    if not counts.n_docs:
        msg.warn("There was nothing in it.")
    msg.good(f"Wrote {target}")


@look_once_for_msgpack_hooks()
def convert(
    source: Path,
    target: Path,
    problems: Problems,
    *,
    source_format: str | None = None,
    target_format: str | None = None,
    spans_key: str = "sc",
    group: str | None = None,
    ents: bool = False,
    retokenize: bool = False,
    lang: str = "en",
    model: str | None = None,
    docs_per_file: int | None = None,
    overwrite: bool = False,
) -> CorpusCounts:
    """Convert a corpus; see the command's help for the arguments.

    problems (Problems): Told of all that is wrong and left out.
    RETURNS (CorpusCounts): What was written.
    RAISES (CorpusError): If nothing could be read although there was something, or the input or
        the output make no sense. Then nothing is written.
    """
    kind = target_format
    if docs_per_file is not None and kind is None:
        kind = "spacy"
    kind = output_format(target, kind)
    docs = read_docs(
        source,
        load_tokenizer(lang, model),
        format=source_format,
        spans_key=spans_key,
        group=group,
        retokenize=retokenize,
        problems=problems,
    )
    if ents and kind != "spacy":
        raise SpanbertError(
            f"--ents sets doc.ents, which {kind} does not hold: give OUT the suffix .spacy."
        )
    if ents:
        docs = with_entities(docs, spans_key, problems)
    counts = CorpusCounts()
    watched = _not_only_problems(counts.watch(docs, spans_key), counts, problems)
    write_docs(
        watched,
        target,
        format=kind,
        spans_key=spans_key,
        docs_per_file=docs_per_file,
        replace=overwrite,
        problems=problems,
    )
    return counts


def _not_only_problems(
    docs: Iterable[Doc], counts: CorpusCounts, problems: Problems
) -> Iterator[Doc]:
    """Do not write an empty corpus where there was one that could not be read."""
    yield from docs
    if problems and not counts.n_docs:
        first = next(iter(problems.examples.values()))[0]
        raise CorpusError(f"Nothing could be read, {len(problems):,} problems. The first: {first}")


def print_rows(rows: list[tuple[str, str]], problems: Problems) -> None:
    """Print what was read, and the problems by kind with the first few of each.

    rows (list[tuple[str, str]]): Names and numbers.
    problems (Problems): What was wrong.
    """
    msg.table(rows, aligns=("l", "r"))
    if problems:
        msg.warn(f"{len(problems):,} problems:")
        for line in problems.summary():
            echo(f"  {line}")  # Not wrapped, so that it can be searched and copied.
