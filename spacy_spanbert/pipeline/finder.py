"""The factory `spanbert_span_finder`: candidates for a component behind it to decide on."""

from collections.abc import Callable
from typing import Any, Literal

from spacy import Language
from thinc.api import Config

from spacy_spanbert.layers.span_scorer import ScorerModel
from spacy_spanbert.pipeline.span_finder import SpanbertSpanFinder

# "candidates": no default of another component, spaCy's span_finder and spancat ("sc") included
DEFAULT_CONFIG = """
[spanbert_span_finder]
spans_key = "candidates"
training_key = "sc"
threshold = 0.1
min_recall = null
top_k = null
max_length = "auto"
overlap = "any"
cross_sentences = false
lr_scale = 1.0
loss = {}
scorer = {"@scorers": "spacy-spanbert.candidate_scorer.v1"}

[spanbert_span_finder.model]
@architectures = "spacy-spanbert.SpanScorer.v1"
representation = "ffn_endpoints_attention"
hidden_width = 256
dropout = 0.1

[spanbert_span_finder.model.tok2vec]
@architectures = "spacy-transformers.TransformerListener.v1"
grad_factor = 1.0
upstream = "*"

[spanbert_span_finder.model.tok2vec.pooling]
@layers = "reduce_mean.v1"
"""


@Language.factory(
    "spanbert_span_finder",
    assigns=["doc.spans"],
    default_config=Config().from_str(DEFAULT_CONFIG)["spanbert_span_finder"],
    default_score_weights={
        "spans_candidates_f": 1.0,
        "spans_candidates_p": 0.0,
        "spans_candidates_r": 0.0,
    },
)
def make_span_finder(
    nlp: Language,
    name: str,
    model: ScorerModel,
    scorer: Callable[..., dict[str, Any]] | None,
    lr_scale: float,
    loss: dict[str, float],
    spans_key: str,
    training_key: str,
    threshold: float,
    min_recall: float | None,
    top_k: int | None,
    max_length: int | Literal["auto"],
    overlap: str,
    cross_sentences: bool,
) -> SpanbertSpanFinder:
    """Make the component from a config.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (ScorerModel): As `spacy-spanbert.SpanScorer.v1` builds it.
    scorer (Callable | None): Scores predictions against gold, as
        `spacy-spanbert.candidate_scorer.v1` builds it.
    lr_scale, loss, spans_key, training_key, threshold, min_recall, top_k, max_length, overlap,
        cross_sentences: See SpanbertSpanFinder.
    RETURNS (SpanbertSpanFinder): Without weights.
    RAISES (SpanbertError): If a setting cannot be.
    """
    return SpanbertSpanFinder(
        nlp.vocab,
        model,
        name=name,
        scorer=scorer,
        lr_scale=lr_scale,
        loss=loss,
        spans_key=spans_key,
        training_key=training_key,
        threshold=threshold,
        min_recall=min_recall,
        top_k=top_k,
        max_length=max_length,
        overlap=overlap,
        cross_sentences=cross_sentences,
    )
