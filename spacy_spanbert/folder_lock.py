"""Keep two runs from working on one folder."""

from pathlib import Path
from typing import IO

from spacy_spanbert.errors import SpanbertError

try:
    import fcntl
except ImportError:  # Windows: no lock there.
    fcntl = None  # type: ignore[assignment]


class FolderLockError(SpanbertError):
    """Another process works on the folder."""


class FolderLock:
    """A lock that the system lets go when the process ends, however it ends.

    folder (Path): The folder; it must exist when the lock is taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "FolderLock":
        """Take the lock.

        RAISES (FolderLockError): If another process has it.
        """
        if fcntl is None:
            return self
        file = (self._folder / "lock").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            message = f"{self._folder}: another run is at work on it. Wait for its end, or end it."
            raise FolderLockError(message) from None
        except OSError:  # some network file systems have no locks
            file.close()
            return self
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the lock; nothing happens if it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None
