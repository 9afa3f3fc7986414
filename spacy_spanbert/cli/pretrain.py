"""`python -m spacy spanbert pretrain`: pretrain an encoder on your own text."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from click import NoSuchOption
from spacy.cli._util import parse_config_overrides
from typer import Argument, Context, Exit, Option
from wasabi import msg

from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.errors import SpanbertError

OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}
# Needed at the very end, or deep inside: better to know at the start.
PACKAGES = ("tensorboard", "matplotlib")
# What a shell makes of a command that Ctrl-C ended; `spacy project` does not take it for done.
STOPPED = 130


@app.command("pretrain", context_settings=OVERRIDES)
@clean_errors()
def pretrain_cli(
    context: Context,
    config: Annotated[Path, Argument(help="Config, such as configs/pretrain_adapt.cfg")],
    errors: Annotated[
        str | None,
        Option(
            help="Bytes that are not UTF-8: raise an error, or replace them; short for "
            "--pretraining.corpus.errors"
        ),
    ] = None,
) -> None:
    """Pretrain an encoder, or go on with its pretraining, on raw text.

    Values of the config can be replaced: --pretraining.training.learn_rate 5e-5. The same command
    goes on with a run that was interrupted. With several processes or machines, put
    `accelerate launch -m` in the place of `python -m`. Ctrl-C saves, stops, and gives the exit code
    130.
    """
    from tqdm import tqdm

    from spacy_spanbert.data.problems import Problems
    from spacy_spanbert.data.raw_text import read_raw_texts
    from spacy_spanbert.pretraining.read_config import read_settings

    try:
        _check_packages()
        from accelerate import PartialState

        from spacy_spanbert.data.raw_corpus import open_raw_corpus
        from spacy_spanbert.pretraining.run import Text, run_pretraining
    except ModuleNotFoundError as error:
        raise SpanbertError(
            f"Pretraining needs the package {error.name}: pip install 'spacy-spanbert[pretrain]'"
        ) from error

    overrides = _read_overrides(context.args)
    if errors is not None:
        overrides["pretraining.corpus.errors"] = errors
    settings = read_settings(config, overrides)
    corpus, seed = settings.corpus, settings.training.seed
    problems = Problems()
    text = Text(
        read=lambda: read_raw_texts(corpus.text, corpus.errors),
        open=lambda tokenizer, cache, known: open_raw_corpus(
            corpus.text,
            tokenizer,
            cache,
            lang=corpus.lang,
            held_out=corpus.held_out,
            seed=seed,
            errors=corpus.errors,
            n_process=corpus.n_process,
            known=known,
            problems=problems,
        ),
    )
    progress = run_pretraining(settings, text, tqdm.write)
    for kind, count in sorted(problems.counts.items()):
        msg.warn(f"{kind}: {count:,}")
    is_stopped = progress.total_steps is None or progress.step < progress.total_steps
    if PartialState().is_main_process:
        _say_how_far(progress.step, progress.total_steps)
    if is_stopped:
        raise Exit(STOPPED)


def _check_packages() -> None:
    for name in PACKAGES:
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _read_overrides(words: list[str]) -> dict[str, Any]:
    try:
        return parse_config_overrides(words, env_var=None)
    except NoSuchOption as error:
        raise SpanbertError(
            f"There is no option {error.option_name}. A value of the config is replaced by its "
            "full name, with sections: --pretraining.training.learn_rate 5e-5."
        ) from error


def _say_how_far(step: int, total_steps: int | None) -> None:
    again = "the same command goes on"
    if total_steps is None:
        msg.warn(f"Stopped after step {step:,}, before it was known how many there are; {again}")
    elif step < total_steps:
        msg.warn(f"Stopped after step {step:,} of {total_steps:,}; {again}")
    else:
        msg.good(f"{step:,} steps")
