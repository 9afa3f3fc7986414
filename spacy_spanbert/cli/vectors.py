"""`python -m spacy spanbert vectors`: vectors of a corpus, and what is like a word in context."""

from pathlib import Path
from typing import Annotated

from spacy.cli._util import import_code, setup_gpu
from typer import Argument, Option, echo
from wasabi import msg, table

from spacy_spanbert.cli import annotate_options as options
from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.pipelines import choose_spans_key, load_pipeline
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.cli.vectors_query import check_comparable, find_neighbours
from spacy_spanbert.cli.vectors_run import (
    VectorsSettings,
    export_vectors,
    fit_vectors,
    prepare,
    vector_docs,
)
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.vector_files import check_suffix, read_vectors
from spacy_spanbert.errors import SpanbertError


@app.command("vectors")
@clean_errors()
def vectors_cli(
    model: options.Model,
    source: options.Source,
    output: Annotated[
        Path,
        Argument(metavar="OUTPUT", help="A .safetensors, .npz or .parquet file of vectors"),
    ],
    of: Annotated[str, Option(help="What has a row each: words, spans or documents")] = "words",
    spans_key: options.SpansKey = None,
    dtype: Annotated[str, Option(help="float32, or float16 for half the size")] = "float32",
    layers: Annotated[
        str | None,
        Option(help="last, last_four_mean or numbers such as -1,-2; else as the pipeline has it"),
    ] = None,
    pooling: Annotated[
        str | None, Option(help="Of a word's pieces: mean or first; else as the pipeline has it")
    ] = None,
    transform: Annotated[
        Path | None, Option(help="Centring or whitening that --fit wrote; else the pipeline's own")
    ] = None,
    fit: Annotated[
        str | None,
        Option(help="Write no vectors, but a centre or whiten fitted on those of the words"),
    ] = None,
    query: Annotated[
        str | None,
        Option(help="Text whose nearest neighbours in OUTPUT are shown; made first if it is new"),
    ] = None,
    word: Annotated[str | None, Option(help="Word of the query; else all of it")] = None,
    top: Annotated[int, Option(min=1, help="How many neighbours")] = 10,
    unit: options.Unit = "document",
    source_format: options.SourceFormat = None,
    batch_size: options.BatchSize = 256,
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
    if fit is not None and query is not None:
        raise SpanbertError("Give --fit or --query, not both: each makes another OUTPUT.")
    if fit is not None and transform is not None:
        raise SpanbertError("Give --fit or --transform, not both: one is fitted on plain vectors.")
    import_code(code)
    setup_gpu(gpu_id, silent=gpu_id < 0)
    nlp = load_pipeline(model)
    if of == "spans":
        settings = settings.with_spans_key(choose_spans_key(nlp, spans_key))
    about = prepare(nlp, settings, is_fit=fit is not None)
    if query is None or not output.exists():
        problems = Problems()
        with Progress(progress) as meter:
            docs = vector_docs(nlp, source, settings, meter, problems)
            if fit is None:
                n_rows = export_vectors(docs, output, settings, about)
            else:
                fit_vectors(docs, output, fit, about)
        if problems:
            msg.warn(f"{len(problems):,} problems:")
            for line in problems.summary():
                echo(f"  {line}")
        what = f"{n_rows:,} vectors" if fit is None else f"a transform of {meter.n_words:,} words"
        msg.good(f"Wrote {what} to {output}")
    if query is not None and fit is None:
        found = read_vectors(output)
        check_comparable(found, about, output)
        columns = found.columns
        rows = [
            (f"{cosine:.3f}", columns["text"][row][:40], columns["doc"][row], columns["start"][row],
             columns["context"][row])
            for cosine, row in find_neighbours(nlp, found, query, word, top)
        ]  # fmt: skip
        header = ("cosine", "text", "document", "start", "context")
        echo(table(rows, header=header, divider=True, aligns=("r", "l", "r", "r", "l")))
