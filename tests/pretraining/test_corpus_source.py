import os
from pathlib import Path

import pytest

from spacy_spanbert.pretraining.corpus_source import (
    CorpusChangedError,
    CorpusSource,
    check_unchanged,
    describe_source,
)

SETTINGS = {"lang": "en", "held_out": 0.1}


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"text of {name}")
    return [tmp_path / "a.txt", tmp_path / "b.txt"]


def describe(files: list[Path], **changes) -> CorpusSource:
    return describe_source(files, "tokenizer", {**SETTINGS, **changes})


def test_what_is_stored_is_read_again(files: list[Path]):
    source = describe(files)
    assert CorpusSource.from_json(source.to_json()) == source
    assert len(source.fingerprint) == 32


def test_files_that_were_touched_or_moved_are_the_same(files: list[Path], tmp_path: Path):
    before = describe(files)
    os.utime(files[0], ns=(1, 1))
    moved = files[1].rename(tmp_path / "c.txt")
    check_unchanged(before, describe([files[0], moved]))
    assert before.fingerprint == describe([files[0], moved]).fingerprint


def test_files_of_known_size_and_time_are_not_read_again(files: list[Path]):
    known = describe(files)
    state = files[0].stat()
    files[0].write_text("text of A.txt")
    os.utime(files[0], ns=(state.st_atime_ns, state.st_mtime_ns))
    assert describe_source(files, "tokenizer", SETTINGS, known) == known
    os.utime(files[0], ns=(1, 1))
    assert describe_source(files, "tokenizer", SETTINGS, known) != known


def test_an_edited_file_is_named(files: list[Path]):
    before = describe(files)
    files[1].write_text("another text of b.txt")
    with pytest.raises(CorpusChangedError) as error:
        check_unchanged(before, describe(files))
    assert f"{files[1]} was changed (13 bytes then, 21 now)" in str(error.value)
    assert str(files[0]) not in str(error.value)
    assert "begin a new run" in str(error.value)


def test_files_that_came_and_went_are_named(files: list[Path], tmp_path: Path):
    before = describe(files)
    (tmp_path / "c.txt").write_text("new")
    with pytest.raises(CorpusChangedError, match=r"b.txt is missing; .*c.txt is new"):
        check_unchanged(before, describe([files[0], tmp_path / "c.txt"]))


def test_another_order_is_told(files: list[Path]):
    with pytest.raises(CorpusChangedError, match="another order"):
        check_unchanged(describe(files), describe(files[::-1]))


def test_a_run_of_an_earlier_version_is_refused(files: list[Path]):
    stored = describe(files).to_json()
    del stored["form"]
    earlier = CorpusSource.from_json(stored)
    assert earlier.fingerprint != describe(files).fingerprint
    with pytest.raises(CorpusChangedError, match=r"made by another version .* begin a new run in"):
        check_unchanged(earlier, describe(files))


def test_changed_settings_and_tokenizers_are_named(files: list[Path]):
    now = describe_source(files, "other", {**SETTINGS, "lang": "de"})
    with pytest.raises(CorpusChangedError, match=r"is another; lang was 'en' and is 'de'"):
        check_unchanged(describe(files), now)


def test_a_removed_file_is_named(files: list[Path]):
    files[0].unlink()
    with pytest.raises(CorpusChangedError, match=r"a.txt: this file .* not there"):
        describe(files)
