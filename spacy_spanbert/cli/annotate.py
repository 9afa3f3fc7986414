"""`python -m spacy spanbert annotate`: text through a pipeline, annotations out."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from typer import Exit, echo
from wasabi import msg

from spacy_spanbert.cli import annotate_options as own
from spacy_spanbert.cli import options
from spacy_spanbert.cli.annotate_run import AnnotateResult, AnnotateSettings, annotate
from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.pipelines import load_pipeline
from spacy_spanbert.cli.problem_report import listed_problems, print_problems
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.data.counts import label_rows
from spacy_spanbert.data.output_check import check_output
from spacy_spanbert.data.parts import parts_folder
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.errors import SpanbertError


@app.command("annotate")
@clean_errors()
def annotate_cli(
    model: options.Model,
    source: options.Source,
    output: own.Output,
    unit: options.Unit = "document",
    source_format: options.SourceFormat = None,
    target_format: own.TargetFormat = None,
    spans_key: options.SpansKey = None,
    batch_size: options.BatchSize = 256,
    n_process: own.Processes = 1,
    records_per_part: own.RecordsPerPart = 1024,
    on_error: own.OnBadRecord = "skip",
    problems_file: options.ProblemsFile = None,
    resume: own.Resume = False,
    overwrite: own.Overwrite = False,
    title: own.Title = None,
    progress: options.ShowProgress = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
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
    _, is_folder = settings.output_format(output)
    check_output(output, is_folder=is_folder, replace=True)
    nlp = load_pipeline(model, code, gpu_id)
    with (
        listed_problems(problems_file) as problems,
        _hint_at_resume(output),
        Progress(progress) as meter,
    ):
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
        *label_rows("spans", counts.labels),
        *(label_rows("relations", counts.relations) if counts.relations else ()),
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
    print_problems(problems)
