"""The work of `python -m spacy spanbert annotate`: records through a pipeline, into parts, out."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast, get_args

from spacy.language import Language
from wasabi import msg

from spacy_spanbert.cli.pipelines import (
    choose_spans_key,
    file_states,
    fingerprint,
    given_keys,
    may_write_spans,
    span_labels,
)
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.data.annotating import AnnotationCounts, Annotator
from spacy_spanbert.data.inputs import (
    STANDARD_INPUT,
    Input,
    InputFormat,
    RawRecord,
    TextUnit,
    list_inputs,
    read_raw,
)
from spacy_spanbert.data.memory import TransientStrings, release_activations
from spacy_spanbert.data.msgpack_hooks import look_once_for_msgpack_hooks
from spacy_spanbert.data.part_report import PartReport
from spacy_spanbert.data.parts import Parts, parts_folder
from spacy_spanbert.data.parts_output import annotated_format, write_parts
from spacy_spanbert.data.problems import CorpusError, OnError, Problems

# A part ends here too, so that an interruption costs minutes, however long the documents are.
PART_CHARACTERS = 2_000_000


@dataclass(frozen=True)
class AnnotateSettings:
    """What `annotate` may be told.

    unit (str): What a record of a text file is: "document", "paragraph" or "line".
    source_format (str | None): "text", "jsonl" or "spacy"; None: told by the suffix.
    target_format (str | None): "spacy", "jsonl", "brat", "conll" or "html"; None: by the suffix.
    spans_key (str | None): Key of doc.spans; None: the only one that the pipeline writes, or "sc".
    batch_size (int): Records that go through the pipeline together.
    n_process (int): Processes; -1: one for each processor.
    records_per_part (int): Records that are finished together.
    on_error (str): "skip" bad records, or "stop" at the first.
    resume (bool): Go on with an interrupted run.
    overwrite (bool): Throw an interrupted run away (with `resume` only if it was another);
        replace an output folder that is not empty.
    title (str | None): Title of a page; None: the name of the input.
    code (Path | None): Python file that was imported for the pipeline.
    gpu_id (int): GPU that the pipeline runs on; -1: none.
    """

    unit: str = "document"
    source_format: str | None = None
    target_format: str | None = None
    spans_key: str | None = None
    batch_size: int = 256
    n_process: int = 1
    records_per_part: int = 1024
    on_error: str = "skip"
    resume: bool = False
    overwrite: bool = False
    title: str | None = None
    code: Path | None = None
    gpu_id: int = -1

    def check(self) -> None:
        """Check what is not checked where it is used.

        RAISES (CorpusError): If a setting makes no sense.
        """
        if self.unit not in get_args(TextUnit):
            raise CorpusError(f"--unit is document, paragraph or line, not {self.unit!r}.")
        if self.on_error not in get_args(OnError):
            raise CorpusError(f"--on-error is skip or stop, not {self.on_error!r}.")
        for name in ("batch_size", "records_per_part"):
            if getattr(self, name) < 1:
                option = name.replace("_", "-")
                raise CorpusError(f"--{option} is at least 1, not {getattr(self, name)}.")
        if self.n_process < 1 and self.n_process != -1:
            raise CorpusError(f"--n-process is at least 1, or -1, not {self.n_process}.")

    def output_format(self, output: Path) -> tuple[str, bool]:
        """Tell in which format an output is to be written; see `annotated_format`.

        output (Path): The output; it need not exist.
        RETURNS (tuple[str, bool]): The format, and whether the output is a folder.
        RAISES (CorpusError): If there is no such format, or it does not go with a setting.
        """
        format_, is_folder = annotated_format(output, self.target_format)
        if self.title is not None and format_ != "html":
            raise CorpusError(
                f"--title is of a page, and {output} is to be {format_}: leave it out, or give "
                "OUTPUT the suffix .html."
            )
        return format_, is_folder


@dataclass
class AnnotateResult:
    """What came of a run.

    counts (AnnotationCounts): Of all records, those of an interrupted run included.
    spans_key (str): The key of the spans.
    n_resumed (int): Records that an interrupted run had finished.
    """

    counts: AnnotationCounts
    spans_key: str
    n_resumed: int = 0


def annotate(
    nlp: Language,
    source: Path,
    output: Path,
    settings: AnnotateSettings,
    progress: Progress,
    problems: Problems,
) -> AnnotateResult:
    """Annotate a corpus; the output appears whole, or not at all.

    nlp (Language): The pipeline; it is changed to drop activations.
    source (Path): A file, a folder, or `-`.
    output (Path): A file, or a folder.
    settings (AnnotateSettings): How.
    progress (Progress): Counts what is annotated; entered.
    problems (Problems): Told of all problems in the end, in the order of the records.
    RETURNS (AnnotateResult): What came of it.
    RAISES (CorpusError): If input, output or settings make no sense, or at the first bad record
        if so set. What is finished until then can be resumed.
    """
    settings.check()
    format_, is_folder = settings.output_format(output)
    spans_key = choose_spans_key(nlp, settings.spans_key)
    inputs = _list_inputs(source, output, settings)
    manifest = _manifest(nlp, inputs, settings, spans_key)
    release_activations(nlp)
    annotator = Annotator(
        nlp,
        spans_key,
        settings.batch_size,
        settings.n_process,
        expects_spans=settings.spans_key is not None or may_write_spans(nlp),
        on_doc=progress.add,
        given_spans=spans_key in given_keys(nlp),
    )
    result = AnnotateResult(AnnotationCounts(), spans_key)
    with (
        look_once_for_msgpack_hooks(),
        Parts(output, manifest, resume=settings.resume, overwrite=settings.overwrite) as parts,
    ):
        if parts.thrown_away:
            msg.warn(f"Begins anew: {parts.thrown_away}.")
        result.n_resumed = sum(report.counts.n_read for report in parts.reports())
        records = read_raw(inputs, cast(TextUnit, settings.unit), nlp.vocab)
        _write_parts(parts, records, result.n_resumed, annotator, inputs, settings)
        for report in parts.reports():
            result.counts += report.counts
            for problem in report.problems:
                problems.note(problem.kind, problem.message, problem.place)
        _check_any_written(result, problems, parts)
        parts.publish(
            lambda path: write_parts(
                parts.paths,
                path,
                nlp,
                format=format_,
                is_folder=is_folder,
                spans_key=spans_key,
                title=settings.title or _title(inputs, source),
                labels=span_labels(nlp, spans_key),
                problems=problems,
            )
        )
    return result


def _check_any_written(result: AnnotateResult, problems: Problems, parts: Parts) -> None:
    """Do not write an empty corpus where there was one that could not be annotated."""
    if result.counts.n_read and not result.counts.n_written:
        parts.remove()
        first = next(iter(problems.examples.values()))[0]
        raise CorpusError(f"Nothing could be annotated, {problems.count_text}. The first: {first}")


def _list_inputs(source: Path, output: Path, settings: AnnotateSettings) -> list[Input]:
    if source == STANDARD_INPUT and settings.resume:
        raise CorpusError(
            "Standard input cannot be read again, so --resume needs a file: save it, and name it."
        )
    ours, parts = output.resolve(), parts_folder(output)
    inputs = list_inputs(source, cast(InputFormat | None, settings.source_format))
    if [file.path.resolve() for file in inputs] == [ours]:
        raise CorpusError(f"{output} is the input: name another output.")
    return [
        file
        for file in inputs
        if not {ours, parts} & {file.path.resolve(), *file.path.resolve().parents}
    ]


def _write_parts(
    parts: Parts,
    records: Iterator[RawRecord],
    n_done: int,
    annotator: Annotator,
    inputs: list[Input],
    settings: AnnotateSettings,
) -> None:
    """Annotate what is not finished, part after part. No batch is in two parts."""
    for _ in islice(records, n_done):
        pass
    # Docs of the input live from part to part, and with them their strings.
    is_transient = all(file.format != "spacy" for file in inputs)
    with TransientStrings(annotator.nlp, is_active=is_transient) as strings:
        while (first := next(records, None)) is not None:
            strings.renew()
            report = PartReport()
            problems = Problems(
                cast(OnError, settings.on_error),
                n_examples=0,
                on_problem=report.problems.append,
            )
            part = _take_part(chain([first], records), settings.records_per_part)
            parts.write(annotator.annotate(part, report.counts, problems), report)


def _take_part(records: Iterator[RawRecord], n_records: int) -> Iterator[RawRecord]:
    """Take what makes a part; which depends on nothing but the records."""
    n_characters = 0
    for record in islice(records, n_records):
        yield record
        n_characters += record.n_characters
        if n_characters >= PART_CHARACTERS:
            return


def _manifest(
    nlp: Language, inputs: list[Input], settings: AnnotateSettings, spans_key: str
) -> dict[str, Any]:
    """Tell what the parts depend on: neither the format of the output nor its title."""
    return {
        "spacy-spanbert": metadata.version("spacy-spanbert"),
        "spaCy": metadata.version("spacy"),
        "the pipeline": fingerprint(nlp),
        "--code": file_states([settings.code] if settings.code else []),
        "--gpu-id": settings.gpu_id,
        "the input": file_states([file.path for file in inputs]),
        "--from": settings.source_format,
        "--unit": settings.unit,
        "--spans-key": spans_key,
        "--batch-size": settings.batch_size,
        "--n-process": settings.n_process,
        "--records-per-part": settings.records_per_part,
    }


def _title(inputs: list[Input], source: Path) -> str:
    return (inputs[0].name if len(inputs) == 1 else source.resolve().name) or "Nested spans"
