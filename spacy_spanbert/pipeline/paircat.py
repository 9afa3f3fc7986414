"""The factory `spanbert_paircat`: labels of text pairs."""

from collections.abc import Callable
from typing import Any

from spacy import Language
from thinc.api import Config

from spacy_spanbert.layers.classifier import ClassifierModel
from spacy_spanbert.pipeline.pair_classifier import SpanbertPairClassifier
from spacy_spanbert.pipeline.score_weights import CATS_SCORE_WEIGHTS

DEFAULT_CONFIG = """
[spanbert_paircat]
symmetric = false
long = "shorten"
multilabel = false
threshold = 0.5
lr_scale = 1.0
scorer = {"@scorers": "spacy-spanbert.cats_scorer.v1"}

[spanbert_paircat.model]
@architectures = "spacy-spanbert.Classifier.v1"
hidden_width = 0
dropout = 0.1

[spanbert_paircat.model.tok2vec]
@architectures = "spacy-spanbert.DocumentListener.v1"
grad_factor = 1.0
upstream = "*"
"""


@Language.factory(
    "spanbert_paircat",
    assigns=["doc.cats"],
    requires=["doc.spans"],
    default_config=Config().from_str(DEFAULT_CONFIG)["spanbert_paircat"],
    default_score_weights=CATS_SCORE_WEIGHTS,
)
def make_paircat(
    nlp: Language,
    name: str,
    model: ClassifierModel,
    scorer: Callable[..., dict[str, Any]] | None,
    symmetric: bool,
    long: str,
    lr_scale: float,
    threshold: float,
    multilabel: bool,
) -> SpanbertPairClassifier:
    """Make the component from a config.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (ClassifierModel): As `spacy-spanbert.Classifier.v1` builds it.
    scorer (Callable | None): Scores predictions against gold, as `spacy-spanbert.cats_scorer.v1`.
    symmetric, long, lr_scale, threshold, multilabel: See SpanbertPairClassifier.
    RETURNS (SpanbertPairClassifier): Without labels and weights.
    RAISES (SpanbertError): If a value is out of its range.
    """
    return SpanbertPairClassifier(
        nlp.vocab,
        model,
        name=name,
        scorer=scorer,
        symmetric=symmetric,
        long=long,
        lr_scale=lr_scale,
        threshold=threshold,
        multilabel=multilabel,
    )
