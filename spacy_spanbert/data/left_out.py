"""What a format has no place for: counted while Docs are written, and told once."""

from collections import Counter

from spacy.tokens import Doc

from spacy_spanbert.annotations.pair import is_pair
from spacy_spanbert.data.problems import Problems


class LeftOut:
    """What a format of spans cannot hold of Docs: labels of texts, tags, and the border of pairs.

    Nor can it tell a Doc whose spans nobody looked for from one that has none.

    format (str): What the format is called at the begin of a sentence, as in "Columns have".
    spans_key (str): The key of `doc.spans` that is written.
    """

    def __init__(self, format: str, spans_key: str) -> None:  # noqa: A002
        self.format = format
        self.spans_key = spans_key
        self.n_docs: Counter[str] = Counter()
        self.n_annotated = self.n_unknown = 0

    def add(self, doc: Doc) -> None:
        """Count what is left out of a Doc.

        doc (Doc): The Doc.
        """
        self.n_docs["labels of texts (doc.cats)"] += bool(doc.cats)
        self.n_docs["tags"] += len(doc) > 0 and doc.has_annotation("TAG")
        self.n_docs["parts of speech"] += len(doc) > 0 and doc.has_annotation("POS")
        self.n_docs["two texts of a pair"] += is_pair(doc)
        self.n_annotated += self.spans_key in doc.spans
        self.n_unknown += self.spans_key not in doc.spans

    def report(self, problems: Problems) -> None:
        """Tell what was left out, a line for each kind.

        problems (Problems): Told; nothing if nothing was left out.
        """
        for what, n_docs in self.n_docs.items():
            if n_docs:
                message = (
                    f"{self.format} no place for {what}: those of {n_docs:,} documents are left "
                    "out. Formats that hold them: .spacy, .jsonl."
                )
                problems.note(f"{what} left out", message)
        if self.n_annotated and self.n_unknown:
            message = (
                f"{self.format} no place to say so, but spans of {self.n_unknown:,} documents are "
                "not annotated: read again, these documents will count as having none. Formats "
                "that tell it: .spacy, .jsonl."
            )
            problems.note("spans not annotated", message)
