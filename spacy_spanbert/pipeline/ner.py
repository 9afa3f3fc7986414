"""The factory `spanbert_ner`: entities that do not overlap."""

from collections.abc import Callable
from typing import Any

from spacy import Language
from thinc.api import Config

from spacy_spanbert.layers.tag_scorer import TagModel
from spacy_spanbert.pipeline.entity_recognizer import SpanbertEntityRecognizer

DEFAULT_CONFIG = """
[spanbert_ner]
target = "word"
aggregate = "mean"
decode = "crf"
scheme = "bio"
spans_key = "ents"
lr_scale = 1.0
scorer = {"@scorers": "spacy.ner_scorer.v1"}

[spanbert_ner.model]
@architectures = "spacy-spanbert.TagScorer.v1"
hidden_width = 0
dropout = 0.1

[spanbert_ner.model.tok2vec]
@architectures = "spacy-spanbert.PieceListener.v1"
upstream = "*"
"""


@Language.factory(
    "spanbert_ner",
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type"],
    default_config=Config().from_str(DEFAULT_CONFIG)["spanbert_ner"],
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_ner(
    nlp: Language,
    name: str,
    model: TagModel,
    scorer: Callable[..., dict[str, Any]] | None,
    lr_scale: float,
    target: str,
    aggregate: str,
    decode: str,
    scheme: str,
    spans_key: str,
) -> SpanbertEntityRecognizer:
    """Make the component from a config.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (TagModel): As `spacy-spanbert.TagScorer.v1` builds it.
    scorer (Callable | None): Scores predictions against gold, as spaCy's `spacy.ner_scorer.v1`.
    lr_scale, target, aggregate, decode, scheme, spans_key: See SpanbertEntityRecognizer.
    RETURNS (SpanbertEntityRecognizer): Without labels and weights.
    RAISES (SpanbertError): If a setting cannot be, or settings do not suit one another.
    """
    return SpanbertEntityRecognizer(
        nlp.vocab,
        model,
        name=name,
        scorer=scorer,
        lr_scale=lr_scale,
        target=target,
        aggregate=aggregate,
        decode=decode,
        scheme=scheme,
        spans_key=spans_key,
    )
