import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from spacy_spanbert.folder_lock import FolderLock, FolderLockError

pytest.importorskip("fcntl", reason="there is no lock on this system")

HOLD = """
import sys
from pathlib import Path
from typing import IO
from spacy_spanbert.folder_lock import FolderLock
with FolderLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_keeps_others_out_until_its_process_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            with pytest.raises(FolderLockError, match="another run is at work on it"):
                FolderLock(tmp_path).__enter__()
        finally:
            process.kill()
    with FolderLock(tmp_path):
        pass


def test_a_lock_can_be_left_twice_and_taken_again(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    for _ in range(2):
        lock.__enter__()
        with pytest.raises(FolderLockError, match="another run is at work on it"):
            FolderLock(tmp_path).__enter__()
        lock.__exit__()
        lock.__exit__()
        with FolderLock(tmp_path) as other:
            assert other is not lock


def test_a_file_system_without_locks_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def refuse(file: IO[bytes], *_: object) -> None:
        asked.append(file.fileno())
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr("spacy_spanbert.folder_lock.fcntl.flock", refuse)
        with FolderLock(tmp_path) as one, FolderLock(tmp_path) as other:
            assert one is not other
            assert len(asked) == 2
            # nothing is held, and no file is left open
            for descriptor in asked:
                with pytest.raises(OSError, match="Bad file descriptor"):
                    os.fstat(descriptor)
    with FolderLock(tmp_path), pytest.raises(FolderLockError):
        FolderLock(tmp_path).__enter__()
