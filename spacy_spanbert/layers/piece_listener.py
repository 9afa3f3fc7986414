"""Listening to the encoder's pieces, where stock listeners pool them into words."""

from spacy.tokens import Doc
from spacy.util import registry
from spacy_transformers.data_classes import TransformerData
from spacy_transformers.layers.listener import TransformerListener
from thinc.api import Model

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
