"""Keep two runs from working on one folder."""

from pathlib import Path
from typing import IO

from spacy_spanbert.data.problems import CorpusError

try:
    import fcntl
except ImportError:  # Windows: no lock there.
    fcntl = None  # type: ignore[assignment]


class FolderLock:
    """A lock that the system lets go when the process ends, however it ends.

    folder (Path): The folder; it must exist when the lock is taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None

    def __enter__(self) -> "FolderLock":
        """Take the lock.

        RAISES (CorpusError): If another process has it.
        """
        if fcntl is None:
            return self
        file = (self._folder / "lock").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            message = f"{self._folder}: another run is at work on it. Wait for its end, or end it."
            raise CorpusError(message) from None
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the lock; nothing happens if it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None
