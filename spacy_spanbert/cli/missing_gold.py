"""Components of a pipeline that a gold corpus has nothing to be scored against for."""

from collections.abc import Callable, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from wasabi import msg

from spacy_spanbert.annotations.relations import has_relations
from spacy_spanbert.training.cats_scorer import is_annotated

# What gold annotation is called, and whether a Doc has it.
Gold = tuple[str, Callable[[Doc], bool]]


def warn_of_missing_gold(nlp: Language, examples: Sequence[Example]) -> None:
    """Say of which components no Doc of a corpus has gold annotation.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): The gold corpus.
    """
    for name, what in find_missing_gold(nlp, examples).items():
        msg.warn(
            f"{name!r} cannot be scored: no Doc of the corpus is annotated with {what}. Scores of "
            "it are left out, or 0, and say nothing."
        )


def find_missing_gold(nlp: Language, examples: Sequence[Example]) -> dict[str, str]:
    """Tell what a corpus has no gold annotation of. Docs without words are annotated with nothing.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): The gold corpus.
    RETURNS (dict[str, str]): By name of the component, what is missing. Components that have no
        scores, or whose kind is not known here, are left out.
    """
    docs = [example.reference for example in examples if len(example.reference)]
    missing = {}
    for name, component in nlp.pipeline:
        gold = _gold_of(nlp, name) if getattr(component, "scorer", None) is not None else None
        if gold is not None and not any(map(gold[1], docs)):
            missing[name] = gold[0]
    return missing


def _gold_of(nlp: Language, name: str) -> Gold | None:
    """Tell from what a component writes, and its config, what it is scored against."""
    assigns = nlp.get_pipe_meta(name).assigns
    config = nlp.get_pipe_config(name)
    if "doc._.relations" in assigns:
        return "relations (doc._.relations)", has_relations
    if "doc.cats" in assigns:
        labels = tuple(nlp.pipe_labels.get(name, ()))
        multilabel = bool(config.get("multilabel", True))
        return (
            f"any of its labels (doc.cats): {', '.join(labels)}",
            lambda doc: is_annotated(doc.cats, labels, multilabel),
        )
    if "doc.ents" in assigns:
        return "entities (doc.ents)", lambda doc: doc.has_annotation("ENT_IOB")
    if "token.tag" in assigns:
        attribute = str(config.get("attribute", "tag"))
        return f"tags (token.{attribute})", lambda doc: doc.has_annotation(attribute.upper())
    key = _key_of_gold(config)
    if "doc.spans" in assigns and key is not None:
        return f"spans (doc.spans[{key!r}])", lambda doc: key in doc.spans
    return None


def _key_of_gold(config: dict[str, Any]) -> str | None:
    """A scorer may have a key of its own; what is trained on another key is scored there."""
    scorer = config.get("scorer")
    own = scorer.get("spans_key") if isinstance(scorer, dict) else None
    return own or config.get("training_key") or config.get("spans_key")
