"""The shared encoder as a thinc model: Docs in, one matrix of piece vectors a Doc out."""

from collections.abc import Callable

from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch
from thinc.api import Model, torch2xp, xp2torch
from thinc.types import Floats2d

from spacy_spanbert.checkpoints.checkpoint import Checkpoint
from spacy_spanbert.layers.architecture import architecture
from spacy_spanbert.layers.encoder_output import full_batch
from spacy_spanbert.layers.encoder_run import run_encoder
from spacy_spanbert.layers.encoder_shim import EncoderShim
from spacy_spanbert.layers.precision import Precision

EncoderModel = Model[list[Doc], FullTransformerBatch]


@architecture("spacy-spanbert.Encoder.v1")
def build_encoder(
    window: int | None = None,
    stride: int | None = None,
    batch_pieces: int = 4096,
    precision: Precision = "auto",
    alignment: str = "words",
    dropout: float | None = 0.1,
    attention_dropout: float | None = 0.0,
) -> EncoderModel:
    """Build an encoder without weights; `initialize` or loading fills it.

    window (int | None): Longest encoder input, in pieces, special pieces included; None for the
        checkpoint's longest.
    stride (int | None): Distance between two windows of a long text, in pieces; None for three
        quarters of the window.
    batch_pieces (int): Largest batch inside the encoder, in pieces, padding included. Memory grows
        with it, not with the text.
    precision (Precision): "float32", "bfloat16", or "auto" for bfloat16 where the hardware has it.
    alignment (str): "words": no piece belongs to two words; "text": pieces as the tokenizer cuts
        the plain text.
    dropout (float | None): Dropout between layers in training; None for the checkpoint's.
    attention_dropout (float | None): Dropout inside attention; above 0 training is slower.
    RETURNS (EncoderModel): The model; its `nO` is set with the weights.
    RAISES (ValueError): If a value is out of its range.
    """
    if alignment not in ("words", "text"):
        raise ValueError(f'alignment must be "words" or "text", but is {alignment!r}')
    for name, size in (("window", window), ("stride", stride), ("batch_pieces", batch_pieces)):
        if size is not None and size < 1:
            raise ValueError(f"{name} is a number of pieces, 1 or more, but is {size}")
    for name, rate in (("dropout", dropout), ("attention_dropout", attention_dropout)):
        if rate is not None and not 0 <= rate < 1:
            raise ValueError(f"{name} is a probability, 0 to below 1, but is {rate}")
    shim = EncoderShim(
        precision=precision,
        dropout=dropout,
        attention_dropout=attention_dropout,
        window=window,
        stride=stride,
        cut_at_words=alignment == "words",
    )
    return Model(
        "spanbert-encoder",
        forward,
        dims={"nO": None},
        shims=[shim],
        attrs={"batch_pieces": batch_pieces, "both_orders": False},
    )


def encoder_shim(model: EncoderModel) -> EncoderShim:
    """RETURNS (EncoderShim): What holds the encoder's module and tokenizer."""
    shim = model.shims[0]
    assert isinstance(shim, EncoderShim)
    return shim


def set_checkpoint(model: EncoderModel, checkpoint: Checkpoint) -> None:
    """Fill the model with a pretrained or new encoder.

    model (EncoderModel): The model.
    checkpoint (Checkpoint): Module and tokenizer.
    RAISES (ValueError): If the configured window does not suit the checkpoint.
    """
    encoder_shim(model).set_checkpoint(checkpoint)
    model.set_dim("nO", checkpoint.module.config.hidden_size, force=True)


def forward(
    model: EncoderModel, docs: list[Doc], is_train: bool
) -> tuple[FullTransformerBatch, Callable[[Floats2d], list[Doc]]]:
    """Encode Docs.

    model (EncoderModel): With a checkpoint.
    docs (list[Doc]): Any Docs, also empty ones.
    is_train (bool): Whether dropout is on and gradients will be asked for.
    RETURNS (tuple[FullTransformerBatch, Callable]): The output, and a callback that takes the
        gradient of all output rows, shape (n_rows, width).
    RAISES (ValueError): Without a checkpoint.
    """
    shim = encoder_shim(model)
    reader = shim.reader
    encoded = reader.encode(docs, both_orders=model.attrs["both_orders"])
    rows = reader.input_rows(encoded)
    with shim.training() if is_train else shim.inference() as module:
        layers = () if is_train else shim.layers_beside_last
        hidden, mean = run_encoder(module, rows, model.attrs["batch_pieces"], layers)
    # shape (n_rows, width)
    layer_mean = None if mean is None else torch2xp(mean)
    batch = full_batch(encoded, torch2xp(hidden.detach()), reader, layer_mean)

    def backprop(d_output: Floats2d) -> list[Doc]:
        if hidden.requires_grad:
            hidden.backward(xp2torch(d_output, device=hidden.device))
        return docs

    return batch, backprop
