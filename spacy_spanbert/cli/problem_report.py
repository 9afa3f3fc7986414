"""The problems of a command: listed in a file if asked for, and printed in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from typer import echo
from wasabi import msg

from spacy_spanbert.data.files import write_whole
from spacy_spanbert.data.problems import OnError, Problems
from spacy_spanbert.errors import SpanbertError


@contextmanager
def listed_problems(listing: Path | None = None, on_error: str = "skip") -> Iterator[Problems]:
    """Make what problems are told to.

    listing (Path | None): File that lists all of them, a line each; written whole when the
        context ends; if by an error that the user can mend, only if there is something to list.
    on_error (str): "skip", or "stop" at the first.
    YIELDS (Problems): None so far.
    RAISES (SpanbertError): If `on_error` is something else.
    """
    problems = Problems(cast(OnError, on_error))
    if listing is None:
        yield problems
        return
    failure: SpanbertError | OSError | None = None
    with write_whole(listing) as file:
        problems.on_problem = lambda problem: print(problem, file=file)
        try:
            yield problems
        except (SpanbertError, OSError) as error:
            if not problems:  # an empty list would say that nothing is wrong
                raise
            failure = error  # raised when the file stands
    if failure is not None:
        raise failure


def print_problems(problems: Problems, remark: str = "") -> None:
    """Print problems by kind, with the first few of each; nothing if there are none.

    problems (Problems): What was wrong.
    remark (str): What to say behind their number.
    """
    if problems:
        msg.warn(f"{problems.count_text}{remark}:")
        for line in problems.summary():
            echo(f"  {line}")  # Not wrapped, so that it can be searched and copied.
