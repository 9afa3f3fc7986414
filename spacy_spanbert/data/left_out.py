"""What a format has no place for: counted while Docs are written, and told once."""

from collections import Counter

from spacy.tokens import Doc

from spacy_spanbert.annotations.pair import is_pair
from spacy_spanbert.annotations.relations import has_relations, relation_labels
from spacy_spanbert.data.problems import Problems

SPANS, RELATIONS = "spans", "relations"


class LeftOut:
    """What a format of spans cannot hold of Docs: labels of texts, tags, and the border of pairs.

    Nor can it tell a Doc in which nobody looked for spans or relations from one that has none.

    format (str): What the format is called at the begin of a sentence, as in "Columns have".
    spans_key (str): The key of `doc.spans` that is written.
    holds_relations (bool): Whether it holds relations.
    """

    def __init__(self, format: str, spans_key: str, *, holds_relations: bool) -> None:  # noqa: A002
        self.format = format
        self.spans_key = spans_key
        self.holds_relations = holds_relations
        self.n_docs: Counter[str] = Counter()
        # of spans and of relations: Docs that are annotated with them, and Docs that are not
        self.n_known: Counter[str] = Counter()
        self.n_unknown: Counter[str] = Counter()

    def add(self, doc: Doc) -> None:
        """Count what is left out of a Doc.

        doc (Doc): The Doc.
        """
        self.n_docs["labels of texts (doc.cats)"] += bool(doc.cats)
        self.n_docs["tags"] += len(doc) > 0 and doc.has_annotation("TAG")
        self.n_docs["parts of speech"] += len(doc) > 0 and doc.has_annotation("POS")
        self.n_docs["two texts of a pair"] += is_pair(doc)
        self.n_known[SPANS] += self.spans_key in doc.spans
        self.n_unknown[SPANS] += self.spans_key not in doc.spans
        is_related = bool(relation_labels(doc))
        if self.holds_relations:
            # where there is none at all, a reader takes all documents for not annotated
            self.n_known[RELATIONS] += is_related
            self.n_unknown[RELATIONS] += not has_relations(doc)
        else:
            self.n_docs[RELATIONS] += is_related

    def report(self, problems: Problems) -> None:
        """Tell what was left out, a line for each kind.

        problems (Problems): Told; nothing if nothing was left out.
        """
        for what, n_docs in self.n_docs.items():
            if n_docs:
                formats = ".spacy, .jsonl, brat" if what == RELATIONS else ".spacy, .jsonl"
                message = (
                    f"{self.format} no place for {what}: those of {n_docs:,} documents are left "
                    f"out. Formats that hold them: {formats}."
                )
                problems.note(f"{what} left out", message)
        for what in (SPANS, RELATIONS):
            if self.n_known[what] and self.n_unknown[what]:
                message = (
                    f"{self.format} no place to say so, but {self.n_unknown[what]:,} documents are "
                    f"not annotated with {what}, and others are: read again, they will count as "
                    "having none. Formats that tell it: .spacy, .jsonl."
                )
                problems.note(f"{what} not annotated", message)
