"""Relations between spans: the convention that they are kept in on a Doc."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real

from spacy.tokens import Doc, Span, SpanGroup

from spacy_spanbert.errors import SpanbertError

HEADS_KEY = "relations.heads"
TAILS_KEY = "relations.tails"


@dataclass(frozen=True)
class Relation:
    """An ordered pair of spans, and how they relate.

    head (Span): The first argument, with its label.
    tail (Span): The second argument, likewise.
    label (str): The relation's type.
    score (float): Its probability, 0 to 1; 1 where a person annotated it.
    """

    head: Span
    tail: Span
    label: str
    score: float = 1.0


def has_relations(doc: Doc) -> bool:
    """RETURNS (bool): Whether a Doc is annotated with relations, be it with none at all."""
    return HEADS_KEY in doc.spans and TAILS_KEY in doc.spans


def relation_labels(doc: Doc) -> list[str]:
    """RETURNS (list[str]): The label of each relation of a Doc; none without annotation."""
    return [span.id_ for span in doc.spans[HEADS_KEY]] if has_relations(doc) else []


def get_relations(doc: Doc) -> list[Relation]:
    """Read the relations of a Doc; this is what `doc._.relations` gives.

    doc (Doc): Any Doc.
    RETURNS (list[Relation]): In the order in which they were stored; none without annotation.
    RAISES (SpanbertError): If the two span groups do not go together, or a type is lost.
    """
    if not has_relations(doc):
        return []
    heads, tails = doc.spans[HEADS_KEY], doc.spans[TAILS_KEY]
    labels = [span.id_ for span in heads]
    # spans that are joined by Doc.from_docs lose the attrs of their groups
    scores = heads.attrs.get("scores", [1.0] * len(heads))
    if not all(labels):
        raise SpanbertError(
            f"the relations of the Doc {doc.text[:60]!r} have lost their types, which are the ids "
            "of their spans: JSON and Example.from_dict keep none. Keep Docs as DocBin or bytes"
        )
    if len(scores) != len(heads) or labels != [span.id_ for span in tails]:
        raise SpanbertError(
            f"the relations of the Doc {doc.text[:60]!r} are damaged: doc.spans[{HEADS_KEY!r}] has "
            f"{len(heads)} spans and {len(scores)} scores, doc.spans[{TAILS_KEY!r}] {len(tails)} "
            "spans, and the i-th of both must be of one relation. Set them with "
            "`doc._.relations = [...]` only"
        )
    columns = zip(heads, tails, labels, scores, strict=True)
    return [Relation(head, tail, label, score) for head, tail, label, score in columns]


def set_relations(doc: Doc, relations: Iterable[Relation]) -> None:
    """Store the relations of a Doc, in place of those it has; `doc._.relations = ...` does it.

    They are two span groups, the i-th head with the i-th tail, whose spans bear the argument's
    label, and as `id_` the relation's. So they survive DocBin, bytes, copies and processes without
    user data. Doc.from_docs keeps them too, but for the scores.

    doc (Doc): The Doc.
    relations (Iterable[Relation]): Any, also none; their arguments are spans of this Doc.
    RAISES (SpanbertError): If something is no Relation, an argument is no span of this Doc or has
        no words, a label is no text or empty, or a score is no probability.
    """
    if not isinstance(relations, Iterable):
        raise SpanbertError(f"relations are a list, not {_describe(relations)}")
    relations = list(relations)
    for relation in relations:
        _check(doc, relation)
    scores = [float(relation.score) for relation in relations]
    _store(doc, HEADS_KEY, relations, [relation.head for relation in relations], scores)
    _store(doc, TAILS_KEY, relations, [relation.tail for relation in relations], scores)


def remove_relations(doc: Doc) -> None:
    """Take the annotation with relations off a Doc, if it has any."""
    for key in (HEADS_KEY, TAILS_KEY):
        doc.spans.pop(key, None)


def _store(
    doc: Doc, key: str, relations: Sequence[Relation], arguments: list[Span], scores: list[float]
) -> None:
    spans = [
        Span(doc, argument.start, argument.end, argument.label, span_id=relation.label)
        for relation, argument in zip(relations, arguments, strict=True)
    ]
    doc.spans[key] = SpanGroup(doc, name=key, spans=spans, attrs={"scores": scores})


def _check(doc: Doc, relation: Relation) -> None:
    if not isinstance(relation, Relation):
        raise SpanbertError(f"expected a Relation, not {_describe(relation)}")
    label, score = relation.label, relation.score
    if not (isinstance(label, str) and label):
        raise SpanbertError(
            f"a relation's label is a text of one letter or more, not {_describe(label)}"
        )
    for name, argument in (("head", relation.head), ("tail", relation.tail)):
        if not isinstance(argument, Span):
            raise SpanbertError(
                f"the {name} of a relation {label!r} is a Span, not {_describe(argument)}"
            )
        if argument.doc is not doc:
            raise SpanbertError(
                f"the {name} of a relation {label!r}, {argument.text[:60]!r}, is a span "
                "of another Doc: make it from the Doc that the relation is stored in"
            )
        if not len(argument):
            raise SpanbertError(f"the {name} of a relation {label!r} has no words")
    if not (isinstance(score, Real) and 0 <= float(score) <= 1):
        raise SpanbertError(
            f"the score of a relation {label!r} is a probability, 0 to 1, not {_describe(score)}"
        )


def _describe(value: object) -> str:
    return (
        f"{value!r:.60} ({type(value).__name__}). Relations are set as in "
        '`doc._.relations = [Relation(doc[0:1], doc[2:3], "label")]`'
    )


def register_extension() -> None:
    """Make `doc._.relations` work; called where components and readers are imported."""
    if not Doc.has_extension("relations"):
        Doc.set_extension("relations", getter=get_relations, setter=set_relations)


register_extension()
