"""`python -m spacy spanbert vectors`: vectors of a corpus, and what is like a word in context."""

from pathlib import Path
from typing import Any

from spacy.language import Language
from typer import echo
from wasabi import msg

from spacy_spanbert.cli import options
from spacy_spanbert.cli import vectors_options as own
from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.pipelines import choose_spans_key, load_pipeline
from spacy_spanbert.cli.problem_report import listed_problems, print_problems
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.cli.vectors_query import neighbour_table, read_made_with
from spacy_spanbert.cli.vectors_run import (
    VectorsSettings,
    describe_source,
    export_vectors,
    fit_vectors,
    prepare,
    vector_docs,
)
from spacy_spanbert.data.output_check import check_output
from spacy_spanbert.data.vector_files import check_suffix
from spacy_spanbert.errors import SpanbertError

N_NEIGHBOURS = 10


@app.command("vectors")
@clean_errors()
def vectors_cli(
    model: options.Model,
    source: options.Source,
    output: own.Output,
    of: own.Of = "words",
    spans_key: options.SpansKey = None,
    dtype: own.NumberType = "float32",
    layers: own.Layers = None,
    pooling: own.Pooling = None,
    transform: own.Transform = None,
    fit: own.Fit = None,
    query: own.Query = None,
    word: own.Word = None,
    top: own.Top = None,
    unit: options.Unit = "document",
    source_format: options.SourceFormat = None,
    batch_size: options.BatchSize = 256,
    problems_file: options.ProblemsFile = None,
    progress: options.ShowProgress = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
) -> None:
    """Write the contextual vectors of a corpus with its text, or look a word in context up."""
    settings = VectorsSettings(
        of=of,
        spans_key=spans_key,
        dtype=dtype,
        layers=layers,
        pooling=pooling,
        transform=transform,
        unit=unit,
        source_format=source_format,
        batch_size=batch_size,
    )
    settings.check()
    check_suffix(output)
    if fit is not None:
        _check_fit(settings, query)
    _check_query(query, word, top)
    is_made = query is None or not output.is_file()
    if is_made:
        check_output(output)
    elif str(source) != "-" and not source.exists():
        raise SpanbertError(f"There is no {source}; {output} was made earlier.")
    nlp = load_pipeline(model, code, gpu_id)
    if of == "spans":
        settings = settings.with_spans_key(choose_spans_key(nlp, spans_key))
    about = prepare(nlp, settings, is_fit=fit is not None)
    if fit is None:
        about["source"] = describe_source(source, settings)
    if is_made:
        _make(nlp, source, output, settings, about, fit, Progress(progress), problems_file)
    else:
        msg.info(f"Searching {output} as it is; {source} is not encoded again")
    if query is not None:
        table = read_made_with(output, about)
        echo(neighbour_table(nlp, table, query, word, top or N_NEIGHBOURS))


def _check_fit(settings: VectorsSettings, query: str | None) -> None:
    """RAISES (SpanbertError): If something was asked for that does not go with --fit."""
    if query is not None:
        raise SpanbertError("Give --fit or --query, not both: each makes another OUTPUT.")
    if settings.transform is not None:
        raise SpanbertError("Give --fit or --transform, not both: one is fitted on plain vectors.")
    if settings.of != "words" or settings.dtype != "float32":
        raise SpanbertError("--fit is of words, in float32: give no --of and no --dtype with it.")


def _check_query(query: str | None, word: str | None, top: int | None) -> None:
    """RAISES (SpanbertError): If there is nothing to look up."""
    if query is not None and not query.strip():
        raise SpanbertError("--query has no word in it: give a text.")
    if word is not None and query is None:
        raise SpanbertError(f"--word {word!r} is looked up in a --query: give the text it is in.")
    if top is not None and query is None:
        raise SpanbertError("--top is how many neighbours of a --query are shown: give one.")


def _make(
    nlp: Language,
    source: Path,
    output: Path,
    settings: VectorsSettings,
    about: dict[str, Any],
    fit: str | None,
    progress: Progress,
    problems_file: Path | None,
) -> None:
    """Write the vectors, or the transform, and say what was written and what was wrong."""
    with listed_problems(problems_file) as problems, progress:
        docs = vector_docs(nlp, source, settings, progress, problems)
        if fit is None:
            what = f"{export_vectors(docs, output, settings, about):,} vectors"
        else:
            fit_vectors(docs, output, fit, about)
            what = f"a transform of {progress.n_words:,} words"
    print_problems(problems)
    msg.good(f"Wrote {what} to {output}")
