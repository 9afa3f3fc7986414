"""Devices, processes and precision of a run."""

import os
from collections.abc import Callable
from datetime import timedelta

import torch
from accelerate import Accelerator
from accelerate.utils import (
    DistributedDataParallelKwargs,
    GradientAccumulationPlugin,
    InitProcessGroupKwargs,
)

from spacy_spanbert.layers.precision import resolve_precision
from spacy_spanbert.pretraining.settings import TrainingSettings

# How long processes wait for the first one, which tokenizes the text.
TIMEOUT = timedelta(days=2)

USE_FSDP = "ACCELERATE_USE_FSDP"


def make_accelerator(settings: TrainingSettings) -> Accelerator:
    """Find out about devices and processes, as `accelerate launch` or `torchrun` started them.

    FSDP that is asked for in the environment becomes `settings.shard`, and the variable is taken
    out: with it, accelerate would divide the model in a way that does not suit this one, and
    transformers would load no weights in processes other than the first.

    settings (TrainingSettings): Of the config. It decides over precision and accumulation,
        whatever accelerate's environment variables say.
    RETURNS (Accelerator): Of this process.
    """
    if os.environ.pop(USE_FSDP, "false").lower() in ("1", "true"):
        settings.shard = True
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = resolve_precision(settings.precision, device)
    return Accelerator(
        cpu=device.type == "cpu",
        mixed_precision="bf16" if dtype == torch.bfloat16 else "no",
        # a step is divided by its number of targets, and by nothing else
        gradient_accumulation_plugin=GradientAccumulationPlugin(num_steps=1),
        kwargs_handlers=[
            DistributedDataParallelKwargs(),
            InitProcessGroupKwargs(timeout=TIMEOUT),
        ],
    )


def expect_frozen_encoder(accelerator: Accelerator, is_frozen_first: bool) -> None:
    """Tell data parallelism, before it gets the model, whether parameters rest for a while.

    Looking for those that do is an extra pass over the graph in each step of the run, and PyTorch
    warns when all turn out to learn.

    accelerator (Accelerator): From `make_accelerator`.
    is_frozen_first (bool): Whether the encoder has no gradient in the first steps of the run.
    """
    if accelerator.ddp_handler is not None:
        accelerator.ddp_handler.find_unused_parameters = is_frozen_first


def end_processes(accelerator: Accelerator) -> None:
    """Let the processes part, once all have come this far.

    Threads of a process group that is still there when Python ends can take the process down with
    them, with SIGABRT, after all work is done and saved.

    accelerator (Accelerator): Of this process; nothing can be exchanged with it any more.
    """
    accelerator.wait_for_everyone()
    accelerator.end_training()


def say_once(accelerator: Accelerator, say: Callable[[str], None]) -> Callable[[str], None]:
    """Let the first process alone speak.

    accelerator (Accelerator): Knows which process this is.
    say (Callable[[str], None]): Tells the user a line.
    RETURNS (Callable[[str], None]): The same in the first process; silent in others.
    """
    return say if accelerator.is_main_process else _say_nothing


def _say_nothing(line: str) -> None:
    """Processes other than the first one keep quiet."""
