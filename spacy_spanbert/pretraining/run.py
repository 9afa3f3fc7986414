"""A whole run of pretraining: from settings and text to checkpoints."""

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, InitProcessGroupKwargs
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.checkpoint import Checkpoint
from spacy_spanbert.checkpoints.files import recover_checkpoint
from spacy_spanbert.checkpoints.load import find_folder, load_checkpoint, load_tokenizer
from spacy_spanbert.checkpoints.scratch import build_checkpoint
from spacy_spanbert.layers.precision import resolve_precision
from spacy_spanbert.pretraining.checkpoint import (
    Progress,
    load_heads,
    load_model,
    load_progress,
)
from spacy_spanbert.pretraining.corpus import Corpus
from spacy_spanbert.pretraining.corpus_source import CorpusSource
from spacy_spanbert.pretraining.corpus_statistics import render_statistics
from spacy_spanbert.pretraining.curve import draw_curve
from spacy_spanbert.pretraining.loop import BEST, LAST, Pretrainer, PretrainingError
from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.packing import PackedWindows, pack_windows
from spacy_spanbert.pretraining.pairs import PackedPairs, pack_pairs
from spacy_spanbert.pretraining.sampling import CorruptedText
from spacy_spanbert.pretraining.settings import PretrainSettings
from spacy_spanbert.pretraining.unigram import unigram_loss
from spacy_spanbert.pretraining.vocabulary import train_vocabulary
from spacy_spanbert.pretraining.windows import PieceSampler

VOCABULARY, CACHE, SOURCE = "vocabulary", "corpus", "corpus_source.json"
# What may differ between a run and its resumption: it changes nothing that is computed.
FREE: Any = {
    "output": True,
    "corruption": True,
    "corpus": {"text": True, "n_process": True},
    "training": {"log_every": True},
}


# How long processes wait for the first one, which tokenizes the text.
TIMEOUT = timedelta(days=2)


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
    say (Callable[[str], None]): Told what a user should know, line by line.
    RETURNS (Progress): How far it came. In the output folder are `checkpoint-best`,
        `checkpoint-last`, the log and the loss curve.
    RAISES (SpanbertError): If text, checkpoint and settings do not go together, or a run in the
        same folder had other settings.
    """
    accelerator = _make_accelerator(settings)
    if not accelerator.is_main_process:
        say = _say_nothing
    output = settings.output
    output.mkdir(parents=True, exist_ok=True)
    with accelerator.main_process_first():
        recover_checkpoint(output / BEST)
        progress = load_progress(output / LAST)
        is_resumed = progress is not None
        progress = progress or Progress(settings=_fixed_settings(settings))
        _check_settings(progress, settings)
        if settings.vocabulary.train and accelerator.is_main_process and not is_resumed:
            _write_vocabulary(settings, text, say)
        tokenizer = _prepare_tokenizer(settings)
        known = _read_source(output) if is_resumed else None
        corpus = text.open(tokenizer, output / CACHE, known)
    if accelerator.is_main_process:
        _write_source(output, corpus.source)
    say(render_statistics(corpus.statistics))
    checkpoint = _load_encoder(settings, tokenizer)
    torch.manual_seed(settings.training.seed)  # of the heads
    model = PretrainingModel(
        checkpoint.module, {str(name): weight for name, weight in settings.objectives.items()}
    )
    if is_resumed:
        load_model(output / LAST, model)
        say(f"going on after step {progress.step:,}")
    elif settings.encoder.checkpoint is not None:
        _take_heads(find_folder(settings.encoder.checkpoint), model, settings, say)
    train, held_out = _pack(settings, corpus, tokenizer, say)
    trainer = Pretrainer(
        settings, model, checkpoint.tokenizer, train, held_out, accelerator, progress, say
    )
    progress = trainer.run()
    if accelerator.is_main_process:
        curve = draw_curve(output, unigram_loss(corpus))
        say(f"encoder: {output / BEST}; loss curve: {curve}")
    return progress


def _make_accelerator(settings: PretrainSettings) -> Accelerator:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = resolve_precision(settings.training.precision, device)
    # frozen at first, the encoder's parameters have no gradient for a while
    has_unused = settings.training.head_warmup_steps > 0
    return Accelerator(
        cpu=device.type == "cpu",
        mixed_precision="bf16" if dtype == torch.bfloat16 else "no",
        kwargs_handlers=[
            DistributedDataParallelKwargs(find_unused_parameters=has_unused),
            InitProcessGroupKwargs(timeout=TIMEOUT),
        ],
    )


def _fixed_settings(settings: PretrainSettings) -> dict[str, Any]:
    """What decides what is computed, by dotted name."""
    values = settings.model_dump(mode="json", exclude=FREE)
    values["corruption"] = re.sub(r" at 0x[0-9a-f]+", "", repr(settings.corruption))

    def flatten(section: dict[str, Any], prefix: str) -> dict[str, Any]:
        flat: dict[str, Any] = {}
        for key, value in section.items():
            if isinstance(value, dict):
                flat |= flatten(value, f"{prefix}{key}.")
            else:
                flat[f"{prefix}{key}"] = value
        return flat

    return flatten(values, "")


def _check_settings(progress: Progress, settings: PretrainSettings) -> None:
    now = _fixed_settings(settings)
    changed = [
        f"{key} was {progress.settings.get(key)!r} and is {now.get(key)!r}"
        for key in sorted(progress.settings.keys() | now.keys())
        if progress.settings.get(key) != now.get(key)
    ]
    if changed:
        raise PretrainingError(
            f"{settings.output} holds a run with other settings: {'; '.join(changed)}. Restore "
            "them to go on with that run, or begin a new one in another output folder."
        )


def _prepare_tokenizer(settings: PretrainSettings) -> PreTrainedTokenizerFast:
    vocabulary = settings.vocabulary
    if vocabulary.train:
        return load_tokenizer(settings.output / VOCABULARY)
    source = vocabulary.tokenizer or settings.encoder.checkpoint
    assert source is not None
    return load_tokenizer(source, cased=vocabulary.cased)


def _write_vocabulary(settings: PretrainSettings, text: Text, say: Callable[[str], None]) -> None:
    """Train a vocabulary; one of an earlier try may be of another text or size, or damaged."""
    vocabulary, folder = settings.vocabulary, settings.output / VOCABULARY
    say(f"training a vocabulary of {vocabulary.size:,} pieces")
    trained = train_vocabulary(
        text.read,
        vocabulary.size,
        cased=vocabulary.cased is not False,
        window=settings.packing.window,
    )
    with tempfile.TemporaryDirectory(prefix=f".{VOCABULARY}-", dir=settings.output) as temporary:
        trained.save_pretrained(f"{temporary}/new")
        shutil.rmtree(folder, ignore_errors=True)
        Path(temporary, "new").rename(folder)


def _load_encoder(settings: PretrainSettings, tokenizer: PreTrainedTokenizerFast) -> Checkpoint:
    encoder, vocabulary = settings.encoder, settings.vocabulary
    source = settings.output / VOCABULARY if vocabulary.train else vocabulary.tokenizer
    if encoder.size is not None:
        assert source is not None
        n_pieces = max(tokenizer.get_vocab().values()) + 1
        size = {"max_pieces": settings.packing.window, **encoder.size, "n_pieces": n_pieces}
        checkpoint = build_checkpoint(
            size, source, cased=vocabulary.cased, seed=settings.training.seed
        )
    else:
        assert encoder.checkpoint is not None
        checkpoint = load_checkpoint(encoder.checkpoint, cased=vocabulary.cased, tokenizer=source)
    if settings.packing.window > checkpoint.max_pieces:
        raise PretrainingError(
            f"[packing] window is {settings.packing.window} pieces, but the encoder reads "
            f"{checkpoint.max_pieces} at most."
        )
    for name, part in checkpoint.module.named_modules():
        if isinstance(part, torch.nn.Dropout):
            # inside attention there is none: it would rule out the fast kernels
            part.p = 0.0 if ".attention.self" in name else encoder.dropout
    return checkpoint


def _take_heads(
    source: Path, model: PretrainingModel, settings: PretrainSettings, say: Callable[[str], None]
) -> None:
    missing = load_heads(source, model)
    if missing:
        say(
            f"WARNING: {source} has no weights for {', '.join(missing)} (nearly all published "
            "checkpoints lack them): these begin at random. "
            + (
                f"They learn alone for {settings.training.head_warmup_steps:,} steps."
                if settings.training.head_warmup_steps
                else "Set [training] head_warmup_steps to let them learn alone at first."
            )
        )


def _pack(
    settings: PretrainSettings,
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerFast,
    say: Callable[[str], None],
) -> tuple[CorruptedText, CorruptedText | None]:
    seed, window = settings.training.seed, settings.packing.window
    mask = tokenizer.mask_token_id
    if mask is None:
        raise PretrainingError("The tokenizer has no mask piece, which pretraining needs.")
    sampler = PieceSampler(corpus.counts, mask)

    def corrupted(documents: Iterable[int], seed: int) -> CorruptedText:
        packed: PackedWindows | PackedPairs
        if settings.packing.pairs:
            packed = pack_pairs(corpus.store, documents, window, tokenizer, seed)
        else:
            packed = pack_windows(corpus.store, documents, window, tokenizer)
        say(f"{len(packed):,} windows, {packed.fill:.0%} of {window} pieces full on average")
        return CorruptedText(packed, settings.corruption, sampler, seed)

    train = corrupted(corpus.train.tolist(), seed)
    # another seed: what is asked of held-out text is not what was asked in training
    held_out = corrupted(corpus.held_out.tolist(), seed + 1) if len(corpus.held_out) else None
    return train, held_out


def _read_source(output: Path) -> CorpusSource:
    try:
        return CorpusSource.from_json(json.loads((output / SOURCE).read_text("utf8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PretrainingError(
            f"{output / SOURCE} cannot be read ({error}), so it is not known whether the text is "
            "still the same. Begin a new run in another output folder."
        ) from error


def _write_source(output: Path, source: CorpusSource) -> None:
    temporary = output / f".{SOURCE}"
    temporary.write_text(json.dumps(source.to_json(), indent=1), encoding="utf8")
    temporary.replace(output / SOURCE)


def _say_nothing(line: str) -> None:
    """Processes other than the first one keep quiet."""
