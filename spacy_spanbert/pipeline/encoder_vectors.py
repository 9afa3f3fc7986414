"""The vectors that the encoder's component gives to words."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy import Language
from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch

from spacy_spanbert.annotations.vectors import set_vectors
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.encoder_output import vector_rows
from spacy_spanbert.layers.encoder_shim import EncoderShim
from spacy_spanbert.layers.vector_origin import describe_differences, vector_origin
from spacy_spanbert.layers.vector_transform import VectorTransform, read_transform
from spacy_spanbert.layers.word_pooling import POOLINGS, Pooling, pool_words

logger = logging.getLogger("spacy")
VECTORS_FILE = "vectors.safetensors"
NAMED_LAYERS = ("last", "last_four_mean")


@dataclass(frozen=True)
class VectorSettings:
    """How vectors are made.

    layers (str | Sequence[int]): "last", "last_four_mean", or the layers whose mean is taken: 0 is
        the embeddings, 1 the lowest layer, -1 the last one.
    pooling (str): Of the pieces of a word: "mean", or the "first".
    keep (bool): Whether Docs get vectors at all; without, they take neither time nor memory.
    """

    layers: str | Sequence[int] = "last"
    pooling: Pooling = "mean"
    keep: bool = True


def read_settings(values: dict[str, Any], name: str) -> VectorSettings:
    """Check the settings of a config.

    values (dict[str, Any]): Some or all settings.
    name (str): The component's name, for errors.
    RETURNS (VectorSettings): The settings, with defaults for what is missing.
    RAISES (ValueError): Naming the key that is not known, or whose value cannot be.
    """
    section = f"[components.{name}.vectors]"
    if unknown := sorted(set(values) - {"layers", "pooling", "keep"}):
        raise ValueError(
            f"{section} has no setting {unknown[0]!r}: there are layers, pooling, keep"
        )
    settings = VectorSettings(**values)
    layers, pooling, keep = settings.layers, settings.pooling, settings.keep
    is_list = isinstance(layers, list | tuple) and len(layers) > 0
    if layers not in NAMED_LAYERS and not (is_list and all(type(n) is int for n in layers)):
        raise ValueError(
            f'{section} layers is "last", "last_four_mean" or a list of whole numbers, at least '
            f"one, but is {layers!r}"
        )
    if pooling not in POOLINGS:
        raise ValueError(f'{section} pooling is "mean" or "first", but is {pooling!r}')
    if not isinstance(keep, bool):
        raise ValueError(f"{section} keep is true or false, but is {keep!r}")
    return settings


class EncoderVectors:
    """Pools the encoder's output to vectors of words, and writes them on Docs.

    settings (VectorSettings): How.
    """

    def __init__(self, settings: VectorSettings) -> None:
        self.settings = settings
        self.transform: VectorTransform | None = None
        self._told: set[str] = set()

    @property
    def layers(self) -> str | Sequence[int]:
        """RETURNS (str | Sequence[int]): What the encoder is to keep of its layers."""
        return self.settings.layers if self.settings.keep else "last"

    def pool(self, batch: FullTransformerBatch) -> list[Any]:
        """Make the vectors of a batch of Docs.

        batch (FullTransformerBatch): The encoder's output.
        RETURNS (list[NDArray | cupy.ndarray]): One array a Doc, float32, shape (n_words, width).
        RAISES (SpanbertError): If the transform belongs to an encoder of another width.
        """
        pooled = [
            pool_words(rows, data, self.settings.pooling)
            for rows, data in zip(vector_rows(batch), batch.doc_data, strict=True)
        ]
        return pooled if self.transform is None else [self.transform.apply(v) for v in pooled]

    def annotate(
        self, docs: Iterable[Doc], batch: FullTransformerBatch, name: str, nlp: Language | None
    ) -> None:
        """Write vectors on Docs, unless the settings or another component rule it out.

        docs (Iterable[Doc]): The Docs.
        batch (FullTransformerBatch): The encoder's output for them.
        name (str): This component's name.
        nlp (Language | None): The pipeline. Where another of its components writes `doc.tensor`,
            such as spaCy's `tok2vec`, whose listeners read it, that component has it.
        """
        if not self.settings.keep:
            return
        if writer := other_writer(nlp, name):
            self._tell(
                "Component %r sets no vectors: doc.tensor belongs to %r, whose listeners read it. "
                "To have them, give those listeners their own layers with nlp.replace_listeners "
                "and remove %r; to do without, set [components.%s.vectors] keep = false.",
                *(name, writer, writer, name),
            )
            return
        for doc, vectors in zip(docs, self.pool(batch), strict=True):
            set_vectors(doc, vectors)

    def load(self, path: Path) -> None:
        """Take a transform from a file.

        path (Path): As `python -m spacy spanbert vectors ... --fit` writes it.
        RAISES (SpanbertError): If there is none.
        """
        if not path.is_file():
            raise SpanbertError(
                f"there is no file {path} with a vector transform: make one with `python -m spacy "
                f"spanbert vectors MODEL CORPUS {path} --fit centre`"
            )
        self.from_bytes(path.read_bytes(), str(path))

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The transform and how its vectors were made; empty without one."""
        return b"" if self.transform is None else self.transform.to_bytes()

    def from_bytes(self, data: bytes, source: str = "the pipeline") -> None:
        """Take what to_bytes stored.

        data (bytes): The stored form.
        source (str): Where it comes from, for errors.
        RAISES (SpanbertError): If it is damaged.
        """
        self.transform = read_transform(data, source) if data else None

    def to_disk(self, path: Path) -> None:
        """Write the transform, if there is one.

        path (Path): The file; without a transform it is removed, if it is there.
        """
        if self.transform is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(self.to_bytes())

    def from_disk(self, path: Path) -> None:
        """Take the transform that to_disk wrote, if it wrote any.

        path (Path): The file.
        RAISES (SpanbertError): If it is damaged.
        """
        self.from_bytes(path.read_bytes() if path.is_file() else b"", str(path))

    def about(self, shim: EncoderShim) -> dict[str, Any]:
        """Tell how vectors are made, for the files that hold some.

        shim (EncoderShim): The encoder, with weights.
        RETURNS (dict[str, Any]): As from vector_origin, and `transform`: its fingerprint, or None.
        """
        origin = vector_origin(shim, self.settings.layers, self.settings.pooling)
        transform = None if self.transform is None else self.transform.fingerprint
        return {**origin, "transform": transform}

    def check_transform(self, shim: EncoderShim, *, is_saved: bool = False) -> None:
        """Refuse a transform that was fitted on vectors made in another way than these.

        shim (EncoderShim): The encoder; without weights there is nothing to check.
        is_saved (bool): Whether the transform was saved with this encoder, which may have learned
            since the transform was fitted: that gets a warning in the log only.
        RAISES (SpanbertError): Saying in what they differ.
        """
        if self.transform is None or not shim.has_module:
            return
        made = self.transform.origin
        now = vector_origin(shim, self.settings.layers, self.settings.pooling)
        if is_saved and made.get("encoder", now["encoder"]) != now["encoder"]:
            self._tell(
                "The encoder has learned since its vector transform was fitted: fit a new one with "
                "`python -m spacy spanbert vectors MODEL CORPUS OUT --fit centre`."
            )
            made = {**made, "encoder": now["encoder"]}
        if differences := describe_differences(made, now):
            raise SpanbertError(
                f"the vector transform was fitted on other vectors: {differences}. Fit one on this "
                "pipeline with these settings (`python -m spacy spanbert vectors MODEL CORPUS OUT "
                "--fit centre`), or give the settings that it was fitted with"
            )

    def _tell(self, message: str, *values: str) -> None:
        """Write a warning to the log, once."""
        text = message % values
        if text not in self._told:
            self._told.add(text)
            logger.warning(text)


def other_writer(nlp: Language | None, name: str) -> str | None:
    """Find out to whom `doc.tensor` belongs.

    nlp (Language | None): The pipeline.
    name (str): The encoder's name in it.
    RETURNS (str | None): The first other component that says of itself that it sets it; None if
        there is none, or no pipeline.
    """
    if nlp is None:
        return None
    return next((x for x in nlp.pipe_names if x != name and _writes_tensor(nlp, x)), None)


def _writes_tensor(nlp: Language, name: str) -> bool:
    is_ours = isinstance(getattr(nlp.get_pipe(name), "vectors", None), EncoderVectors)
    return not is_ours and "doc.tensor" in nlp.get_pipe_meta(name).assigns
