"""`python -m spacy spanbert evaluate`: scores, read as the pipeline's own config reads."""

import json
from pathlib import Path
from typing import Annotated, Any

from typer import Option
from wasabi import msg

from spacy_spanbert.cli import options
from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.corpus import read_examples
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.cli.missing_gold import warn_of_missing_gold
from spacy_spanbert.cli.pipelines import load_pipeline
from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.output_check import check_output


@app.command("evaluate")
@clean_errors()
def evaluate_cli(
    model: options.Model,
    corpus: options.Gold,
    output: Annotated[Path | None, Option("--output", "-o", help="JSON file to write")] = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
) -> None:
    """Score a trained pipeline on a corpus, with the corpus reader of its own config.

    spaCy's `evaluate` uses its own reader, which drops what makes two texts a pair.
    """
    if output is not None:
        check_output(output)
    scores = evaluate(model, corpus, code=code, gpu_id=gpu_id)
    rows = [
        (name, f"{value:,.0f}" if isinstance(value, int) or name == "speed" else f"{value:.4f}")
        for name, value in scores.items()
        if isinstance(value, int | float)
    ]
    msg.table(rows, aligns=("l", "r"))
    if output is not None:
        with write_whole(output) as file:
            file.write(json.dumps(scores, indent=2) + "\n")
        msg.good(f"Wrote {output}")


def evaluate(
    model: str, corpus: Path, *, code: Path | None = None, gpu_id: int = -1
) -> dict[str, Any]:
    """Score a trained pipeline, and warn of components for which the corpus has no gold.

    model (str): A folder, or the name of an installed package.
    corpus (Path): See read_examples.
    code (Path | None): Python file with functions that the pipeline needs.
    gpu_id (int): GPU, or -1 for the processor.
    RETURNS (dict[str, Any]): All scores of `nlp.evaluate`, and of pairs `pairs_cut`, how many
        were longer than the encoder's window; JSON values.
    RAISES (SpanbertError): If pipeline or corpus cannot be read.
    """
    from thinc.api import fix_random_seed

    fix_random_seed()
    nlp = load_pipeline(model, code, gpu_id)
    examples = read_examples(nlp, corpus)
    warn_of_missing_gold(nlp, examples)
    scores: dict[str, Any] = nlp.evaluate(examples)
    return {name: value for name, value in scores.items() if value is not None}
