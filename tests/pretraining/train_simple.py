"""Pretrain on the simple text, in one process or in several.

`train_simple.py TOKENIZER RUN...`; a run is a FOLDER, or FOLDER=RANK: that process gets Ctrl-C in
its third step. With the same folder once more, it goes on. Says where each run stopped.
"""

import os
import signal
import sys
from pathlib import Path

from accelerate import Accelerator

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.pretraining.accelerator import USE_FSDP, end_processes, make_accelerator
from spacy_spanbert.pretraining.checkpoint import LAST, Progress, load_model, load_progress
from spacy_spanbert.pretraining.loop import Pretrainer
from tests.pretraining.simple import make_model, make_settings, make_text


def train(output: Path, tokenizer: Path, interrupted: int | None = None) -> Accelerator:
    settings = make_settings(
        output,
        {"steps": 6},
        step_pieces=100,
        evaluate_every=3,
        head_warmup_steps=2,
        # one window, which the second process has no part of
        evaluate_windows=1,
    )
    progress, model = load_progress(output / LAST), make_model()
    if progress is not None:
        load_model(output / LAST, model)
    trainer = Pretrainer(
        settings,
        model,
        load_tokenizer(tokenizer),
        make_text(seed=3),
        make_text(5, seed=9),
        make_accelerator(settings.training),
        progress or Progress(head_warmup_steps=settings.training.head_warmup_steps),
        lambda line: None,
    )
    if trainer.accelerator.process_index == interrupted:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
        step = trainer._step

        def interrupted_step(*arguments):
            if trainer.progress.step == 2:
                signal.raise_signal(signal.SIGINT)
            return step(*arguments)

        trainer._step = interrupted_step
    stopped = trainer.run().step
    if trainer.accelerator.is_main_process:
        print(f"{output.name} stopped after step {stopped}", flush=True)
    return trainer.accelerator


if __name__ == "__main__":
    tokenizer, *runs = sys.argv[1:]
    shard = os.environ.get(USE_FSDP)
    for run in runs:
        if shard is not None:
            os.environ[USE_FSDP] = shard  # it is taken out of the environment
        folder, _, rank = run.partition("=")
        Path(folder).mkdir(exist_ok=True)
        accelerator = train(Path(folder), Path(tokenizer), int(rank) if rank else None)
    end_processes(accelerator)
