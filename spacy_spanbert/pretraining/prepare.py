"""Tokenizer, encoder, heads and windows of a run, before it begins."""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import torch
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.checkpoints.checkpoint import Checkpoint
from spacy_spanbert.checkpoints.load import find_folder, load_checkpoint, load_tokenizer
from spacy_spanbert.checkpoints.same_pieces import check_same_pieces
from spacy_spanbert.checkpoints.scratch import build_checkpoint
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.checkpoint import BEST, load_heads
from spacy_spanbert.pretraining.corpus import Corpus
from spacy_spanbert.pretraining.corruption.longest_window import limit_windows
from spacy_spanbert.pretraining.disk import writing
from spacy_spanbert.pretraining.model import PretrainingModel
from spacy_spanbert.pretraining.packing import PackedWindows, pack_windows
from spacy_spanbert.pretraining.pairs import PackedPairs, pack_pairs
from spacy_spanbert.pretraining.sampling import CorruptedText
from spacy_spanbert.pretraining.settings import PretrainSettings
from spacy_spanbert.pretraining.vocabulary import train_vocabulary
from spacy_spanbert.pretraining.windows import PieceSampler

VOCABULARY = "vocabulary"


def write_vocabulary(
    settings: PretrainSettings, read: Callable[[], Iterable[str]], say: Callable[[str], None]
) -> None:
    """Train a vocabulary; one of an earlier try may be of another text or size, or damaged.

    settings (PretrainSettings): The config.
    read (Callable[[], Iterable[str]]): Reads the documents.
    say (Callable[[str], None]): Told what a user should know.
    """
    vocabulary, folder = settings.vocabulary, settings.output / VOCABULARY
    say(f"training a vocabulary of {vocabulary.size:,} pieces")
    trained = train_vocabulary(
        read,
        vocabulary.size,
        cased=vocabulary.cased is not False,
        window=settings.packing.window,
    )
    with (
        writing(folder),
        tempfile.TemporaryDirectory(prefix=f".{VOCABULARY}-", dir=settings.output) as temporary,
    ):
        trained.save_pretrained(f"{temporary}/new")
        shutil.rmtree(folder, ignore_errors=True)
        Path(temporary, "new").rename(folder)


def prepare_tokenizer(settings: PretrainSettings) -> PreTrainedTokenizerFast:
    """Load the tokenizer.

    settings (PretrainSettings): The config; a vocabulary of its own has to be trained already.
    RETURNS (PreTrainedTokenizerFast): With a mask piece.
    RAISES (SpanbertError): If it has none, or numbers its pieces otherwise than the encoder.
    """
    vocabulary, checkpoint = settings.vocabulary, settings.encoder.checkpoint
    if vocabulary.train:
        return load_tokenizer(settings.output / VOCABULARY)
    source = vocabulary.tokenizer or checkpoint
    assert source is not None
    tokenizer = load_tokenizer(source, cased=vocabulary.cased)
    if vocabulary.tokenizer is not None and checkpoint is not None:
        # load_checkpoint would say so as well, but after the text was tokenized
        check_same_pieces(tokenizer, vocabulary.tokenizer, find_folder(checkpoint))
    if tokenizer.mask_token_id is None:
        raise SpanbertError(
            f"The tokenizer of {source} has no mask piece, which pretraining needs. Name "
            "another under [pretraining.vocabulary] tokenizer, or train one (train = true, "
            "from scratch)."
        )
    return tokenizer


def prepare_encoder(settings: PretrainSettings, tokenizer: PreTrainedTokenizerFast) -> Checkpoint:
    """Load the encoder, or build it from scratch, and set its dropout.

    settings (PretrainSettings): The config.
    tokenizer (PreTrainedTokenizerFast): From `prepare_tokenizer`.
    RETURNS (Checkpoint): The encoder.
    RAISES (SpanbertError): If windows are longer than it reads, or the corruption would make them.
    """
    encoder, vocabulary = settings.encoder, settings.vocabulary
    source = settings.output / VOCABULARY if vocabulary.train else vocabulary.tokenizer
    if encoder.size is not None:
        assert source is not None
        n_pieces = max(tokenizer.get_vocab().values()) + 1
        size = {
            "max_pieces": settings.packing.window,
            **encoder.size.given(),
            "n_pieces": n_pieces,
            "attention_dropout": 0.0,
        }
        checkpoint = build_checkpoint(
            size, source, cased=vocabulary.cased, seed=settings.training.seed
        )
    else:
        assert encoder.checkpoint is not None
        checkpoint = load_checkpoint(encoder.checkpoint, cased=vocabulary.cased, tokenizer=source)
    if settings.packing.window > checkpoint.max_pieces:
        raise SpanbertError(
            f"[pretraining.packing] window is {settings.packing.window} pieces, but the encoder "
            f"reads {checkpoint.max_pieces} at most."
        )
    limit_windows(settings.corruption, settings.packing.window, checkpoint.max_pieces)
    for name, part in checkpoint.module.named_modules():
        if isinstance(part, torch.nn.Dropout):
            # inside attention there is none: it would rule out the fast kernels
            part.p = 0.0 if ".attention.self" in name else encoder.dropout
    return checkpoint


def take_heads(
    settings: PretrainSettings, model: PretrainingModel, say: Callable[[str], None]
) -> int:
    """Take the heads of the checkpoint that the run starts from, and say loudly which it lacks.

    settings (PretrainSettings): The config.
    model (PretrainingModel): Its heads are filled.
    say (Callable[[str], None]): Told what a user should know.
    RETURNS (int): First steps in which the heads learn alone: those of the config; 0 if the
        checkpoint has all heads, which have nothing to catch up with then.
    """
    n_steps = settings.training.head_warmup_steps
    if settings.encoder.checkpoint is None:
        return n_steps
    source = find_folder(settings.encoder.checkpoint)
    missing = load_heads(source, model)
    if not missing:
        skipped = (
            f"; [pretraining.training] head_warmup_steps = {n_steps:,} is skipped"
            if n_steps
            else ""
        )
        say(f"all heads are in {source}: they go on with the encoder{skipped}")
        return 0
    say(
        f"WARNING: {source} has no weights for {', '.join(missing)} (nearly all published "
        "checkpoints lack them): these begin at random. "
        + (
            f"They learn alone for {n_steps:,} steps."
            if n_steps
            else "Set [pretraining.training] head_warmup_steps to let them learn alone at first."
        )
    )
    return n_steps


def prepare_windows(
    settings: PretrainSettings,
    corpus: Corpus,
    tokenizer: PreTrainedTokenizerFast,
    max_pieces: int,
    say: Callable[[str], None],
) -> tuple[CorruptedText, CorruptedText | None]:
    """Pack the text into windows.

    settings (PretrainSettings): The config.
    corpus (Corpus): The tokenized text.
    tokenizer (PreTrainedTokenizerFast): From `prepare_tokenizer`.
    max_pieces (int): Longest input of the encoder, in pieces with special ones.
    say (Callable[[str], None]): Told what a user should know.
    RETURNS (tuple[CorruptedText, CorruptedText | None]): The text to learn from, and the text to
        evaluate on, if any is held out.
    RAISES (SpanbertError): If the corruption would make windows longer than the encoder reads.
    """
    seed, window = settings.training.seed, settings.packing.window
    corruption, note = limit_windows(settings.corruption, window, max_pieces)
    if note:
        say(f"NOTE: {note}")
    assert isinstance(tokenizer.mask_token_id, int)
    sampler = PieceSampler(corpus.counts, tokenizer.mask_token_id)

    def corrupted(documents: Iterable[int], seed: int) -> CorruptedText:
        packed: PackedWindows | PackedPairs
        if settings.packing.pairs:
            packed = pack_pairs(corpus.store, documents, window, tokenizer, seed)
        else:
            packed = pack_windows(corpus.store, documents, window, tokenizer)
        say(f"{len(packed):,} windows, {packed.fill:.0%} of {window} pieces full on average")
        return CorruptedText(packed, corruption, sampler, seed, tokenizer.unk_token_id)

    train = corrupted(corpus.train.tolist(), seed)
    if not len(corpus.held_out):
        why = (
            "[pretraining.corpus] held_out is 0"
            if settings.corpus.held_out == 0
            else "the text is a single document; empty lines separate documents in .txt files"
        )
        say(
            f"NOTE: nothing is held out ({why}): there is no held-out loss, and {BEST} is simply "
            "the last checkpoint"
        )
    # another seed: what is asked of held-out text is not what was asked in training
    held_out = corrupted(corpus.held_out.tolist(), seed + 1) if len(corpus.held_out) else None
    return train, held_out
