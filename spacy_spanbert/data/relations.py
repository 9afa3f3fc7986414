"""Relations between records and Docs: fitted to words, set, read, and put among the spans."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.relations import (
    Relation,
    get_relations,
    has_relations,
    set_relations,
)
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import RecordRelation, RecordSpan
from spacy_spanbert.errors import SpanbertError


def fit_relations(
    relations: Iterable[RecordRelation],
    fit: Callable[[RecordSpan], RecordSpan | None],
    text: str,
    place: Place,
    problems: Problems,
) -> list[RecordRelation]:
    """Turn relations between spans in characters into relations between spans in words.

    relations (Iterable[RecordRelation]): Relations in characters.
    fit (Callable[[RecordSpan], RecordSpan | None]): Turns a span in characters into one in words;
        None if it does not fit them.
    text (str): The text.
    place (Place): Where it stands in the corpus.
    problems (Problems): Told of each relation with an argument that does not fit the words; the
        relation is left out.
    RETURNS (list[RecordRelation]): The others, in words.
    """
    fitting = []
    for relation in relations:
        head, tail = fit(relation.head), fit(relation.tail)
        if head is not None and tail is not None:
            fitting.append(replace(relation, head=head, tail=tail))
            continue
        misfits = [name for name, span in (("head", head), ("tail", tail)) if span is None]
        message = (
            f"The relation {relation.label!r} from {_text(text, relation.head)} to "
            f"{_text(text, relation.tail)} is left out: its {' and its '.join(misfits)} "
            f"{'do' if len(misfits) > 1 else 'does'} not fit the words."
        )
        problems.add("relation without argument", message, place)
    return fitting


def _text(text: str, span: RecordSpan) -> str:
    return f"{text[span.start : span.end]!r:.80}"


def set_record_relations(doc: Doc, relations: Iterable[RecordRelation]) -> None:
    """Write relations to a Doc, where `doc._.relations` reads them.

    doc (Doc): The Doc; relations that it has are replaced.
    relations (Iterable[RecordRelation]): Relations in words; may be none, which says that it is
        known that there are none. One without a score gets 1, as a person's.
    """

    def span(argument: RecordSpan) -> Span:
        return Span(doc, argument.start, argument.end, label=argument.label)

    set_relations(
        doc,
        [
            Relation(
                span(relation.head),
                span(relation.tail),
                relation.label,
                1.0 if relation.score is None else relation.score,
            )
            for relation in relations
        ],
    )


def get_record_relations(doc: Doc, place: Place, problems: Problems) -> list[RecordRelation] | None:
    """Read the relations of a Doc.

    doc (Doc): The Doc.
    place (Place): Where it stands.
    problems (Problems): Told of span groups that are no relations, and of arguments without words,
        which no format can hold; these are left out.
    RETURNS (list[RecordRelation] | None): The relations, in words. They have no scores if all
        these are 1, as those of annotated relations are. None: it is not known which there are.
    """
    if not has_relations(doc):
        return None
    try:
        found = get_relations(doc)
    except SpanbertError as error:
        problems.add("damaged relations", f"{error}.", place)
        return None
    is_scored = any(relation.score != 1 for relation in found)
    relations = []
    for relation in found:
        if len(relation.head) and len(relation.tail):
            head, tail = _record_span(relation.head), _record_span(relation.tail)
            score = relation.score if is_scored else None
            relations.append(RecordRelation(head, tail, relation.label, score))
        else:
            message = f"An argument of a relation {relation.label!r} has no word."
            problems.add("relation without argument", message, place)
    return relations


def _record_span(span: Span) -> RecordSpan:
    return RecordSpan(span.start, span.end, span.label_)


def number_arguments(
    doc: Doc,
    spans: Sequence[RecordSpan],
    relations: Iterable[RecordRelation],
    place: Place,
    problems: Problems,
) -> tuple[list[RecordSpan], list[tuple[int, int]]]:
    """Find the arguments of relations among spans, for formats that name them by number.

    doc (Doc): The Doc.
    spans (Sequence[RecordSpan]): The spans to be written, in words.
    relations (Iterable[RecordRelation]): The relations to be written. An argument is the first
        span with its boundaries and label; one that has no label, with its boundaries.
    place (Place): Where the Doc stands.
    problems (Problems): Noted are arguments that are none of the spans; they are written as spans
        too, for without them a relation could not be.
    RETURNS (tuple[list[RecordSpan], list[tuple[int, int]]]): The spans, followed by those added,
        and for each relation the positions of its head and tail.
    """
    spans = list(spans)
    position_of: dict[tuple[int, int, str | None], int] = {}
    for position, span in enumerate(spans):
        position_of.setdefault((span.start, span.end, span.label), position)
        position_of.setdefault((span.start, span.end, None), position)

    def number(argument: RecordSpan) -> int:
        start, end, label = argument.start, argument.end, argument.label
        key = (start, end, label if label or (start, end, "") in position_of else None)
        if key not in position_of:
            message = (
                f"{doc[start:end].text!r:.80} ({label}, words {start} to {end}) is in a relation "
                "but not among the spans to be written: it is added to them."
            )
            problems.note("argument added to the spans", message, place)
            position_of[key] = len(spans)
            spans.append(replace(argument, score=None))
        return position_of[key]

    return spans, [(number(relation.head), number(relation.tail)) for relation in relations]
