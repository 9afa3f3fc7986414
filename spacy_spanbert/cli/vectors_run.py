"""The work of `python -m spacy spanbert vectors`: a corpus through the encoder, vectors out."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span, Token

from spacy_spanbert.cli.pipelines import given_keys
from spacy_spanbert.cli.progress import Progress
from spacy_spanbert.data.annotating import AnnotationCounts, Annotator
from spacy_spanbert.data.files import write_whole_bytes
from spacy_spanbert.data.inputs import InputFormat, TextUnit, list_inputs, read_raw
from spacy_spanbert.data.memory import TransientStrings
from spacy_spanbert.data.problems import CorpusError, Problems
from spacy_spanbert.data.vector_files import VectorBlock, check_suffix, write_vectors
from spacy_spanbert.errors import SpanbertError

KINDS = ("words", "spans", "documents")
CONTEXT_CHARACTERS = 40


@dataclass(frozen=True)
class VectorsSettings:
    """What `vectors` may be told.

    of (str): What has a row each: "words", "spans" (those that the pipeline sets) or "documents".
    spans_key (str | None): Key of doc.spans; None: "sc".
    dtype (str): "float32" or "float16".
    layers (str | None): "last", "last_four_mean", or numbers with commas between; None: as the
        pipeline has it.
    pooling (str | None): "mean" or "first"; None: as the pipeline has it.
    transform (Path | None): A centring or whitening; None: the pipeline's own, if it has one.
    unit (str): What a record of a text file is: "document", "paragraph" or "line".
    source_format (str | None): "text", "jsonl" or "spacy"; None: told by the suffix.
    batch_size (int): Records that go through the pipeline together.
    """

    of: str = "words"
    spans_key: str | None = None
    dtype: str = "float32"
    layers: str | None = None
    pooling: str | None = None
    transform: Path | None = None
    unit: str = "document"
    source_format: str | None = None
    batch_size: int = 256

    def check(self) -> None:
        """RAISES (SpanbertError): If a setting that is not checked elsewhere makes no sense."""
        if self.of not in KINDS:
            raise SpanbertError(f"--of is {', '.join(KINDS)}, not {self.of!r}.")
        if self.dtype not in ("float32", "float16"):
            raise SpanbertError(f"--dtype is float32 or float16, not {self.dtype!r}.")
        if self.batch_size < 1:
            raise SpanbertError(f"--batch-size is at least 1, not {self.batch_size}.")

    def with_spans_key(self, spans_key: str) -> "VectorsSettings":
        """RETURNS (VectorsSettings): The same with another key of doc.spans."""
        return replace(self, spans_key=spans_key)


def prepare(nlp: Language, settings: VectorsSettings, *, is_fit: bool = False) -> dict[str, Any]:
    """Set the pipeline's encoder as the command was told.

    nlp (Language): The pipeline; it is changed.
    settings (VectorsSettings): How.
    is_fit (bool): Whether a transform is to be fitted: then none is applied.
    RETURNS (dict[str, Any]): How vectors are made now, for the file.
    RAISES (SpanbertError): If there is no such encoder, or a setting cannot be.
    """
    from spacy_spanbert.layers.encoder import encoder_shim
    from spacy_spanbert.pipeline.encoder_vectors import other_writer, read_settings
    from spacy_spanbert.pipeline.shared_encoder import SpanbertEncoder

    settings.check()
    encoders = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, SpanbertEncoder)]
    if not encoders:
        raise SpanbertError(
            "This pipeline has no component `spanbert`, whose vectors could be written; it has "
            f"{', '.join(nlp.pipe_names) or 'none at all'}."
        )
    encoder = encoders[-1]
    asked: dict[str, Any] = {"keep": True}
    if settings.layers is not None:
        asked["layers"] = _parse_layers(settings.layers)
    if settings.pooling is not None:
        asked["pooling"] = settings.pooling
    current, shim = encoder.vectors.settings, encoder_shim(encoder.model)
    try:
        read_settings(asked, encoder.name)
        encoder.vectors.settings = replace(current, **asked)
        shim.vector_layers = encoder.vectors.layers
        if is_fit:
            encoder.vectors.transform = None
        elif settings.transform is not None:
            encoder.vectors.load(settings.transform)
        about = encoder.vectors.about(shim)
    except ValueError as error:
        raise SpanbertError(str(error)) from error
    # a transform that the pipeline brought has been checked against its weights
    encoder.vectors.check_transform(shim, is_saved=settings.transform is None)
    writer = other_writer(nlp, encoder.name)
    if settings.of == "spans" and writer is not None:
        raise SpanbertError(
            f"Vectors of spans cannot be had from this pipeline: doc.tensor belongs to {writer!r}. "
            "Write those of words or documents."
        )
    return {**about, "of": settings.of}


def _parse_layers(text: str) -> str | list[int]:
    if text.startswith("last"):
        return text
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise SpanbertError(
            f"--layers is last, last_four_mean or numbers such as -1,-2, not {text!r}."
        ) from None


def describe_source(source: Path, settings: VectorsSettings) -> str:
    """Tell a corpus from others, for the file.

    source (Path): A file, a folder, or `-`, which cannot be read twice.
    settings (VectorsSettings): Its format.
    RETURNS (str): Its name, and 16 hexadecimal digits that its content gives.
    RAISES (CorpusError): If there is none.
    """
    if str(source) == "-":
        return "-"
    digest = hashlib.sha256()
    for file in list_inputs(source, cast(InputFormat | None, settings.source_format)):
        with file.path.open("rb") as data:
            digest.update(hashlib.file_digest(data, "sha256").digest())
    return f"{source.name} {digest.hexdigest()[:16]}"


def vector_docs(
    nlp: Language, source: Path, settings: VectorsSettings, progress: Progress, problems: Problems
) -> Iterator[Doc]:
    """Run a corpus through the pipeline; no more than a batch is held.

    nlp (Language): The pipeline, prepared. Only its encoder runs, unless spans are wanted.
    source (Path): A file, a folder, or `-`.
    settings (VectorsSettings): How.
    progress (Progress): Counts Docs; entered.
    problems (Problems): Told of records that are left out.
    YIELDS (Doc): Docs with vectors, also empty ones.
    RAISES (CorpusError): If nothing could be read although there was something.
    """
    inputs = list_inputs(source, cast(InputFormat | None, settings.source_format))
    spans_key, n_docs = settings.spans_key or "sc", 0
    given = spans_key in given_keys(nlp)
    size, on_doc = settings.batch_size, progress.add
    annotator = Annotator(nlp, spans_key, size, on_doc=on_doc, given_spans=given)
    is_transient = all(file.format != "spacy" for file in inputs)
    with only_encoder(nlp, settings), TransientStrings(nlp, is_active=is_transient) as strings:
        records = read_raw(inputs, cast(TextUnit, settings.unit), nlp.vocab)
        while (first := next(records, None)) is not None:
            strings.renew()
            batch = chain([first], islice(records, settings.batch_size - 1))
            for doc in annotator.annotate(batch, AnnotationCounts(), problems):
                n_docs += 1
                yield doc
    if problems and not n_docs:
        problem = next(iter(problems.examples.values()))[0]
        raise CorpusError(f"Nothing could be read, {problems.count_text}. The first: {problem}")


def only_encoder(nlp: Language, settings: VectorsSettings) -> AbstractContextManager[Any]:
    """Leave out what is not needed, for as long as the context lasts.

    nlp (Language): The pipeline.
    settings (VectorsSettings): Spans need all components, words and documents the encoder alone.
    RETURNS (AbstractContextManager): To be entered.
    """
    from spacy_spanbert.pipeline.shared_encoder import SpanbertEncoder

    if settings.of == "spans":
        return nullcontext()
    names = [name for name, pipe in nlp.pipeline if isinstance(pipe, SpanbertEncoder)]
    return nlp.select_pipes(enable=names[-1:])


def export_vectors(
    docs: Iterator[Doc], output: Path, settings: VectorsSettings, about: dict[str, Any]
) -> int:
    """Write vectors to a file, whole or not at all.

    docs (Iterator[Doc]): From vector_docs.
    output (Path): A .safetensors, .npz or .parquet file.
    settings (VectorsSettings): How.
    about (dict[str, Any]): From prepare.
    RETURNS (int): How many rows there are.
    RAISES (SpanbertError): If there are none.
    """
    check_suffix(output)
    blocks = (_block(doc, number, settings) for number, doc in enumerate(docs))
    kept = (block for block in blocks if len(block.vectors))
    return write_vectors(kept, output, settings.dtype, about)


def fit_vectors(docs: Iterator[Doc], output: Path, kind: str, about: dict[str, Any]) -> None:
    """Fit a centring or whitening on the words of a corpus, and write it.

    docs (Iterator[Doc]): From vector_docs.
    output (Path): A .safetensors file, which [initialize.components.spanbert] vector_transform and
        --transform take.
    kind (str): "centre" or "whiten".
    about (dict[str, Any]): From prepare.
    RAISES (SpanbertError): If there are too few words, or there is no such kind.
    """
    from spacy_spanbert.layers.vector_transform import KINDS as TRANSFORMS
    from spacy_spanbert.layers.vector_transform import TransformKind, fit_transform

    if kind not in TRANSFORMS or output.suffix != ".safetensors":
        raise SpanbertError(
            f"--fit is {' or '.join(TRANSFORMS)} and writes a .safetensors file, but was given "
            f"{kind!r} and {output}."
        )
    tensors: Iterator[Any] = (doc.tensor for doc in docs if len(doc))
    origin = {key: about[key] for key in ("encoder", "layers", "pooling")}
    transform = fit_transform(tensors, cast(TransformKind, kind), origin)
    with write_whole_bytes(output) as file:
        file.write(transform.to_bytes())


def _block(doc: Doc, number: int, settings: VectorsSettings) -> VectorBlock:
    things: list[Doc | Span | Token]
    if settings.of == "words":
        things = [token for token in doc if token.has_vector]
    elif settings.of == "spans":
        spans = doc.spans[settings.spans_key or "sc"]
        things = [span for span in spans if span.has_vector]
    else:
        things = [doc] if doc.has_vector else []
    rows: list[Any] = [thing.vector for thing in things]
    text = doc.text  # put together anew each time it is asked for
    places = [_place(thing, len(text)) for thing in things]
    return VectorBlock(
        {
            "doc": [number] * len(things),
            "start": [start for start, _ in places],
            "end": [end for _, end in places],
            "text": [text[start:end] for start, end in places],
            "context": [_context(text, start, end) for start, end in places],
        },
        np.stack([to_numpy(row) for row in rows]) if rows else np.zeros((0, 0), dtype="float32"),
    )


def to_numpy(vector: Any) -> np.ndarray:
    """RETURNS (NDArray): The vector, fetched from a GPU if it is there."""
    return vector.get() if hasattr(vector, "get") else np.asarray(vector)


def _place(thing: Doc | Span | Token, text_len: int) -> tuple[int, int]:
    if isinstance(thing, Token):
        return thing.idx, thing.idx + len(thing)
    if isinstance(thing, Span):
        return thing.start_char, thing.end_char
    return 0, text_len


def _context(text: str, start: int, end: int) -> str:
    around = text[max(0, start - CONTEXT_CHARACTERS) : end + CONTEXT_CHARACTERS]
    return " ".join(around.split()) if end - start < len(text) else ""
