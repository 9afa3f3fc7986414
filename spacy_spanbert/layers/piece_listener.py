"""Listening to the encoder's pieces, where stock listeners pool them into words."""

from typing import Any

from spacy.tokens import Doc
from spacy.util import registry
from spacy_transformers.data_classes import TransformerData
from spacy_transformers.layers.listener import TransformerListener
from spacy_transformers.layers.split_trf import split_trf_batch
from spacy_transformers.layers.transformer_model import TransformerModel
from thinc.api import Model, chain

from spacy_spanbert.layers.encoder import EncoderModel
from spacy_spanbert.layers.encoder_tok2vec import own_encoder

PieceModel = Model[list[Doc], list[TransformerData]]


@registry.architectures("spacy-spanbert.PieceListener.v1")
def build_piece_listener(upstream: str = "*") -> PieceModel:
    """Build a listener that passes on what the encoder gives: pieces, and which word has which.

    upstream (str): Name of the encoder component; "*" for whichever comes before.
    RETURNS (PieceModel): Docs to the encoder's output, one entry a Doc.
    """
    return TransformerListener(upstream_name=upstream)


@registry.architectures("spacy-spanbert.EncoderPieces.v1")
def build_encoder_pieces(encoder: EncoderModel) -> PieceModel:
    """Build what nlp.replace_listeners puts in the place of a PieceListener.

    encoder (EncoderModel): An encoder that no other component shares.
    RETURNS (PieceModel): Docs to the encoder's output, one entry a Doc.
    """
    return own_encoder(encoder)


def split_stock_encoder(tok2vec: Model[list[Doc], Any]) -> Model[list[Doc], list[Any]]:
    """Make a stock encoder give one entry a Doc, as listeners have it.

    In the place of a PieceListener on a stock `transformer`, nlp.replace_listeners puts the encoder
    and a layer that splits its output, but into the config the encoder alone.

    tok2vec (Model[list[Doc], Any]): Any layer that a head may have for its vectors.
    RETURNS (Model[list[Doc], list[Any]]): The layer with the one that splits; the layer itself if
        it is no stock encoder.
    """
    return chain(tok2vec, split_trf_batch()) if isinstance(tok2vec, TransformerModel) else tok2vec
