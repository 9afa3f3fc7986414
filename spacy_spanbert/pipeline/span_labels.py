"""What a span component learns from a corpus before training: labels, lengths, what is missing."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from spacy.tokens import Doc
from spacy.training import Example

from spacy_spanbert.annotations.coverage import choose_max_length, span_coverage
from spacy_spanbert.annotations.coverage_counts import Coverage
from spacy_spanbert.annotations.coverage_table import render_coverage

N_SAMPLE_DOCS = 10


@dataclass(frozen=True)
class SpanCorpus:
    """What the examples hold.

    coverage (Coverage): Gold spans within reach and out of reach.
    max_length (int): Longest span, in words, as set or chosen.
    sample (list[Doc]): A few Docs with words, to infer sizes from.
    """

    coverage: Coverage
    max_length: int
    sample: list[Doc]

    @property
    def labels(self) -> list[str]:
        """RETURNS (list[str]): The labels of all gold spans."""
        return list(self.coverage.by_label)


def read_corpus(
    get_examples: Callable[[], Iterable[Example]], cfg: Mapping[str, Any], name: str
) -> SpanCorpus:
    """Read the examples, and choose the longest span if that is left open.

    get_examples (Callable[[], Iterable[Example]]): The examples; read up to three times.
    cfg (Mapping[str, Any]): The component's settings.
    name (str): The component's name.
    RETURNS (SpanCorpus): What they hold.
    """
    del name

    def count(max_length: int | None) -> Coverage:
        return span_coverage(
            get_examples(),
            cfg["spans_key"],
            max_length,
            cross_sentences=cfg["cross_sentences"],
            overlap=cfg["overlap"],
            multilabel=cfg["multilabel"],
        )

    max_length = cfg["max_length"]
    if max_length == "auto":
        max_length = choose_max_length(count(None).lengths.elements())
    docs = (example.predicted for example in get_examples())
    sample = list(islice((doc for doc in docs if len(doc)), N_SAMPLE_DOCS))
    return SpanCorpus(count(max_length), max_length, sample)


def report_coverage(corpus: SpanCorpus, name: str) -> None:
    """Print which gold spans can be learned, and which cannot and why.

    corpus (SpanCorpus): The corpus.
    name (str): The component's name.
    """
    text = f"[{name}] max_length = {corpus.max_length}\n{render_coverage(corpus.coverage)}\n"
    sys.stderr.write(text)
