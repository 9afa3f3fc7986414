"""The commands of `python -m spacy spanbert`: one file each, and one line here.

Every call of `python -m spacy` imports this package: nothing heavy or optional may be imported
here or at the top of a command's file.
"""

from spacy.cli._util import app as spacy_app

from spacy_spanbert.cli import (  # noqa: F401
    annotate,
    candidates,
    convert,
    coverage,
    evaluate,
    fill_mask,
    fingerprint,
    pretrain,
    report,
    tune_threshold,
    vectors,
)
from spacy_spanbert.cli.app import app

spacy_app.add_typer(app)

__all__ = ["app"]
