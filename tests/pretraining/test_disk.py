import errno
import os
from pathlib import Path

import pytest

from spacy_spanbert.pretraining.disk import WriteError, writing


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_with_the_place(number):
    message = rf"^Cannot write a/log: {os.strerror(number)}\. Make room .* from its last checkpoint"
    with pytest.raises(WriteError, match=message), writing(Path("a/log")):
        raise OSError(number, os.strerror(number))


def test_the_file_that_the_system_names_is_told(tmp_path):
    missing = tmp_path / "missing" / "file"
    message = f"{missing}: No such file or directory. Make it"
    with pytest.raises(WriteError, match=message), writing(tmp_path):
        missing.write_text("a")


def test_the_target_of_a_renaming_is_told_and_not_the_temporary_file(tmp_path):
    (tmp_path / "temporary").write_text("a")
    (tmp_path / "log").mkdir()
    message = f"Cannot write {tmp_path / 'log'}: Is a directory"
    with pytest.raises(WriteError, match=message), writing(tmp_path):
        (tmp_path / "temporary").replace(tmp_path / "log")


def test_other_errors_pass():
    with pytest.raises(KeyError), writing(Path("a")):
        raise KeyError
