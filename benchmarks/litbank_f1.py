"""LitBank dev F1 after at most ten minutes of training, and spaCy's spancat after its patience.

Three seeds, the shipped config through `spacy train`, sentence records and whole documents. The
headline is on the corpus's tokens; scores on spaCy's own tokens of the text are in the report too.
"""

from collections.abc import Sequence

from benchmarks.span_f1 import F1Task, run

TASK = F1Task(
    program="litbank_f1",
    corpus="litbank",
    minutes=10,
    layouts=("sentences", "documents"),
    tokens="gold",
)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write litbank_f1.json."""
    run(TASK, __doc__, argv)


if __name__ == "__main__":
    main()
