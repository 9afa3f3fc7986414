"""Training that diverged is noticed before its weights are saved."""

import json
import math

import torch
from accelerate import Accelerator
from torch.distributed.tensor import DTensor

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.checkpoint import BEST, LAST, load_progress
from spacy_spanbert.pretraining.settings import PretrainSettings


class PretrainingError(SpanbertError):
    """Pretraining cannot go on; the message says why and what to do."""


def check_gradient(norm: torch.Tensor | None, step: int, settings: PretrainSettings) -> None:
    """Refuse a gradient that is not a number; all processes must call this together.

    norm (Tensor | None): Of the whole gradient; None if it is not known.
    step (int): Steps that are done.
    settings (PretrainSettings): The config.
    RAISES (PretrainingError): If it is infinite or no number; says how to begin again.
    """
    # of a divided model, each process has a part of the norm
    norm = norm.full_tensor() if isinstance(norm, DTensor) else norm
    if norm is None or torch.isfinite(norm):
        return
    raise PretrainingError(
        f"The gradient of step {step} is not a number (loss too large, or text that the encoder "
        f"cannot take). {_advice(settings)}"
    )


def check_weights(
    model: torch.nn.Module, accelerator: Accelerator, step: int, settings: PretrainSettings
) -> None:
    """Refuse weights that are not numbers; all processes must call this together.

    A finite gradient can leave such weights: at a learning rate that is far too high.

    model (Module): As the accelerator prepared it, or divided.
    accelerator (Accelerator): Knows the processes.
    step (int): Steps that are done.
    settings (PretrainSettings): The config.
    RAISES (PretrainingError): If some are infinite or no numbers, in all processes; says how to
        begin again.
    """
    broken = [name for name, weights in model.named_parameters() if not _is_finite(weights)]
    # of a divided model, each process sees a part of each tensor
    n_broken = torch.tensor([len(broken)], device=accelerator.device)
    if not accelerator.reduce(n_broken, "sum").item():
        return
    where = f" ({broken[0]} is the first of them)" if broken else ""
    if step == 0:
        raise PretrainingError(
            f"Before the first step, some weights are not numbers{where}: the checkpoint to start "
            f"from, {settings.encoder.checkpoint}, is damaged. Nothing was saved. Name another "
            "under [pretraining.encoder] checkpoint."
        )
    raise PretrainingError(
        f"Some weights are not numbers after step {step}{where}. {_saved(settings)}"
    )


def check_held_out_loss(loss: float, step: int, settings: PretrainSettings) -> None:
    """Refuse a held-out loss that is not a number.

    loss (float): In nats, the same in all processes.
    step (int): Steps that are done.
    settings (PretrainSettings): The config.
    RAISES (PretrainingError): If it is infinite or no number; says how to begin again.
    """
    if math.isfinite(loss):
        return
    if step == 0:
        raise PretrainingError(
            "The held-out loss before the first step is not a number, though the weights are "
            f"(the checkpoint to start from, {settings.encoder.checkpoint}, gives too large "
            "values). Nothing was saved. Name another under [pretraining.encoder] checkpoint, or "
            'set [pretraining.training] precision = "float32".'
        )
    raise PretrainingError(
        f"The held-out loss after step {step} is not a number: the weights are too large. "
        f"{_saved(settings)}"
    )


def _is_finite(weights: torch.Tensor) -> bool:
    part = weights.to_local() if isinstance(weights, DTensor) else weights
    return bool(torch.isfinite(part).all())


def _saved(settings: PretrainSettings) -> str:
    return f"They were not saved. {_advice(settings)}"


def _advice(settings: PretrainSettings) -> str:
    training = settings.training
    return (
        f"The weights of the last evaluation are in {settings.output / LAST}. "
        f"Lower [pretraining.training] learn_rate ({training.learn_rate:g}), raise "
        f'warmup_steps ({training.warmup_steps}), or set precision = "float32", '
        f"in another output folder: this one goes on with its own settings only{_best(settings)}."
    )


def _best(settings: PretrainSettings) -> str:
    """Tell how to begin with what was learned, if anything was."""
    best = settings.output / BEST
    progress = load_progress(best)
    if progress is None or progress.step == 0:
        return ""
    replaced = (
        ", in place of [pretraining.encoder.size] and of [pretraining.vocabulary] train"
        if settings.encoder.size is not None
        else ""
    )
    return (
        f". To keep what it learned in {progress.step:,} steps, set [pretraining.encoder] "
        f"checkpoint = {json.dumps(str(best))} there{replaced}"
    )
