"""A whole run of pretraining: from settings and text to checkpoints."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from accelerate import Accelerator
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.folder_lock import FolderLock
from spacy_spanbert.pretraining.accelerator import end_processes, make_accelerator, say_once
from spacy_spanbert.pretraining.budget import check_encoder_learns
from spacy_spanbert.pretraining.checkpoint import BEST, LAST, Progress, load_model
from spacy_spanbert.pretraining.corpus import Corpus
from spacy_spanbert.pretraining.corpus_source import CorpusSource
from spacy_spanbert.pretraining.corpus_statistics import render_statistics
from spacy_spanbert.pretraining.counts import render_counts
from spacy_spanbert.pretraining.curve import draw_curve
from spacy_spanbert.pretraining.earlier_run import (
    check_best,
    check_settings,
    fixed_settings,
    read_progress,
    read_source,
    write_source,
)
from spacy_spanbert.pretraining.loop import Pretrainer
from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.prepare import (
    prepare_encoder,
    prepare_tokenizer,
    prepare_windows,
    take_heads,
    write_vocabulary,
)
from spacy_spanbert.pretraining.settings import PretrainSettings
from spacy_spanbert.pretraining.unigram import unigram_loss

CACHE = "corpus"


class OpenCorpus(Protocol):
    """Opens the tokenized text; makes it first where that is needed."""

    def __call__(
        self, tokenizer: PreTrainedTokenizerFast, cache: Path, known: CorpusSource | None
    ) -> Corpus:
        """Open it.

        tokenizer (PreTrainedTokenizerFast): Cuts words into pieces.
        cache (Path): Folder of tokenized corpora.
        known (CorpusSource | None): What the run began with, if it is resumed.
        RETURNS (Corpus): The corpus.
        """


@dataclass(frozen=True)
class Text:
    """Where the text comes from.

    read (Callable[[], Iterable[str]]): Reads the documents, to train a vocabulary on.
    open (OpenCorpus): Opens their tokenized form.
    """

    read: Callable[[], Iterable[str]]
    open: OpenCorpus


def run_pretraining(settings: PretrainSettings, text: Text, say: Callable[[str], None]) -> Progress:
    """Pretrain an encoder, or go on where an interrupted run stopped.

    settings (PretrainSettings): The config.
    text (Text): The text.
    say (Callable[[str], None]): Told what a user should know, line by line, in the first process.
    RETURNS (Progress): How far it came. In the output folder are `checkpoint-best`,
        `checkpoint-last`, the log and the loss curve.
    RAISES (SpanbertError): If text, checkpoint and settings do not go together, a run in the same
        folder had other settings, or another process works on it.
    """
    accelerator = make_accelerator(settings.training)
    say = say_once(accelerator, say)
    if settings.training.shard:
        n = accelerator.num_processes
        say(
            f"weights, gradients and optimizer state are divided over {n} processes"
            if n > 1
            else "NOTE: [pretraining.training] shard has nothing to divide: there is one process"
        )
    settings.output.mkdir(parents=True, exist_ok=True)
    # those of other machines work on the same folder; the first process alone writes
    with FolderLock(settings.output) if accelerator.is_main_process else nullcontext():
        return _run(settings, text, accelerator, say)


def _run(
    settings: PretrainSettings, text: Text, accelerator: Accelerator, say: Callable[[str], None]
) -> Progress:
    output = settings.output
    with accelerator.main_process_first():
        earlier = _begin(settings, text, accelerator, say)
        tokenizer = prepare_tokenizer(settings)
        # before the text is cut into pieces, which may take hours: what is wrong is said at once
        checkpoint = prepare_encoder(settings, tokenizer)
        torch.manual_seed(settings.training.seed)  # of the heads
        model = PretrainingModel(
            checkpoint.module, {str(name): weight for name, weight in settings.objectives.items()}
        )
        progress = earlier or _begin_progress(settings, model, say)
        corpus = _open(settings, text, tokenizer, accelerator, is_begun=earlier is not None)
    say(render_statistics(corpus.statistics))
    if earlier is not None:
        load_model(output / LAST, model)
        say(f"going on after step {progress.step:,}")
    if settings.packing.pairs and not model.has_segments:
        say(
            "NOTE: the encoder does not tell segments apart; it knows the two texts of a pair by "
            "the special pieces between them alone"
        )
    train, held_out = prepare_windows(settings, corpus, tokenizer, checkpoint.max_pieces, say)
    trainer = Pretrainer(
        settings, model, checkpoint.tokenizer, train, held_out, accelerator, progress, say
    )
    progress = trainer.run()
    end_processes(accelerator)
    if accelerator.is_main_process:
        curve = draw_curve(output, unigram_loss(corpus))
        if progress.counts:
            say(f"in the whole run:\n{render_counts(progress.counts)}")
        say(f"encoder: {output / BEST}; loss curve: {curve}")
    return progress


def _begin(
    settings: PretrainSettings, text: Text, accelerator: Accelerator, say: Callable[[str], None]
) -> Progress | None:
    """See how far an earlier try came; train a vocabulary for a first one that needs it."""
    earlier = read_progress(settings.output)
    if earlier is not None:
        check_settings(earlier.settings, settings)
        if warning := check_best(settings.output, earlier):
            say(warning)
    elif settings.vocabulary.train and accelerator.is_main_process:
        write_vocabulary(settings, text.read, say)
    return earlier


def _begin_progress(
    settings: PretrainSettings, model: PretrainingModel, say: Callable[[str], None]
) -> Progress:
    """Take the heads that there are, and see whether the encoder learns in the steps there are."""
    progress = Progress(
        settings=fixed_settings(settings),
        total_steps=settings.budget.steps,
        head_warmup_steps=take_heads(settings, model, say),
    )
    check_encoder_learns(progress)
    return progress


def _open(
    settings: PretrainSettings,
    text: Text,
    tokenizer: PreTrainedTokenizerFast,
    accelerator: Accelerator,
    *,
    is_begun: bool,
) -> Corpus:
    """Open the text; the first process does so first."""
    output = settings.output
    # the first process has just read the files, and others need not do so again
    is_known = is_begun or not accelerator.is_main_process
    corpus = text.open(tokenizer, output / CACHE, read_source(output) if is_known else None)
    if accelerator.is_main_process:
        write_source(output, corpus.source)
    return corpus
