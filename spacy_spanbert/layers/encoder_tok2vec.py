"""An encoder of its own for one component: what nlp.replace_listeners puts in."""

from collections.abc import Callable
from typing import Any

from spacy.tokens import Doc
from spacy.util import registry
from spacy_transformers import Transformer
from spacy_transformers.data_classes import FullTransformerBatch, TransformerData
from spacy_transformers.layers.listener import TransformerListener
from spacy_transformers.layers.trfs2arrays import trfs2arrays
from thinc.api import Model, chain
from thinc.types import Floats2d, Ragged

from spacy_spanbert.layers.document_vectors import DocumentLayer, take_cls
from spacy_spanbert.layers.encoder import EncoderModel, encoder_shim

Tok2Vec = Model[list[Doc], list[Floats2d]]
OwnEncoder = Model[list[Doc], list[TransformerData]]


@registry.architectures("spacy-spanbert.EncoderTok2Vec.v1")
def build_encoder_tok2vec(
    encoder: EncoderModel, pooling: Model[Ragged, Floats2d], grad_factor: float = 1.0
) -> Tok2Vec:
    """Build a tok2vec layer with an encoder that no other component shares.

    encoder (EncoderModel): The encoder.
    pooling (Model[Ragged, Floats2d]): Piece vectors to word vectors.
    grad_factor (float): Factor on the gradient that reaches the encoder.
    RETURNS (Tok2Vec): Docs to word vectors, one array a Doc, shape (n_words, width).
    """
    return chain(own_encoder(encoder), trfs2arrays(pooling, grad_factor))


@registry.architectures("spacy-spanbert.EncoderDocuments.v1")
def build_encoder_documents(encoder: EncoderModel, grad_factor: float = 1.0) -> DocumentLayer:
    """Build a layer of [CLS] vectors with an encoder that no other component shares.

    encoder (EncoderModel): The encoder.
    grad_factor (float): Factor on the gradient that reaches the encoder.
    RETURNS (DocumentLayer): Docs to vectors.
    """
    return chain(own_encoder(encoder), take_cls(grad_factor))


def own_encoder(encoder: EncoderModel) -> OwnEncoder:
    """Build what stands in for a listener.

    encoder (EncoderModel): An encoder that no other component shares.
    RETURNS (OwnEncoder): Gives what a listener would.
    """
    encoder_shim(encoder).vector_layers = "last"  # this one sets no vectors
    return chain(encoder, Model("spanbert-split", _split))


def replace_listener(
    encoder: EncoderModel, listener: TransformerListener, component: Transformer
) -> OwnEncoder:
    """Build what stands in for a listener; spaCy calls this from nlp.replace_listeners.

    encoder (EncoderModel): A copy of the shared encoder's model.
    listener (TransformerListener): The listener; what it asks of pairs is done.
    component (Transformer): Not used: the component that has the shared encoder.
    RETURNS (OwnEncoder): Gives what the listener would.
    """
    del component
    encoder.attrs["both_orders"] = bool(listener.attrs.get("both_orders"))
    return own_encoder(encoder)


def replace_listener_config(
    encoder_config: dict[str, Any], listener_config: dict[str, Any]
) -> dict[str, Any]:
    """Write the config that belongs to replace_listener.

    encoder_config (dict[str, Any]): The config of the encoder's model.
    listener_config (dict[str, Any]): The config of the listener layer.
    RETURNS (dict[str, Any]): The config of the layer with its own encoder.
    """
    encoder, grad_factor = dict(encoder_config), listener_config.get("grad_factor", 1.0)
    match listener_config["@architectures"]:
        case "spacy-spanbert.PieceListener.v1":
            return {"@architectures": "spacy-spanbert.EncoderPieces.v1", "encoder": encoder}
        case "spacy-spanbert.DocumentListener.v1":
            return {
                "@architectures": "spacy-spanbert.EncoderDocuments.v1",
                "encoder": encoder,
                "grad_factor": grad_factor,
            }
        case _:
            return {
                "@architectures": "spacy-spanbert.EncoderTok2Vec.v1",
                "encoder": encoder,
                "pooling": dict(listener_config["pooling"]),
                "grad_factor": grad_factor,
            }


def _split(
    model: Model, batch: FullTransformerBatch, is_train: bool
) -> tuple[list[TransformerData], Callable[[list[TransformerData]], Floats2d]]:
    del is_train

    def backprop(d_doc_data: list[TransformerData]) -> Floats2d:
        return model.ops.xp.concatenate(
            [d.model_output["last_hidden_state"][0] for d in d_doc_data]
        )

    return batch.doc_data, backprop
