"""GENIA dev F1 after at most twenty minutes of training, and spaCy's spancat after its patience.

Three seeds, the shipped config through `spacy train`, sentence records. GENIA's own tokens give
some boundaries away, so training and the headline use spaCy's tokens of the text, with spans mapped
by character offset; gold spans that these tokens cannot express count as missed.
"""

from collections.abc import Sequence

from benchmarks.span_f1 import F1Task, run

TASK = F1Task(
    program="genia_f1",
    corpus="genia",
    minutes=20,
    layouts=("sentences",),
    tokens="spacy",
)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write genia_f1.json."""
    run(TASK, __doc__, argv)


if __name__ == "__main__":
    main()
