"""Small pipelines with `spanbert_span_finder`, alone or before `spanbert_spancat`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import spacy
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example

from tests.tiny_pipeline import (
    NESTED,
    Annotated,
    add_encoder,
    add_spancat,
    initialize,
    make_examples,
    make_optimizer,
)

SUGGESTER = {"@misc": "spacy-spanbert.candidates_suggester.v1", "spans_key": "candidates"}
ANNOTATING = ["spanbert", "spanbert_span_finder"]


def add_finder(nlp: Language, model: dict[str, Any] | None = None, **config: Any) -> None:
    """Add `spanbert_span_finder`; narrow, float32 and no dropout unless told otherwise."""
    fixed = {
        "@architectures": "spacy-spanbert.SpanScorer.v1",
        "hidden_width": 32,
        "dropout": 0.0,
        "precision": "float32",
    }
    nlp.add_pipe("spanbert_span_finder", config={**config, "model": {**fixed, **(model or {})}})


def make_finder(
    checkpoint: Path, data: Sequence[Annotated] = NESTED, gold_key: str = "sc", **config: Any
) -> Language:
    """Make an initialized pipeline of `spanbert` and `spanbert_span_finder`."""
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_finder(nlp, **config)
    initialize(nlp, checkpoint, make_examples(nlp, data, gold_key))
    return nlp


def make_chain(checkpoint: Path) -> Language:
    """Make an initialized pipeline whose spancat decides on the finder's candidates."""
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_finder(nlp)
    add_spancat(nlp, suggester=SUGGESTER)
    initialize(nlp, checkpoint, make_examples(nlp))
    return nlp


def fit_chain(nlp: Language, examples: Sequence[Example], n_steps: int) -> dict[str, float]:
    """Train on all examples at once, encoder and finder annotating as in `spacy train`."""
    sgd = make_optimizer()
    losses: dict[str, float] = {}
    for _ in range(n_steps):
        fresh = [Example(bare(nlp, x.reference), x.reference) for x in examples]
        losses = nlp.update(fresh, sgd=sgd, losses={}, annotates=ANNOTATING)
    return losses


def bare(nlp: Language, doc: Doc) -> Doc:
    """Copy the words alone."""
    return Doc(nlp.vocab, words=[word.text for word in doc])


def boundaries(doc: Doc, key: str = "candidates") -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in doc.spans[key]]


def scored(doc: Doc, key: str = "candidates") -> dict[tuple[int, int], float]:
    """Scores by boundaries; each span once, without a label, in order."""
    group = doc.spans[key]
    spans = boundaries(doc, key)
    assert spans == sorted(set(spans))
    assert {span.label_ for span in group} <= {""}
    assert len(group.attrs["scores"]) == len(group)
    return dict(zip(spans, group.attrs["scores"].tolist(), strict=True))


def gold_boundaries(data: Sequence[Annotated] = NESTED) -> list[list[tuple[int, int]]]:
    return [sorted({(start, end) for start, end, _ in spans}) for _, spans in data]


def annotate(nlp: Language, data: Sequence[Annotated] = NESTED) -> list[Doc]:
    return list(nlp.pipe([Doc(nlp.vocab, words=words) for words, _ in data]))
