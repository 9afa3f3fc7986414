"""The design of spaCy's tutorial on relation extraction, for comparison: pairs in a Python loop.

Each pair is an instance, listed anew when pairs are counted, scored and written. The words of both
of its spans are gathered and averaged, the two averages put side by side, and given to a linear
layer with a sigmoid for each label. All scores go to a dict on the Doc.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc, Span

Instance = tuple[Span, Span]


class PairLoop:
    """Scores the ordered pairs of spans of Docs.

    width (int): Width of a word.
    labels (Sequence[str]): Labels of relations.
    max_distance (int): The most words from the start of one span to that of the other.
    spans_key (str): Key in `doc.spans`.
    """

    def __init__(
        self, width: int, labels: Sequence[str], max_distance: int, spans_key: str
    ) -> None:
        random = np.random.default_rng(0)
        self.weights = random.normal(0, 0.01, (2 * width, len(labels))).astype("float32")
        self.labels = labels
        self.max_distance = max_distance
        self.spans_key = spans_key

    def instances(self, doc: Doc) -> list[Instance]:
        """RETURNS (list[Instance]): The pairs of different spans that are near each other."""
        spans = list(doc.spans[self.spans_key])
        return [
            (one, other)
            for one in spans
            for other in spans
            if one != other and abs(other.start - one.start) <= self.max_distance
        ]

    def __call__(self, docs: Sequence[Doc], vectors: Sequence[NDArray[np.float32]]) -> int:
        """Score all pairs, and keep the scores in `doc.user_data["relations"]`.

        docs (Sequence[Doc]): With spans.
        vectors (Sequence[NDArray[np.float32]]): Of each Doc, those of its words.
        RETURNS (int): How many pairs there were.
        """
        n_pairs = sum(len(self.instances(doc)) for doc in docs)
        if n_pairs:
            self._write(docs, self._scores(docs, vectors))
        return n_pairs

    def _scores(
        self, docs: Sequence[Doc], vectors: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        rows, lengths = [], []
        for doc, words in zip(docs, vectors, strict=True):
            indices: list[int] = []
            for instance in self.instances(doc):
                for span in instance:
                    indices.extend(range(span.start, span.end))
                    lengths.append(span.end - span.start)
            rows.append(words[indices])
        n_words = np.array(lengths)
        sums = np.add.reduceat(np.concatenate(rows), n_words.cumsum() - n_words)
        means = (sums / n_words[:, None]).reshape(len(lengths) // 2, -1)
        return 1 / (1 + np.exp(-(means @ self.weights)))

    def _write(self, docs: Sequence[Doc], scores: NDArray[np.float32]) -> None:
        row = 0
        for doc in docs:
            found: dict[tuple[int, int], dict[str, float]] = {}
            for one, other in self.instances(doc):
                pair = found.setdefault((one.start, other.start), {})
                for index, label in enumerate(self.labels):
                    pair[label] = scores[row, index]
                row += 1
            doc.user_data["relations"] = found
