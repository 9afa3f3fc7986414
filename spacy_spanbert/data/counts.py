"""Count what goes through a command."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from spacy.tokens import Doc

from spacy_spanbert.annotations.relations import has_relations, relation_labels
from spacy_spanbert.data.docs import sent_starts_of


@dataclass
class CorpusCounts:
    """What Docs hold.

    n_docs (int): Documents.
    n_words (int): Words.
    n_sents (int): Sentences, in the documents where their boundaries are set.
    n_marked (int): The documents of two words or more where they are set.
    n_unmarked (int): The documents of two words or more where they are not.
    labels (Counter[str]): Spans by label.
    n_related (int): The documents of which it is known which relations there are.
    relations (Counter[str]): Relations by label.
    n_labelled (int): The documents of which something is known of their labels (`doc.cats`).
    cats (Counter[str]): Documents by label: a value of 0.5 or more.
    """

    n_docs: int = 0
    n_words: int = 0
    n_sents: int = 0
    n_marked: int = 0
    n_unmarked: int = 0
    n_spanned: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    n_related: int = 0
    relations: Counter[str] = field(default_factory=Counter)
    n_labelled: int = 0
    cats: Counter[str] = field(default_factory=Counter)

    def watch(self, docs: Iterable[Doc], spans_key: str) -> Iterator[Doc]:
        """Count Docs while they pass.

        docs (Iterable[Doc]): The Docs.
        spans_key (str): The key of `doc.spans` to count; it may be missing.
        YIELDS (Doc): The same Docs.
        """
        for doc in docs:
            self.add(doc, spans_key)
            yield doc

    def add(self, doc: Doc, spans_key: str) -> None:
        """Count one Doc.

        doc (Doc): The Doc.
        spans_key (str): The key of `doc.spans` to count; it may be missing.
        """
        self.n_docs += 1
        self.n_words += len(doc)
        starts = sent_starts_of(doc)
        self.n_sents += len(starts or ())
        self.n_marked += starts is not None and len(doc) > 1
        self.n_unmarked += starts is None
        if spans_key in doc.spans:
            self.n_spanned += 1
            self.labels.update(span.label_ for span in doc.spans[spans_key])
        self.n_related += has_relations(doc)
        self.relations.update(relation_labels(doc))
        self.n_labelled += bool(doc.cats)
        self.cats.update(label for label, value in doc.cats.items() if value >= 0.5)

    def rows(self) -> list[tuple[str, str]]:
        """Render the counts for a table.

        RETURNS (list[tuple[str, str]]): Names and numbers; the labels last, the commonest first.
            Relations and labels of documents are named only if any is annotated with them.
        """
        sents = f"{self.n_sents:,}"
        if self.n_unmarked:
            unmarked = f"not marked in {self.n_unmarked:,} documents"
            sents = f"{sents}, {unmarked}" if self.n_marked else "not marked"
        return [
            ("documents", f"{self.n_docs:,}"),
            ("sentences", sents),
            ("words", f"{self.n_words:,}"),
            *self._span_rows(),
            *self._partial_rows("relations", self.relations, self.n_related),
            *self._partial_rows("labels of documents", self.cats, self.n_labelled),
        ]

    def _span_rows(self) -> list[tuple[str, str]]:
        """Spans are named even if there are none: they are what most corpora are read for."""
        if self.n_docs and not self.n_spanned:
            return [("spans", "not annotated")]
        return self._partial_rows("spans", self.labels, self.n_spanned) or [("spans", "0")]

    def _partial_rows(
        self, name: str, labels: Counter[str], n_annotated: int
    ) -> list[tuple[str, str]]:
        if not n_annotated:
            return []
        (name, total), *rows = label_rows(name, labels)
        if n_annotated < self.n_docs:
            total = f"{total}, not annotated in {self.n_docs - n_annotated:,} documents"
        return [(name, total), *rows]


def label_rows(name: str, labels: Counter[str]) -> list[tuple[str, str]]:
    """Render counts by label for a table.

    name (str): What is counted.
    labels (Counter[str]): How often each label comes.
    RETURNS (list[tuple[str, str]]): The name with the total, and the labels, the commonest first.
    """
    rows = [(f"  {label or '(no label)'}", f"{n:,}") for label, n in labels.most_common()]
    return [(name, f"{labels.total():,}"), *rows]
