"""The factory `spanbert_tagger`: one tag a word."""

from collections.abc import Callable
from typing import Any

from spacy import Language
from thinc.api import Config

from spacy_spanbert.layers.tag_scorer import TagModel
from spacy_spanbert.pipeline.word_tagger import SpanbertTagger

DEFAULT_CONFIG = """
[spanbert_tagger]
attribute = "tag"
target = "word"
aggregate = "mean"
decode = "greedy"
lr_scale = 1.0
scorer = {"@scorers": "spacy-spanbert.tag_scorer.v1"}

[spanbert_tagger.model]
@architectures = "spacy-spanbert.TagScorer.v1"
hidden_width = 0
dropout = 0.1

[spanbert_tagger.model.tok2vec]
@architectures = "spacy-spanbert.PieceListener.v1"
upstream = "*"
"""


@Language.factory(
    "spanbert_tagger",
    assigns=["token.tag", "token.pos"],
    default_config=Config().from_str(DEFAULT_CONFIG)["spanbert_tagger"],
    default_score_weights={"tag_acc": 0.5, "pos_acc": 0.5},
)
def make_tagger(
    nlp: Language,
    name: str,
    model: TagModel,
    scorer: Callable[..., dict[str, Any]] | None,
    lr_scale: float,
    attribute: str,
    target: str,
    aggregate: str,
    decode: str,
) -> SpanbertTagger:
    """Make the component from a config.

    nlp (Language): The pipeline.
    name (str): The component's name.
    model (TagModel): As `spacy-spanbert.TagScorer.v1` builds it.
    scorer (Callable | None): Scores predictions against gold, as `spacy-spanbert.tag_scorer.v1`
        builds it.
    lr_scale, attribute, target, aggregate, decode: See SpanbertTagger.
    RETURNS (SpanbertTagger): Without labels and weights.
    RAISES (SpanbertError): If a setting cannot be, or settings do not suit one another.
    """
    return SpanbertTagger(
        nlp.vocab,
        model,
        name=name,
        scorer=scorer,
        lr_scale=lr_scale,
        attribute=attribute,
        target=target,
        aggregate=aggregate,
        decode=decode,
    )
