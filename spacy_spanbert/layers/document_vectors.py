"""[CLS] vectors of whole texts, taken from what the shared encoder leaves for listeners."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.util import registry
from spacy_transformers.data_classes import TransformerData
from spacy_transformers.layers.listener import TransformerListener
from thinc.api import Model, chain
from thinc.types import Floats2d
from transformers.file_utils import ModelOutput

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.layers.encoder_output import is_pair_output, n_cls_rows, n_unread_pieces


@dataclass(frozen=True)
class DocumentVectors:
    """Vectors for whole texts.

    rows (Floats2d): The vectors of all texts, one after the other, shape (n_rows, width).
    counts (NDArray[np.int64]): How many each text has, shape (n_docs,).
    n_cut (NDArray[np.int64]): Pieces of each pair that none of them has read, shape (n_docs,).
    """

    rows: Floats2d
    counts: NDArray[np.int64]
    n_cut: NDArray[np.int64]


DocumentLayer = Model[list[Doc], DocumentVectors]
TakeLayer = Model[list[TransformerData], DocumentVectors]


@registry.architectures("spacy-spanbert.DocumentListener.v1")
def build_document_listener(upstream: str = "*", grad_factor: float = 1.0) -> DocumentLayer:
    """Build a layer that listens to the shared encoder and takes the [CLS] of each window.

    upstream (str): Name of the encoder component; "*" for any.
    grad_factor (float): Factor on the gradient that reaches the encoder.
    RETURNS (DocumentLayer): Docs to vectors.
    """
    return chain(TransformerListener(upstream_name=upstream), take_cls(grad_factor))


def take_cls(grad_factor: float) -> TakeLayer:
    """Build a layer that takes [CLS] rows out of the encoder's output.

    grad_factor (float): Factor on the gradient that is passed back.
    RETURNS (TakeLayer): The layer; read_pairs sets it up for pairs.
    """
    attrs = {
        "grad_factor": grad_factor,
        "most_rows": None,
        "refuses_long": False,
        "has_warned": False,
    }
    return Model("take-cls", _take, attrs=attrs)


def read_pairs(model: Model, *, symmetric: bool, refuses_long: bool) -> None:
    """Set a model up for pairs.

    model (Model): With a layer of this file.
    symmetric (bool): Whether to take the [CLS] of both orders, and to have both encoded; else only
        that of the order that is given.
    refuses_long (bool): Whether a pair that was shortened is an error; else the first of them,
        in training or not, is warned of.
    """
    for node in model.walk():
        if node.name == "take-cls":
            node.attrs["most_rows"] = 2 if symmetric else 1
            node.attrs["refuses_long"] = refuses_long
            node.attrs["has_warned"] = False
        if node.name in (TransformerListener.name, "spanbert-encoder"):
            node.attrs["both_orders"] = symmetric


def document_width(model: DocumentLayer) -> int:
    """RETURNS (int): Width of the vectors. RAISES (SpanbertError): If there is no encoder yet."""
    encoder = model.layers[0]
    while encoder.name != "spanbert-encoder" and encoder.layers:
        encoder = encoder.layers[0]
    if not encoder.has_dim("nO"):
        raise SpanbertError(
            "there is no initialized encoder: add the component 'spanbert' to the pipeline before "
            "this one, and initialize them together"
        )
    return int(encoder.get_dim("nO"))


def _take(
    model: TakeLayer, outputs: list[TransformerData], is_train: bool
) -> tuple[DocumentVectors, Callable[[Floats2d], list[TransformerData]]]:
    del is_train
    xp = model.ops.xp
    most_rows = model.attrs["most_rows"]
    hidden = [_hidden(data) for data in outputs]
    there = [(data, n_cls_rows(data)) for data in outputs]
    if most_rows == 2 and any(n < 2 for _, n in there):
        raise SpanbertError(
            "with symmetric = true both orders of a pair are encoded, but a Doc comes with one: "
            "run the components of the pipeline together, the encoder included, and not in a "
            "pipeline whose encoder was since taken into another (source): load the pipeline anew"
        )
    # another component may have asked for both orders: the first row is that of the order given
    wanted = [most_rows or (1 if is_pair_output(data) else n) for data, n in there]
    counts = np.array([min(n, w) for (_, n), w in zip(there, wanted, strict=True)], dtype=np.int64)
    taken = [rows[:count] for rows, count in zip(hidden, counts.tolist(), strict=True)]
    n_cut = np.array([n_unread_pieces(data) for data in outputs], dtype=np.int64)
    if n_cut.any():
        _tell_of_cut(model, outputs[int(n_cut.argmax())], int(n_cut.max()))
    vectors = DocumentVectors(xp.concatenate(taken), counts, n_cut)

    def backprop(d_rows: Floats2d) -> list[TransformerData]:
        gradients = []
        start = 0
        for data, rows, count in zip(outputs, hidden, counts.tolist(), strict=True):
            d_hidden = xp.zeros(rows.shape, dtype="f")
            d_hidden[:count] = d_rows[start : start + count] * model.attrs["grad_factor"]
            start += count
            gradients.append(
                TransformerData(
                    wordpieces=data.wordpieces,
                    model_output=ModelOutput(last_hidden_state=d_hidden[None]),
                    align=data.align,
                )
            )
        return gradients

    return vectors, backprop


def _tell_of_cut(model: TakeLayer, data: TransformerData, n_cut: int) -> None:
    pieces = data.wordpieces.strings[0][n_cls_rows(data) :]
    pair = f"a pair of {len(pieces)} pieces ({' '.join(pieces[:8])} ...)"
    longer = f"{pair} is longer than the encoder's window by {n_cut}"
    if model.attrs["refuses_long"]:
        raise SpanbertError(
            f"{longer}. Shorten the texts, raise [components.spanbert.model] window, or set "
            'long = "shorten"'
        )
    if not model.attrs["has_warned"]:
        model.attrs["has_warned"] = True
        warnings.warn(
            f"{longer}. The longer text of such pairs is shortened; doc.spans['pair'].attrs"
            "['n_cut'] and the score pairs_cut tell of them. To refuse them set long = \"error\"",
            stacklevel=2,
        )


def _hidden(data: TransformerData) -> Any:
    """All rows of one text, shape (n_rows, width)."""
    states = data.model_output.get("last_hidden_state", ())
    if len(states) != 1:
        raise SpanbertError(
            "a Doc was encoded by another component than 'spanbert': the [CLS] of a text is taken "
            "from the output of the factory 'spanbert' only"
        )
    return states[0]
