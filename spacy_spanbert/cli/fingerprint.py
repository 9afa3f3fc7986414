"""`python -m spacy spanbert fingerprint`: whether an encoder is still the same."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option, echo

from spacy_spanbert.cli.app import app
from spacy_spanbert.cli.errors import clean_errors
from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.output_check import check_output


@app.command("fingerprint")
@clean_errors()
def fingerprint_cli(
    checkpoint: Annotated[
        str, Argument(help="Encoder: a folder, a Hugging Face name, or package:NAME/FOLDER")
    ],
    output: Annotated[Path | None, Option(help="Write it to this file, too")] = None,
) -> None:
    """Print a digest of an encoder's files: another one means that the encoder has changed.

    Projects cannot name an encoder among the files that a training depends on, since it may lie in
    a package or on the hub. They depend on the file that this command writes.
    """
    from spacy_spanbert.checkpoints.fingerprint import checkpoint_fingerprint

    if output is not None:
        check_output(output)
    digest = checkpoint_fingerprint(checkpoint)
    echo(digest)
    if output is not None:
        with write_whole(output) as file:
            file.write(f"{digest}\n")
