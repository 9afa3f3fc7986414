"""The factory `spanbert_textcat`: labels of whole texts."""

from collections.abc import Callable
from typing import Any

from spacy import Language
from thinc.api import Config

from spacy_spanbert.layers.classifier import ClassifierModel
from spacy_spanbert.pipeline.score_weights import CATS_SCORE_WEIGHTS
from spacy_spanbert.pipeline.text_classifier import SpanbertTextClassifier

DEFAULT_CONFIG = """
[spanbert_textcat]
multilabel = false
threshold = 0.5
lr_scale = 1.0
scorer = {"@scorers": "spacy-spanbert.cats_scorer.v1"}

[spanbert_textcat.model]
@architectures = "spacy-spanbert.Classifier.v1"
hidden_width = 0
pooling = "mean"
dropout = 0.1

[spanbert_textcat.model.tok2vec]
@architectures = "spacy-spanbert.DocumentListener.v1"
grad_factor = 1.0
upstream = "*"
"""


@Language.factory(
    "spanbert_textcat",
    assigns=["doc.cats"],
    default_config=Config().from_str(DEFAULT_CONFIG)["spanbert_textcat"],
    default_score_weights=CATS_SCORE_WEIGHTS,
)
def make_textcat(
    nlp: Language,
    name: str,
    model: ClassifierModel,
    scorer: Callable[..., dict[str, Any]] | None,
    lr_scale: float,
    threshold: float,
    multilabel: bool,
) -> SpanbertTextClassifier:
    """Make the component from a config.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (ClassifierModel): As `spacy-spanbert.Classifier.v1` builds it.
    scorer (Callable | None): Scores predictions against gold, as `spacy-spanbert.cats_scorer.v1`.
    lr_scale, threshold, multilabel: See SpanbertTextClassifier.
    RETURNS (SpanbertTextClassifier): Without labels and weights.
    RAISES (SpanbertError): If a value is out of its range.
    """
    return SpanbertTextClassifier(
        nlp.vocab,
        model,
        name=name,
        scorer=scorer,
        lr_scale=lr_scale,
        threshold=threshold,
        multilabel=multilabel,
    )
