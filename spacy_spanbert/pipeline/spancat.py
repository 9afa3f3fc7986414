"""The factory `spanbert_spancat`: labelled spans that may overlap and nest."""

from collections.abc import Callable
from typing import Any, Literal

from spacy import Language
from thinc.api import Config

from spacy_spanbert.layers.span_scorer import ScorerModel
from spacy_spanbert.pipeline.span_candidates import Suggester
from spacy_spanbert.pipeline.span_categorizer import SpanbertSpanCategorizer

DEFAULT_CONFIG = """
[spanbert_spancat]
spans_key = "sc"
threshold = 0.5
max_length = "auto"
multilabel = false
max_positive = null
overlap = "any"
cross_sentences = false
write_ents = false
suggester = null
lr_scale = 1.0
loss = {}
scorer = {"@scorers": "spacy-spanbert.span_scorer.v1"}

[spanbert_spancat.model]
@architectures = "spacy-spanbert.SpanScorer.v1"
representation = "ffn_endpoints_attention"
hidden_width = 256
dropout = 0.1

[spanbert_spancat.model.tok2vec]
@architectures = "spacy-transformers.TransformerListener.v1"
grad_factor = 1.0
upstream = "*"

[spanbert_spancat.model.tok2vec.pooling]
@layers = "reduce_mean.v1"
"""


@Language.factory(
    "spanbert_spancat",
    assigns=["doc.spans"],
    default_config=Config().from_str(DEFAULT_CONFIG)["spanbert_spancat"],
    default_score_weights={"spans_sc_f": 1.0, "spans_sc_p": 0.0, "spans_sc_r": 0.0},
)
def make_spancat(
    nlp: Language,
    name: str,
    model: ScorerModel,
    scorer: Callable[..., dict[str, Any]] | None,
    suggester: Suggester | None,
    lr_scale: float,
    loss: dict[str, float],
    spans_key: str,
    threshold: float,
    max_length: int | Literal["auto"],
    multilabel: bool,
    max_positive: int | None,
    overlap: str,
    cross_sentences: bool,
    write_ents: bool,
) -> SpanbertSpanCategorizer:
    """Make the component from a config.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (ScorerModel): As `spacy-spanbert.SpanScorer.v1` builds it.
    scorer (Callable | None): Scores predictions against gold, as `spacy-spanbert.span_scorer.v1`
        builds it.
    suggester, lr_scale, loss, spans_key, threshold, max_length, multilabel, max_positive, overlap,
        cross_sentences, write_ents: See SpanbertSpanCategorizer.
    RETURNS (SpanbertSpanCategorizer): Without labels and weights.
    RAISES (SpanbertError): If settings do not suit one another.
    """
    return SpanbertSpanCategorizer(
        nlp.vocab,
        model,
        name=name,
        scorer=scorer,
        suggester=suggester,
        lr_scale=lr_scale,
        loss=loss,
        spans_key=spans_key,
        threshold=threshold,
        max_length=max_length,
        multilabel=multilabel,
        max_positive=max_positive,
        overlap=overlap,
        cross_sentences=cross_sentences,
        write_ents=write_ents,
    )
