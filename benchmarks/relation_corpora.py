"""Corpora with relations, pipelines that learn them, and what is made to see flat spans only."""

import contextlib
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config, load_model_from_config, minibatch
from thinc.api import Optimizer, fix_random_seed

from benchmarks.arguments import ROOT
from benchmarks.corpora import SPANS_KEY, bare_doc
from benchmarks.peers import ENCODER, training_step
from spacy_spanbert.annotations.gold_spans import distinct_spans, gold_spans_on
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.read import read_docs

QUICK_DOCS = 6
WARM_UP = 0.1
CONFIGS = {"gold": "relations.cfg", "joint": "relations_joint.cfg"}


@dataclass(frozen=True)
class RelationTask:
    """What is learned, for how long, and what is scored.

    corpus (str): The corpus's folder.
    split (str): What is scored: "test", or "dev" where the gold of test is not released.
    score (str): The F1 that counts.
    n_epochs (int): How often training goes through the corpus.
    batch (int): Docs in a batch.
    is_nested (bool): Whether to train a pipeline that sees outermost spans only, too.
    """

    corpus: str
    split: str
    score: str
    n_epochs: int
    batch: int
    is_nested: bool = False


TASKS = (
    RelationTask("conll04", "test", "relations_f", 10, 16),
    RelationTask("scierc", "test", "relations_relaxed_f", 8, 16),
    RelationTask("bionne_r_en", "dev", "relations_f", 30, 4, is_nested=True),
)


def load_related(path: Path, nlp: Language, *, quick: bool) -> list[Doc]:
    """Read Docs with gold spans and relations, on the corpus's tokens.

    path (Path): A JSONL file.
    nlp (Language): Whose vocabulary is used.
    quick (bool): Read a few only.
    RETURNS (list[Doc]): One a record.
    RAISES (SystemExit): If anything of the corpus would be lost: that would raise the scores.
    """
    problems = Problems()
    found = read_docs(path, nlp, spans_key=SPANS_KEY, problems=problems)
    docs = list(islice(found, QUICK_DOCS if quick else None))
    if problems:
        raise SystemExit(f"{path} cannot be read whole: {'; '.join(problems.summary())}")
    return docs


def make_related_example(doc: Doc, nlp: Language, *, outermost: bool = False) -> Example:
    """Make an example whose predicted Doc has the gold spans.

    doc (Doc): With gold spans and relations.
    nlp (Language): Whose vocabulary is used.
    outermost (bool): Leave out the spans that lie inside another; the gold stays whole.
    RETURNS (Example): The example.
    """
    predicted = bare_doc(doc, nlp)
    spans = gold_spans_on(predicted, doc, SPANS_KEY)
    if outermost:
        furthest, kept = 0, []
        for span in distinct_spans(spans):  # by start, the longer first
            if span.end > furthest:
                kept.append(span)
            furthest = max(furthest, span.end)
        spans = kept
    predicted.spans[SPANS_KEY] = spans
    return Example(predicted, doc)


def build_relations(kind: str, **changes: Any) -> Language:
    """Build a pipeline of a shipped config, without weights.

    kind (str): "gold": relations between given spans; "joint": spans, and relations between them.
    changes (Any): Settings of the relation component.
    RETURNS (Language): The pipeline.
    """
    overrides = {"paths.encoder": ENCODER}
    config = load_config(ROOT / "configs" / CONFIGS[kind], overrides, interpolate=True)
    for key, value in changes.items():
        config["components"]["spanbert_relations"][key] = value
    return load_model_from_config(config, auto_fill=True)


def learn_relations(
    nlp: Language, examples: list[Example], *, n_epochs: int, batch: int, seed: int
) -> None:
    """Train a pipeline: linear warm-up over a tenth of the steps, then linear decay.

    nlp (Language): Without weights; the highest learning rate is its config's.
    examples (list[Example]): The training data.
    n_epochs (int): How often training goes through them.
    batch (int): Examples in a batch.
    seed (int): For weights and the order of the examples.
    """
    fix_random_seed(seed)
    with contextlib.redirect_stderr(io.StringIO()):
        optimizer: Optimizer = nlp.initialize(lambda: examples)
    rate = nlp.config["training"]["optimizer"]["learn_rate"]["initial_rate"]
    order, examples = random.Random(seed), list(examples)
    n_steps = n_epochs * -(-len(examples) // batch)
    step = 0
    for _ in range(n_epochs):
        order.shuffle(examples)
        for part in minibatch(examples, batch):
            step += 1
            share = min(step / (WARM_UP * n_steps), (n_steps - step) / ((1 - WARM_UP) * n_steps), 1)
            optimizer.learn_rate = rate * max(0.0, share)
            training_step(nlp, list(part), optimizer)


def score_related(nlp: Language, docs: Sequence[Doc], *, outermost: bool = False) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): All scores on gold Docs; see make_related_example."""
    return nlp.evaluate([make_related_example(doc, nlp, outermost=outermost) for doc in docs])
