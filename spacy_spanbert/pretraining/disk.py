"""Say which file could not be written, and what to do about it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spacy_spanbert.errors import SpanbertError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class WriteError(SpanbertError):
    """A file or folder of the run cannot be written."""


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Name the place in errors, which the system does not where a disk becomes full.

    place (Path): The file or folder that is written.
    RAISES (WriteError): On an OSError; names the place, the reason, and what to do.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        mending = "Make it writable"
        if error.errno in FULL:
            mending = "Make room on the disk (and look at quotas: df, quota, ulimit -f)"
        where = error.filename2 or error.filename or place
        raise WriteError(
            f"Cannot write {where}: {reason}. {mending}, and give the same command again: a run "
            "goes on from its last checkpoint, which is as it was."
        ) from error
