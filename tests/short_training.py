"""`spacy train` with a shipped config, on a tiny encoder, for some seconds."""

from pathlib import Path
from typing import Any


def short_training(corpus: Path, checkpoint: Path, n_steps: int = 60) -> dict[str, Any]:
    """Make overrides with which a tiny encoder learns a few examples by heart.

    corpus (Path): A `.spacy` file, to train on and to score.
    checkpoint (Path): The encoder.
    n_steps (int): Steps of training.
    RETURNS (dict[str, Any]): Values by their names in the config.
    """
    return {
        "paths.train": str(corpus),
        "paths.dev": str(corpus),
        "paths.encoder": str(checkpoint),
        "components.spanbert.lr_scale": 1.0,
        "components.spanbert.model.precision": "float32",
        "training.max_steps": n_steps,
        "training.eval_frequency": n_steps // 3,
        "training.accumulate_gradient": 2,
        "training.optimizer.learn_rate.initial_rate": 0.01,
        "training.optimizer.learn_rate.warmup_steps": 5,
        "training.optimizer.learn_rate.total_steps": n_steps,
    }
