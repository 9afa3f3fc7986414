"""The group of commands that each command's file adds itself to."""

import typer

HELP = """Nested spans on one shared BERT or SpanBERT encoder: corpora in, annotations out."""

app = typer.Typer(name="spanbert", help=HELP, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def spanbert() -> None:
    """Nested spans on one shared BERT or SpanBERT encoder: corpora in, annotations out."""
