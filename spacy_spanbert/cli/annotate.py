"""`python -m spacy spanbert annotate`: text through a pipeline, annotations out."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

from spacy.cli._util import import_code, setup_gpu
from typer import Argument, Exit, Option, echo
from wasabi import msg

from spacy_spanbert.cli.annotate_run import AnnotateResult, AnnotateSettings, annotate
from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.pipelines import load_pipeline
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.parts import parts_folder
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.errors import SpanbertError


@app.command("annotate")
@clean_errors()
def annotate_cli(
    model: Annotated[
        str, Argument(metavar="MODEL", help="Pipeline: a folder, or an installed package")
    ],
    source: Annotated[
        Path,
        Argument(
            metavar="INPUT",
            help="A .txt, .jsonl or .spacy file, plain or .gz; a folder of these; - for stdin",
        ),
    ],
    output: Annotated[
        Path,
        Argument(
            metavar="OUTPUT",
            help="A .spacy, .jsonl, .html or .conll file; a folder for brat, or for spacy",
        ),
    ],
    unit: Annotated[
        str,
        Option(
            help="What a record of a .txt file is: the document, a paragraph (what stands between "
            "empty lines) or a line"
        ),
    ] = "document",
    source_format: Annotated[
        str | None,
        Option("--from", help="Format of INPUT: text, jsonl or spacy; else told by the suffix"),
    ] = None,
    target_format: Annotated[
        str | None,
        Option(
            "--to", help="Format of OUTPUT: spacy, jsonl, brat, conll or html; else by the suffix"
        ),
    ] = None,
    spans_key: Annotated[
        str | None, Option(help="Key of doc.spans; else the only one the pipeline writes, or sc")
    ] = None,
    batch_size: Annotated[
        int, Option(help="Records that go through the pipeline together; fewer if they are long")
    ] = 256,
    n_process: Annotated[int, Option(help="Processes; -1: one for each processor")] = 1,
    records_per_part: Annotated[
        int,
        Option(help="Records that are finished together: an interruption loses no more than these"),
    ] = 1024,
    on_error: Annotated[
        str, Option(help="Bad records: skip them and report them, or stop at the first")
    ] = "skip",
    problems_file: Annotated[
        Path | None, Option(help="List every problem here; printed are the first of each kind")
    ] = None,
    resume: Annotated[bool, Option("--resume", help="Go on with an interrupted run")] = False,
    overwrite: Annotated[
        bool,
        Option(
            "--overwrite",
            help="Throw an interrupted run away; replace OUTPUT even if it is a folder with files",
        ),
    ] = False,
    title: Annotated[
        str | None, Option(help="Title of the page; else the name of the input")
    ] = None,
    progress: Annotated[
        bool | None, Option(help="Show a bar with words per second; else on a terminal only")
    ] = None,
    code: Annotated[
        Path | None, Option(help="Python file with functions that the pipeline needs")
    ] = None,
    gpu_id: Annotated[int, Option(help="GPU to use; -1: none")] = -1,
) -> None:
    """Annotate text with a pipeline.

    The output appears whole at the end. Until then, what is finished lies in OUTPUT.parts, so that
    an interrupted run can be resumed; the result is the same, byte by byte.
    """
    settings = AnnotateSettings(
        unit=unit,
        source_format=source_format,
        target_format=target_format,
        spans_key=spans_key,
        batch_size=batch_size,
        n_process=n_process,
        records_per_part=records_per_part,
        on_error=on_error,
        resume=resume,
        overwrite=overwrite,
        title=title,
        code=code,
        gpu_id=gpu_id,
    )
    settings.check()
    import_code(code)
    setup_gpu(gpu_id, silent=gpu_id < 0)
    nlp = load_pipeline(model)
    with ExitStack() as stack:
        problems = Problems()
        if problems_file is not None:
            listing = stack.enter_context(write_whole(problems_file))
            problems.on_problem = lambda problem: print(problem, file=listing)
        stack.enter_context(_hint_at_resume(output))
        with Progress(progress) as meter:
            result = annotate(nlp, source, output, settings, meter, problems)
    print_summary(result, meter, problems)
    msg.good(f"Wrote {output}")


@contextmanager
def _hint_at_resume(output: Path) -> Iterator[None]:
    """Say what to do with finished parts when the run ends early."""
    try:
        yield
    except KeyboardInterrupt:
        _print_hint(output)
        raise Exit(130) from None
    except (SpanbertError, OSError):
        _print_hint(output)
        raise


def _print_hint(output: Path) -> None:
    folder = parts_folder(output)
    if folder.exists():
        echo(f"Finished parts are in {folder}. Go on with them: --resume.", err=True)


def print_summary(result: AnnotateResult, progress: Progress, problems: Problems) -> None:
    """Print what was read, written and skipped, how fast it went, and what was wrong.

    result (AnnotateResult): What came of the run.
    progress (Progress): How fast it went; left.
    problems (Problems): What was wrong.
    """
    counts = result.counts
    rows = [
        ("records read", f"{counts.n_read:,}"),
        ("  of an interrupted run", f"{result.n_resumed:,}"),
        ("records written", f"{counts.n_written:,}"),
        ("records skipped", f"{counts.n_skipped:,}"),
        ("words", f"{counts.n_words:,}"),
        ("spans", f"{counts.labels.total():,}"),
        *((f"  {label or '(no label)'}", f"{n:,}") for label, n in counts.labels.most_common()),
        ("seconds", f"{progress.seconds:,.1f}"),
        ("words per second", f"{progress.words_per_second:,.0f}"),
    ]
    msg.table(
        [row for row in rows if result.n_resumed or "interrupted" not in row[0]],
        aligns=("l", "r"),
    )
    if counts.n_without_key:
        msg.warn(
            f"On {counts.n_without_key:,} documents the pipeline set no spans under the key "
            f"{result.spans_key!r}: they are written without spans."
        )
    if problems:
        msg.warn(f"{len(problems):,} problems:")
        for line in problems.summary():
            echo(f"  {line}")  # Not wrapped, so that it can be searched and copied.
