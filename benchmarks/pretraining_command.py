"""Runs of `python -m spacy spanbert pretrain`, and what their logs and checkpoints say."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from accelerate import Accelerator

from benchmarks.arguments import ROOT
from spacy_spanbert.checkpoints.files import write_checkpoint
from spacy_spanbert.checkpoints.load import load_checkpoint
from spacy_spanbert.checkpoints.scratch import build_checkpoint
from spacy_spanbert.pretraining.checkpoint import BEST, LAST, load_heads, load_progress
from spacy_spanbert.pretraining.corpus import Corpus
from spacy_spanbert.pretraining.corruption.token_masking import TokenMasking
from spacy_spanbert.pretraining.log import read_log
from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.packing import pack_windows
from spacy_spanbert.pretraining.prepare import VOCABULARY
from spacy_spanbert.pretraining.run import CACHE
from spacy_spanbert.pretraining.sampling import CorruptedText, WindowNumber
from spacy_spanbert.pretraining.steps import StepRunner
from spacy_spanbert.pretraining.tallies import Tally
from spacy_spanbert.pretraining.unigram import unigram_loss
from spacy_spanbert.pretraining.windows import PieceSampler

N_LAST_CHARACTERS = 4000
# Of the common evaluation: no run was trained with this seed.
SEED = 1234
BATCH_PIECES = 4096


def run_pretraining(config: Path, folder: Path, overrides: Mapping[str, Any]) -> float:
    """Run the command; one that was interrupted in the same folder goes on.

    config (Path): The config.
    folder (Path): The run's output folder; what the command says goes to pretrain.log beside it.
    overrides (Mapping[str, Any]): Values of the config, by dotted name.
    RETURNS (float): Seconds of the command.
    RAISES (RuntimeError): If it fails; with the end of what it said.
    """
    words = [sys.executable, "-m", "spacy", "spanbert", "pretrain", str(config)]
    for name, value in {**overrides, "paths.output": str(folder)}.items():
        words += [f"--{name}", value if isinstance(value, str) else json.dumps(value)]
    folder.parent.mkdir(parents=True, exist_ok=True)
    log = folder.with_name(f"{folder.name}.log")
    start = perf_counter()
    with log.open("w", encoding="utf8") as said:
        run = subprocess.run(
            words,
            cwd=ROOT,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    if run.returncode != 0:
        end = log.read_text("utf8")[-N_LAST_CHARACTERS:]
        raise RuntimeError(f"spacy spanbert pretrain failed:\n{end}")
    return perf_counter() - start


def open_tokenized(folder: Path) -> Corpus:
    """Open the tokenized text of a run.

    folder (Path): The run's output folder.
    RETURNS (Corpus): The text.
    RAISES (RuntimeError): If there is not exactly one.
    """
    found = [path.parent for path in (folder / CACHE).glob("*/corpus.json")]
    if len(found) != 1:
        raise RuntimeError(f"expected one tokenized text in {folder}, but found {len(found)}")
    return Corpus(found[0])


def summarize_run(folder: Path) -> dict[str, Any]:
    """Sum up a finished run.

    folder (Path): Its output folder.
    RETURNS (dict[str, Any]): `n_steps`, `training_seconds`, `pieces_per_second` (median of the
        log), `unigram_loss`, and on held-out text, each with `step`, losses, accuracies and
        `mlm_perplexity`: `start`, `heads_alone` (the last evaluation before the encoder began to
        learn; None if there was none), `best`, `end`.
    RAISES (RuntimeError): If the run did not evaluate.
    """
    progress, lines = load_progress(folder / LAST), read_log(folder)
    marks = [_mark(line) for line in lines if line["part"] == "held_out"]
    if progress is None or not marks:
        raise RuntimeError(f"expected a run with evaluations in {folder}")
    alone = [mark for mark in marks if 0 < mark["step"] <= progress.head_warmup_steps]
    speeds = [line["pieces_per_second"] for line in lines if line["part"] == "train"]
    return {
        "n_steps": progress.step,
        "training_seconds": round(progress.seconds, 1),
        "pieces_per_second": round(median(speeds), 1),
        "unigram_loss": _rounded(unigram_loss(open_tokenized(folder))),
        "start": marks[0],
        "heads_alone": alone[-1] if alone else None,
        "best": min(marks, key=lambda mark: mark["loss"]),
        "end": marks[-1],
    }


def token_mlm(checkpoint: Path, corpus: Corpus, *, window: int, n_windows: int) -> dict[str, Any]:
    """Ask for single masked pieces of held-out text, whatever the checkpoint was trained to answer.

    Losses in the logs are of what each run asks; this one is the same for all of the same text.

    checkpoint (Path): With an MLM head.
    corpus (Corpus): The run's text.
    window (int): Pieces of a window.
    n_windows (int): How many, at most.
    RETURNS (dict[str, Any]): `loss` in nats, `perplexity`, `accuracy`, `n_targets`.
    RAISES (RuntimeError): If the checkpoint has no such head.
    """
    loaded = load_checkpoint(checkpoint)
    model = PretrainingModel(loaded.module, {"mlm": 1.0})
    if missing := load_heads(checkpoint, model):
        raise RuntimeError(f"expected weights of {', '.join(missing)} in {checkpoint}")
    mask = loaded.tokenizer.mask_token_id
    packed = pack_windows(corpus.store, corpus.held_out.tolist(), window, loaded.tokenizer)
    sampler, unknown = PieceSampler(corpus.counts, mask), loaded.tokenizer.unk_token_id
    text = CorruptedText(packed, TokenMasking(), sampler, SEED, unknown)
    runner = StepRunner(Accelerator(cpu=True), model, model.weights, BATCH_PIECES)
    tally = Tally(list(model.weights))
    numbers = [WindowNumber(0, index) for index in range(min(n_windows, len(packed)))]
    runner.evaluate(text, numbers, tally)
    score = tally.take(runner.accelerator)["mlm"]
    return {
        "loss": _rounded(score.loss),
        "perplexity": round(math.exp(score.loss), 2),
        "accuracy": _rounded(score.accuracy),
        "n_targets": score.n_targets,
    }


def write_untrained(run: Path, folder: Path) -> None:
    """Write the encoder that a run from scratch began with.

    run (Path): The run's output folder.
    folder (Path): Where to.
    """
    config = load_checkpoint(run / BEST).module.config
    progress = load_progress(run / LAST)
    assert progress is not None
    size = {
        "n_layers": config.num_hidden_layers,
        "width": config.hidden_size,
        "n_heads": config.num_attention_heads,
        "n_pieces": config.vocab_size,
        "max_pieces": config.max_position_embeddings,
        "intermediate_width": config.intermediate_size,
        "dropout": config.hidden_dropout_prob,
        "attention_dropout": config.attention_probs_dropout_prob,
    }
    seed = progress.settings["training.seed"]
    write_checkpoint(build_checkpoint(size, run / VOCABULARY, seed=seed), folder)


def _mark(line: Mapping[str, Any]) -> dict[str, Any]:
    mark = {key: _rounded(value) for key, value in line.items() if key != "part"}
    if "mlm_loss" in line:
        mark["mlm_perplexity"] = round(math.exp(line["mlm_loss"]), 2)
    return mark


def _rounded(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value
