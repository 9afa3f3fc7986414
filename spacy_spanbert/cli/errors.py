"""Tell the user of a command what is wrong, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wasabi import msg

from spacy_spanbert.errors import SpanbertError


@contextmanager
def clean_errors() -> Iterator[None]:
    """Turn errors that the user can mend into one line and exit code 1.

    Use it as a decorator, between `app.command` and the function. Other errors are faults of the
    program, and keep their traceback.

    RAISES (SystemExit): On a SpanbertError, or an OSError such as a full disk.
    """
    try:
        yield
    except SpanbertError as error:
        msg.fail(" ".join(str(error).splitlines()), exits=1)
    except (FileExistsError, NotADirectoryError) as error:
        msg.fail(_describe_file_in_the_way(error), exits=1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        msg.fail(f"{where}{error.strerror or error}", exits=1)


def _describe_file_in_the_way(error: OSError) -> str:
    path = Path(str(error.filename or ""))
    for place in (path, *path.parents):
        if place.is_file():
            return f"{place} is a file, where a folder is needed: name another place."
    return f"{path}: {error.strerror or error}"
