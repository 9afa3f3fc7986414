"""The factory `spanbert_relations`: labelled relations between the spans of a Doc."""

from collections.abc import Callable
from typing import Any

from spacy import Language
from thinc.api import Config

from spacy_spanbert.layers.relation_scorer import RelationModel
from spacy_spanbert.pipeline.relation_candidates import Candidates
from spacy_spanbert.pipeline.relation_classifier import SpanbertRelationClassifier

DEFAULT_CONFIG = """
[spanbert_relations]
spans_key = "sc"
threshold = 0.5
multilabel = false
symmetric = []
gold_share = 1.0
negatives = 1.0
lr_scale = 1.0
loss = {}
scorer = {"@scorers": "spacy-spanbert.relation_scorer.v1"}

[spanbert_relations.candidates]
@misc = "spacy-spanbert.relation_candidates.v1"
max_distance = 100
sentences = null
label_pairs = "seen"
nested = true

[spanbert_relations.model]
@architectures = "spacy-spanbert.RelationScorer.v1"
representation = "ffn_endpoints_attention"
hidden_width = 256
context_width = 64
context_words = 3
dropout = 0.1

[spanbert_relations.model.tok2vec]
@architectures = "spacy-transformers.TransformerListener.v1"
grad_factor = 1.0
upstream = "*"

[spanbert_relations.model.tok2vec.pooling]
@layers = "reduce_mean.v1"
"""


@Language.factory(
    "spanbert_relations",
    assigns=["doc._.relations", "doc.spans"],
    requires=["doc.spans"],
    default_config=Config().from_str(DEFAULT_CONFIG)["spanbert_relations"],
    default_score_weights={
        "relations_f": 1.0,
        "relations_p": 0.0,
        "relations_r": 0.0,
        "relations_relaxed_f": 0.0,
    },
)
def make_relations(
    nlp: Language,
    name: str,
    model: RelationModel,
    candidates: Candidates,
    scorer: Callable[..., dict[str, Any]] | None,
    lr_scale: float,
    loss: dict[str, float],
    spans_key: str,
    threshold: float,
    multilabel: bool,
    symmetric: list[str],
    gold_share: float,
    negatives: float,
) -> SpanbertRelationClassifier:
    """Make the component from a config.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (RelationModel): As `spacy-spanbert.RelationScorer.v1` builds it.
    candidates (Candidates): As `spacy-spanbert.relation_candidates.v1` makes it.
    scorer (Callable | None): Scores predictions against gold, as
        `spacy-spanbert.relation_scorer.v1` builds it.
    lr_scale, loss, spans_key, threshold, multilabel, symmetric, gold_share, negatives: See
        SpanbertRelationClassifier.
    RETURNS (SpanbertRelationClassifier): Without labels and weights.
    RAISES (SpanbertError): If a value is out of its range.
    """
    return SpanbertRelationClassifier(
        nlp.vocab,
        model,
        candidates,
        name=name,
        scorer=scorer,
        lr_scale=lr_scale,
        loss=loss,
        spans_key=spans_key,
        threshold=threshold,
        multilabel=multilabel,
        symmetric=symmetric,
        gold_share=gold_share,
        negatives=negatives,
    )
