"""`python -m spacy spanbert fill-mask`: what a pretrained encoder expects at a mask."""

from typing import Annotated

from typer import Argument, Option, echo
from wasabi import table

from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors


@app.command("fill-mask")
@clean_errors()
def fill_mask_cli(
    checkpoint: Annotated[
        str,
        Argument(
            help="What `pretrain` wrote, such as pretrained/checkpoint-best, or a published "
            "checkpoint with its heads: a folder, package:NAME/FOLDER or a Hugging Face name"
        ),
    ],
    text: Annotated[str, Argument(help="Text with [MASK] one or more times")],
    boundary: Annotated[
        bool,
        Option("--boundary", help="Ask the span boundary objective: it sees only the borders"),
    ] = False,
    top: Annotated[int, Option(min=1, help="Candidates for each mask")] = 5,
) -> None:
    """Predict the pieces at the masks of a text, each with its probability."""
    from spacy_spanbert.pretraining.fill import fill_masks, load_for_filling

    loaded, model = load_for_filling(checkpoint, "sbo" if boundary else "mlm")
    guesses = fill_masks(loaded, model, text, boundary=boundary, n_best=top)
    rows = [
        (f"mask {number}" if rank == 0 else "", guess.piece, f"{guess.probability:.1%}")
        for number, best in enumerate(guesses, start=1)
        for rank, guess in enumerate(best)
    ]
    echo(table(rows, header=("", "piece", "probability"), divider=True, aligns=("l", "l", "r")))
