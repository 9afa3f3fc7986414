from pathlib import Path

import pytest

from spacy_spanbert.data.output_check import check_output
from spacy_spanbert.data.problems import CorpusError


@pytest.mark.parametrize("is_folder", [False, True])
def test_what_can_be_written_is_neither_made_nor_changed(tmp_path: Path, is_folder: bool) -> None:
    check_output(tmp_path / "new" / "out", is_folder=is_folder)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    check_output(tmp_path / ("folder" if is_folder else "file"), is_folder=is_folder)
    assert (tmp_path / "file").read_text() == "old"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]


def test_a_filled_folder_is_taken_only_if_it_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "out" / "inside").mkdir(parents=True)
    check_output(tmp_path / "out", is_folder=True, replace=True)
    with pytest.raises(CorpusError, match=r"out is not empty: name another"):
        check_output(tmp_path / "out", is_folder=True)


def test_what_counts_is_where_a_link_points(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file" / "out")
    with pytest.raises(CorpusError, match=r"file is a file, where a folder is needed"):
        check_output(tmp_path / "link")
