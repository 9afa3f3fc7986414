"""What a span component learns from a corpus before training: labels, lengths, what is missing."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spacy import Language
from spacy.training import Example

from spacy_spanbert.annotations.coverage import choose_max_length, span_coverage
from spacy_spanbert.annotations.coverage_counts import Coverage
from spacy_spanbert.annotations.coverage_table import render_coverage
from spacy_spanbert.annotations.gold_spans import place_gold_spans
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pipeline.candidates_suggester import CandidatesSuggester
from spacy_spanbert.pipeline.gold_report import counts_text
from spacy_spanbert.pipeline.span_candidates import Suggester, suggested_spans


@dataclass(frozen=True)
class SpanCorpus:
    """What the examples hold.

    coverage (Coverage): Gold spans within reach and out of reach.
    max_length (int): Longest span, in words, as set or chosen.
    """

    coverage: Coverage
    max_length: int

    @property
    def labels(self) -> list[str]:
        """RETURNS (list[str]): The labels of all gold spans."""
        return list(self.coverage.by_label)


def read_corpus(
    get_examples: Callable[[], Iterable[Example]],
    spans_key: str,
    cfg: Mapping[str, Any],
    *,
    multilabel: bool,
) -> SpanCorpus:
    """Read the examples, and choose the longest span if that is left open.

    get_examples (Callable[[], Iterable[Example]]): The examples; read up to three times.
    spans_key (str): Key of the gold spans.
    cfg (Mapping[str, Any]): The component's settings.
    multilabel (bool): Whether several labels of one stretch of words can be learned.
    RETURNS (SpanCorpus): What they hold.
    """

    def count(max_length: int | None) -> Coverage:
        return span_coverage(
            get_examples(),
            spans_key,
            max_length,
            cross_sentences=cfg["cross_sentences"],
            overlap=cfg["overlap"],
            multilabel=multilabel,
        )

    max_length = cfg["max_length"]
    if max_length == "auto":
        max_length = choose_max_length(count(None).lengths.elements())
    return SpanCorpus(count(max_length), max_length)


def check_labelled(
    get_examples: Callable[[], Iterable[Example]], spans_key: str, name: str
) -> None:
    """Refuse gold spans without a label.

    get_examples (Callable[[], Iterable[Example]]): The examples; read once.
    spans_key (str): Key of the gold spans.
    name (str): The component's name.
    RAISES (SpanbertError): If there is one; it names the first.
    """
    for example in get_examples():
        for span in example.reference.spans.get(spans_key, ()):
            if not span.label_:
                raise SpanbertError(
                    f"component {name!r} learns labels, but the gold span {span.text!r} (words "
                    f"{span.start} to {span.end} of the document that begins "
                    f"{example.reference.text[:40]!r}) in doc.spans[{spans_key!r}] has none. Give "
                    "all spans a label, or find spans without labels by spanbert_span_finder"
                )


def report_coverage(corpus: SpanCorpus, labels: Sequence[str], name: str) -> None:
    """Print which gold spans can be learned, and which cannot and why.

    corpus (SpanCorpus): The corpus.
    labels (Sequence[str]): The labels the component predicts.
    name (str): The component's name.
    """
    text = f"[{name}] max_length = {corpus.max_length}\n{render_coverage(corpus.coverage)}\n"
    if foreign := {
        label: n for label, n in corpus.coverage.by_label.items() if label not in labels
    }:
        text += f"Not among the labels, and learned as no spans: {counts_text(foreign)}\n"
    sys.stderr.write(text)


def report_suggested(
    examples: Iterable[Example], suggester: Suggester, spans_key: str, name: str
) -> None:
    """Print which gold spans the suggester suggests; no other can be learned.

    A suggester that reads annotations has none to read yet, and that is printed.

    examples (Iterable[Example]): The examples, as they are before any component has seen them.
    suggester (Suggester): Any spaCy suggester.
    spans_key (str): Key of the gold spans.
    name (str): The component's name.
    """
    if isinstance(suggester, CandidatesSuggester):
        sys.stderr.write(
            f"[{name}] candidates are what a component before it will write to "
            f"doc.spans[{suggester.spans_key!r}]: `python -m spacy spanbert candidates` shows how "
            "many gold spans are among them\n"
        )
        return
    gold: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for example in examples:
        if spans_key in example.reference.spans:
            starts, lengths = suggested_spans([example.predicted], suggester)
            suggested = set(zip(starts.tolist(), lengths.tolist(), strict=True))
            for span in place_gold_spans(example.predicted, example.reference, spans_key):
                gold[span.label] += 1
                missed[span.label] += (span.start, span.length) not in suggested
    text = f"[{name}] {gold.total() - missed.total():,} of {gold.total():,} gold spans suggested"
    if missed := +missed:
        text += f"; not suggested: {counts_text(missed)}"
    sys.stderr.write(text + "\n")


def report_score_weights(nlp: Language, spans_key: str, name: str) -> None:
    """Print that `spacy train` would not see the spans' scores, if that is so.

    nlp (Language): The pipeline.
    spans_key (str): Key of the spans.
    name (str): The component's name.
    """
    weights = nlp.config["training"]["score_weights"]
    if not any(weight and key.startswith(f"spans_{spans_key}_") for key, weight in weights.items()):
        sys.stderr.write(
            f"[{name}] [training.score_weights] weighs no score of spans_key = {spans_key!r}: "
            "`spacy train` would score every step without these spans. Add to it "
            f"spans_{spans_key}_f = 1.0\n"
        )
