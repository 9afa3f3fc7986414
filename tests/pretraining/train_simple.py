"""Pretrain on the simple text, in one process or in several.

`train_simple.py FOLDER TOKENIZER [RANK]`; that process gets Ctrl-C in its third step. Started once
more, it goes on.
"""

import signal
import sys
from pathlib import Path

from spacy_spanbert.checkpoints.load import load_tokenizer
from spacy_spanbert.pretraining.accelerator import end_processes, make_accelerator
from spacy_spanbert.pretraining.checkpoint import LAST, Progress, load_model, load_progress
from spacy_spanbert.pretraining.loop import Pretrainer
from tests.pretraining.simple import make_model, make_settings, make_text


def train(output: Path, tokenizer: Path, interrupted: int | None = None) -> None:
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
        step = trainer._step

        def interrupted_step(*arguments):
            if trainer.progress.step == 2:
                signal.raise_signal(signal.SIGINT)
            return step(*arguments)

        trainer._step = interrupted_step
    trainer.run()
    end_processes(trainer.accelerator)


if __name__ == "__main__":
    train(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
