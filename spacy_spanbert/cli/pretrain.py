"""`python -m spacy spanbert pretrain`: pretrain an encoder on your own text."""

from pathlib import Path
from typing import Annotated

from spacy.cli._util import parse_config_overrides
from typer import Argument, Context
from wasabi import msg

from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.errors import SpanbertError

OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command("pretrain", context_settings=OVERRIDES)
@clean_errors()
def pretrain_cli(
    context: Context,
    config: Annotated[Path, Argument(help="Config, such as configs/pretrain_adapt.cfg")],
) -> None:
    """Pretrain an encoder, or go on with its pretraining, on raw text.

    Values of the config can be replaced: --pretraining.training.learn_rate 5e-5. The same command
    goes on with a run that was interrupted. With several processes or machines, put
    `accelerate launch -m` in the place of `python -m`.
    """
    from tqdm import tqdm

    from spacy_spanbert.data.problems import Problems
    from spacy_spanbert.data.raw_text import read_raw_texts
    from spacy_spanbert.pretraining.read_config import read_settings

    try:
        from accelerate import PartialState

        from spacy_spanbert.data.raw_corpus import open_raw_corpus
        from spacy_spanbert.pretraining.run import Text, run_pretraining
    except ModuleNotFoundError as error:
        raise SpanbertError(
            f"Pretraining needs the package {error.name}: pip install 'spacy-spanbert[pretrain]'"
        ) from error

    settings = read_settings(config, parse_config_overrides(context.args, env_var=None))
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
    if not PartialState().is_main_process:
        return
    if progress.total_steps is None:
        msg.warn(f"Stopped after step {progress.step:,}, before it was known how many there are")
    elif progress.step < progress.total_steps:
        msg.warn(f"Stopped after step {progress.step:,} of {progress.total_steps:,}")
    else:
        msg.good(f"{progress.step:,} steps")
