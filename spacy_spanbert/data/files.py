"""Read text files with teaching errors; write files and folders whole or not at all."""

import gzip
import io
import os
import secrets
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from spacy_spanbert.data.output_check import check_place_of_file, check_place_of_folder
from spacy_spanbert.data.problems import CorpusError, Place, Problem, Problems


def format_suffix(path: Path) -> str:
    """Tell the suffix that stands for the format of a file.

    path (Path): The file; it need not exist.
    RETURNS (str): The last suffix in lower case without `.gz`: ".jsonl" for `a.JSONL.gz`,
        "" for a name without any.
    """
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix


def list_files(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    """List the files of a folder and its subfolders, in sorted order; hidden ones are left out.

    folder (Path): Where to look.
    suffixes (Iterable[str]): What `format_suffix` may be, e.g. (".jsonl",), which takes
        `.jsonl.gz` too.
    RETURNS (list[Path]): The files; empty if there are none.
    """
    wanted = set(suffixes)
    return sorted(
        path
        for path in folder.rglob("*")
        if format_suffix(path) in wanted
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    )


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    r"""Open a UTF-8 file, plain or `.gz`; a byte order mark is left out.

    Lines end at "\n" only and nothing is translated, so character offsets hold.

    path (Path): The file.
    YIELDS (TextIO): The open file.
    RAISES (CorpusError): If it cannot be read, is damaged or is not UTF-8: names file and line.
    """
    try:
        with open_bytes(path) as binary:
            text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="\n")
            yield text
    except UnicodeDecodeError as error:
        for _ in read_lines(path, Problems("stop")):
            pass
        raise error  # Every line of the file is sound: it comes from somebody else's decoding.


def read_lines(path: Path, problems: Problems) -> Iterator[tuple[int, str]]:
    r"""Read the lines of a UTF-8 file, plain or `.gz`; a byte order mark is left out.

    path (Path): The file.
    problems (Problems): Told of each line that is not UTF-8; such lines are left out.
    YIELDS (tuple[int, str]): The number of the line, from 1, and the line without its "\n".
    RAISES (CorpusError): If the file cannot be read or is damaged.
    """
    with open_bytes(path) as binary:
        for number, raw in enumerate(binary, start=1):
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                message = (
                    f"Expected UTF-8, but byte {error.start + 1} of this line is "
                    f"0x{raw[error.start]:02x}. Save the file as UTF-8."
                )
                problems.add("not UTF-8", message, Place(str(path), line=number))
            else:
                yield number, line.removesuffix("\n")


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file, plain or `.gz`, for reading bytes.

    path (Path): The file.
    YIELDS (BinaryIO): The open file.
    RAISES (CorpusError): If it cannot be read or the compression is damaged: names the file.
    """
    is_compressed = path.name.lower().endswith(".gz")
    try:
        file = cast(BinaryIO, gzip.GzipFile(path)) if is_compressed else path.open("rb")
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        with file:
            yield file
    except (gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path, error) from error
    except EOFError as error:
        if not is_compressed:
            raise
        raise _damaged(path, error) from error


def _unreadable(path: Path, error: OSError) -> CorpusError:
    reason = error.strerror or str(error)
    return CorpusError(Problem("unreadable file", f"Cannot read it: {reason}.", Place(str(path))))


def _damaged(path: Path, error: Exception) -> CorpusError:
    message = f"Expected a whole gzip file, because of its name: {error}."
    return CorpusError(Problem("damaged file", message, Place(str(path))))


@contextmanager
def write_whole(path: Path) -> Iterator[TextIO]:
    r"""Write a UTF-8 text file (`.gz` is compressed) whole or not at all; see `write_whole_bytes`.

    path (Path): The file; missing folders above it are made.
    YIELDS (TextIO): Where to write; "\n" stays as it is.
    """
    with write_whole_bytes(path) as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8", newline="\n")
        try:
            yield text
        finally:
            text.detach()  # Writes what is still in its buffer.


@contextmanager
def write_whole_bytes(path: Path) -> Iterator[BinaryIO]:
    """Write a file (`.gz` is compressed) whole or not at all.

    What is written goes to a temporary file in the same folder, which takes the place of `path`
    at the end. After an exception there is no new file, and an old one is as it was.

    path (Path): The file; missing folders above it are made.
    YIELDS (BinaryIO): Where to write.
    RAISES (CorpusError): If `path` is a folder.
    """
    path = path.resolve()  # Through a link, what it points at is replaced, not the link.
    check_place_of_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part_of(path)
    try:
        with part.open("xb") as file:
            if path.name.lower().endswith(".gz"):
                # No name and no time inside: the same content gives the same file.
                with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as compressed:
                    yield cast(BinaryIO, compressed)
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def write_whole_folder(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Write a folder whole or not at all.

    path (Path): The folder; missing folders above it are made.
    replace (bool): Whether a folder that is there, and all that is in it, may be replaced.
        An empty one always may.
    YIELDS (Path): A temporary folder beside it, to write into.
    RAISES (CorpusError): If `path` is a file, or a folder that is not empty without `replace`.
    """
    path = path.resolve()
    check_place_of_folder(path, replace=replace)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part_of(path)
    part.mkdir()
    try:
        yield part
        old = _part_of(path)
        if path.is_dir():
            path.rename(old)
        try:
            part.rename(path)
        except BaseException:
            if old.is_dir():
                old.rename(path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _part_of(path: Path) -> Path:
    """Make up a hidden name in the same folder, so that renaming is one step."""
    return path.with_name(f".{secrets.token_hex(8)}.part")
