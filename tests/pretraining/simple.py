"""A small text and a simple corruption, for tests of what comes after them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from transformers import BertConfig, BertModel

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.pretraining.checkpoint import LAST, Progress, load_model, load_progress
from spacy_spanbert.pretraining.log import read_log
from spacy_spanbert.pretraining.loop import Pretrainer
from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.sampling import CorruptedText
from spacy_spanbert.pretraining.settings import PretrainSettings
from spacy_spanbert.pretraining.windows import Corrupted, PieceSampler, Window

CLS, SEP, MASK, N_VOCABULARY = 1, 2, 3, 40
ALL_OBJECTIVES = {"mlm": 1.0, "sbo": 0.5, "nsp": 2.0, "inserted": 0.25, "removed": 0.25}


class CountingText:
    """Windows in which each piece is followed by the next number, so that there is a pattern.

    n_windows (int): How many.
    longest (int): Longest window; they are of unlike length.
    """

    def __init__(self, n_windows: int = 12, longest: int = 20) -> None:
        self.n_windows = n_windows
        self.longest = longest

    def __len__(self) -> int:
        return self.n_windows

    def window(self, index: int, epoch: int) -> Window:
        rng = np.random.default_rng([index, epoch])
        n_words = int(rng.integers(6, self.longest - 3))
        first = int(rng.integers(0, 30))
        pieces = 4 + (first + np.arange(n_words)) % (N_VOCABULARY - 4)
        ids = np.array([CLS, *pieces, SEP], dtype=np.int32)
        words = np.array([-1, *range(n_words), -1], dtype=np.int32)
        return Window(ids, words, np.zeros_like(ids), bool(rng.integers(2)))


def mask_one_span(window: Window, rng: np.random.Generator, sampler: PieceSampler) -> Corrupted:
    """Mask two neighbours and one piece at the edge; make up labels for what is left."""
    ids = window.ids.copy()
    start = int(rng.integers(3, len(ids) - 3))
    places = np.array([1, start, start + 1], dtype=np.int32)
    targets = ids[places]
    ids[places] = sampler.mask
    labels = np.where(window.words >= 0, ids % 2, -1).astype(np.int32)
    spans = np.array([[1, 2], [start, start + 2]], dtype=np.int32)
    return Corrupted(ids, window.segments, places, targets, spans, labels, 1 - abs(labels))


def make_text(n_windows: int = 12, seed: int = 0) -> CorruptedText:
    counts = np.ones(N_VOCABULARY, dtype=np.int64)
    return CorruptedText(
        CountingText(n_windows), mask_one_span, PieceSampler(counts, MASK), seed, None
    )


def make_model(
    objectives: Mapping[str, float] = ALL_OBJECTIVES, dropout: float = 0.0, **sizes: int
) -> PretrainingModel:
    torch.manual_seed(0)
    config = BertConfig(
        **{
            "vocab_size": N_VOCABULARY,
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "max_position_embeddings": 32,
            "hidden_dropout_prob": dropout,
            "attention_probs_dropout_prob": 0.0,
            **sizes,
        }
    )
    return PretrainingModel(BertModel(config, add_pooling_layer=False), objectives)


def make_settings(
    output: Path, budget: Mapping[str, float] | None = None, **training: Any
) -> PretrainSettings:
    return PretrainSettings(
        output=output,
        corpus={"text": ["unused"]},
        encoder={"checkpoint": "unused"},
        packing={"window": 20, "pairs": True},
        corruption=mask_one_span,
        objectives=ALL_OBJECTIVES,
        budget=budget or {"steps": 10},
        training={
            "seed": 3,
            "step_pieces": 60,
            "batch_pieces": 40,
            "learn_rate": 0.01,
            "warmup_steps": 2,
            "precision": "float32",
            "evaluate_every": 4,
            "log_every": 1,
            **training,
        },
    )


def make_trainer(
    settings,
    tiny_bert,
    *,
    model=None,
    train=None,
    held_out=True,
    accelerator=None,
    say=lambda line: None,
):
    progress = load_progress(settings.output / LAST) or Progress(
        head_warmup_steps=settings.training.head_warmup_steps
    )
    model = model or make_model(dropout=0.1)
    if progress.step:
        load_model(settings.output / LAST, model)
    settings.output.mkdir(exist_ok=True)
    return Pretrainer(
        settings,
        model,
        load_tokenizer(tiny_bert),
        train or make_text(seed=3),
        make_text(5, seed=9) if held_out else None,
        accelerator or Accelerator(cpu=True),
        progress,
        say,
    )


def lines_without_times(folder: Path) -> list[dict[str, Any]]:
    """Read the log of a run, without what depends on the clock and not on the text."""
    return [
        {key: value for key, value in line.items() if key != "pieces_per_second"}
        for line in read_log(folder)
    ]


def folder_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
