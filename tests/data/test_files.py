import gzip
import stat
from pathlib import Path

import pytest

from spacy_spanbert.data.files import (
    format_suffix,
    list_files,
    open_text,
    read_lines,
    write_whole,
    write_whole_bytes,
    write_whole_folder,
)
from spacy_spanbert.data.problems import CorpusError, Problems


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.jsonl", ".jsonl"), ("a.b.JSONL.GZ", ".jsonl"), ("a", ""), (".gz", ""), ("a.gz", "")],
)
def test_the_format_suffix_ignores_case_and_compression(name: str, suffix: str) -> None:
    assert format_suffix(Path(name)) == suffix


def test_listing_is_sorted_and_recursive_and_leaves_out_hidden_files(tmp_path: Path) -> None:
    names = ["b.jsonl", "a.jsonl.gz", "sub/c.jsonl", "a.txt", ".x.jsonl", ".h/d.jsonl", "d.json"]
    for name in names:
        write(tmp_path / name, b"")
    (tmp_path / "folder.jsonl").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in list_files(tmp_path, [".jsonl"])]
    assert found == ["a.jsonl.gz", "b.jsonl", "sub/c.jsonl"]


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_text_is_read_as_it_is_but_for_a_byte_order_mark(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, "\ufeffä\r\nb\rc\u2028d\n\ufeffe".encode())
    with open_text(path) as file:
        assert file.read() == "ä\r\nb\rc\u2028d\n\ufeffe"
    lines = list(read_lines(path, Problems("stop")))
    assert lines == [(1, "ä\r"), (2, "b\rc\u2028d"), (3, "\ufeffe")]


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_what_is_not_utf8_is_named_by_file_and_line(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, b"good\n" * 5000 + b"b\xe4d\n" + b"good\n" * 5000)
    message = rf"{name}:5001: .*byte 2 .*0xe4"
    with pytest.raises(CorpusError, match=message), open_text(path) as file:
        file.read()
    problems = Problems()
    assert len(list(read_lines(path, problems))) == 10_000
    assert problems.counts == {"not UTF-8": 1}


def test_a_decoding_error_of_somebody_else_is_passed_on(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", b"fine")
    with pytest.raises(UnicodeDecodeError), open_text(path):
        b"\xff".decode("utf-8")


# ids: gzip writes the time into its data, and test processes must agree on names
@pytest.mark.parametrize(
    "damage", [b"no gzip", gzip.compress(b"word " * 10_000)[:-40]], ids=["no gzip", "cut"]
)
def test_damaged_compression_is_named(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(damage)
    with pytest.raises(CorpusError, match=r"a\.txt\.gz: .*gzip"), open_text(path) as file:
        file.read()
    with pytest.raises(CorpusError, match=r"a\.txt\.gz: .*gzip"):
        list(read_lines(path, Problems()))


@pytest.mark.parametrize("name", ["missing.txt", "missing.txt.gz"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(CorpusError, match=rf"{name}: Cannot read it: No such file"):
        list(read_lines(tmp_path / name, Problems()))


def test_text_is_written_as_it_is_and_compressed_if_named_so(tmp_path: Path) -> None:
    for name in ("new/a.txt", "new/a.txt.gz"):
        with write_whole(tmp_path / name) as file:
            file.write("ä\r\nb\n")
    assert (tmp_path / "new/a.txt").read_bytes() == "ä\r\nb\n".encode()
    assert gzip.decompress((tmp_path / "new/a.txt.gz").read_bytes()) == "ä\r\nb\n".encode()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.txt", "a.txt.gz"]


def test_compressing_the_same_text_twice_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with write_whole(tmp_path / name) as file:
            file.write("same")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_after_an_exception_the_old_file_is_there_and_no_other(
    tmp_path: Path, name: str, error: type[BaseException]
) -> None:
    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(error), write_whole(tmp_path / name) as file:
        file.write("new" * 100_000)
        raise error
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"old"


def test_nothing_is_at_the_place_before_the_end(tmp_path: Path) -> None:
    with write_whole_bytes(tmp_path / "a.bin") as file:
        file.write(b"half")
        file.flush()
        assert not (tmp_path / "a.bin").exists()
        assert list_files(tmp_path, [".bin", ".part", ""]) == []
    assert (tmp_path / "a.bin").read_bytes() == b"half"


def test_a_written_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    with write_whole_bytes(tmp_path / "a"):
        pass
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "a")}
    assert len(modes) == 1


def test_writing_through_a_link_keeps_the_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with write_whole(tmp_path / "link") as file:
        file.write("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_folder_is_no_file_and_a_file_no_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(CorpusError, match="is a folder"), write_whole(tmp_path / "folder"):
        pass
    with pytest.raises(CorpusError, match="is a file"), write_whole_folder(tmp_path / "file"):
        pass


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new/deep"):
        with write_whole_folder(tmp_path / name) as folder:
            (folder / "a").write_text("1")
            assert not (tmp_path / name / "a").exists()
        assert (tmp_path / name / "a").read_text() == "1"
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "new"}


def test_after_an_exception_the_old_folder_is_there_and_no_other(tmp_path: Path) -> None:
    write(tmp_path / "out" / "old", b"1")
    with pytest.raises(RuntimeError), write_whole_folder(tmp_path / "out", replace=True) as folder:
        (folder / "new").write_text("2")
        raise RuntimeError
    assert [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*"))] == [
        "out",
        "out/old",
    ]


def test_a_folder_with_files_is_replaced_only_if_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "out" / "old", b"1")
    with pytest.raises(CorpusError, match="not empty"), write_whole_folder(tmp_path / "out"):
        pass
    with write_whole_folder(tmp_path / "out", replace=True) as folder:
        (folder / "new").write_text("2")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
