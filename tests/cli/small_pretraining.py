"""`python -m spacy spanbert pretrain` on a little text: seconds, most of them to start."""

from pathlib import Path
from typing import Any

from click.testing import Result
from thinc.api import Config
from typer.testing import CliRunner

from spacy_spanbert.cli import app
from tests.tiny_encoder import read_texts

CONFIG = str(Path(__file__).parents[2] / "configs" / "pretrain_adapt.cfg")
STEPS = 6
SMALL = {  # what makes it seconds
    "budget.minutes": "null",
    "budget.steps": STEPS,
    "packing.window": 32,
    "corpus.n_process": 1,
    "corpus.held_out": 0.2,
    "training.step_pieces": 256,
    "training.evaluate_every": 3,
    "training.warmup_steps": 2,
    "training.head_warmup_steps": 1,
    "training.log_every": 1,
}


def write_small_text(path: Path) -> Path:
    texts = read_texts(200)
    documents = [" ".join(texts[start : start + 20]) for start in range(0, 200, 20)]
    path.write_text("\n\n".join(documents), encoding="utf8")
    return path


def write_small_config(path: Path) -> Path:
    config = Config().from_disk(CONFIG, interpolate=False)
    for name, value in SMALL.items():
        section, key = name.split(".")
        config["pretraining"][section][key] = None if value == "null" else value
    config.to_disk(path)
    return path


def pretrain_words(text: Path, output: Path, checkpoint: Path, **values: Any) -> list[str]:
    """List the words of the command behind `spanbert`; `values` replace those of the config."""
    values = {**SMALL, **values}
    words = ["pretrain", CONFIG, "--paths.text", str(text), "--paths.output", str(output)]
    words += ["--paths.encoder", str(checkpoint)]
    for name, value in values.items():
        words += [f"--pretraining.{name}", str(value)]
    return words


def run_pretrain(text: Path, output: Path, checkpoint: Path, **values: Any) -> Result:
    return CliRunner().invoke(app, pretrain_words(text, output, checkpoint, **values))
