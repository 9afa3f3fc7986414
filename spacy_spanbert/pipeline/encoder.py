"""The factory `spanbert`: one encoder that the components after it share."""

from collections.abc import Callable
from typing import Any

from spacy import Language
from spacy.tokens import Doc
from spacy_transformers.data_classes import FullTransformerBatch
from thinc.api import Config

from spacy_spanbert.layers.encoder import EncoderModel
from spacy_spanbert.pipeline.encoder_vectors import EncoderVectors, read_settings
from spacy_spanbert.pipeline.shared_encoder import SpanbertEncoder

DEFAULT_CONFIG = """
[spanbert]
frozen = false
freeze_layers = 0
lr_scale = 1.0
layer_lr_decay = 1.0
set_extra_annotations = {"@annotation_setters": "spacy-transformers.null_annotation_setter.v1"}

[spanbert.vectors]
layers = "last"
pooling = "mean"
keep = true

[spanbert.model]
@architectures = "spacy-spanbert.Encoder.v1"
window = null
stride = null
batch_pieces = 4096
precision = "auto"
alignment = "words"
dropout = 0.1
attention_dropout = 0.0
"""


@Language.factory(
    "spanbert",
    assigns=["doc._.trf_data", "doc.tensor"],
    default_config=Config().from_str(DEFAULT_CONFIG)["spanbert"],
)
def make_encoder(
    nlp: Language,
    name: str,
    model: EncoderModel,
    set_extra_annotations: Callable[[list[Doc], FullTransformerBatch], None],
    frozen: bool,
    freeze_layers: int,
    lr_scale: float,
    layer_lr_decay: float,
    vectors: dict[str, Any],
) -> SpanbertEncoder:
    """Make the encoder component from a config.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (EncoderModel): As `spacy-spanbert.Encoder.v1` builds it.
    set_extra_annotations (Callable[[list[Doc], FullTransformerBatch], None]): Called with each
        batch that was encoded.
    frozen, freeze_layers, lr_scale, layer_lr_decay: See SpanbertEncoder.
    vectors (dict[str, Any]): Settings of words' vectors, see VectorSettings.
    RETURNS (SpanbertEncoder): Without weights.
    RAISES (SpanbertError): If a setting is out of its range.
    """
    encoder = SpanbertEncoder(
        nlp.vocab,
        model,
        set_extra_annotations,
        name=name,
        frozen=frozen,
        freeze_layers=freeze_layers,
        lr_scale=lr_scale,
        layer_lr_decay=layer_lr_decay,
        vectors=EncoderVectors(read_settings(vectors, name)),
    )
    encoder.nlp = nlp
    return encoder
