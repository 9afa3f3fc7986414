"""Whether an output can be written, asked before the work whose result it is to hold."""

from pathlib import Path
from tempfile import TemporaryFile

from spacy_spanbert.data.problems import CorpusError


def check_output(path: Path, *, is_folder: bool = False, replace: bool = False) -> None:
    """Make sure that a file or folder can be written; nothing is written, and no folder is made.

    path (Path): The output; it need not exist, nor the folders above it.
    is_folder (bool): Whether it is to be a folder.
    replace (bool): Whether a folder that is there, and all that is in it, may be replaced.
    RAISES (CorpusError): If something else is there, or a folder that is not empty without
        `replace`; or if nothing can be written where it is to be.
    """
    path = path.resolve()  # Through a link, what it points at is replaced, not the link.
    if is_folder:
        check_place_of_folder(path, replace=replace)
    else:
        check_place_of_file(path)
    folder = path.parent
    try:
        while not folder.exists():
            folder = folder.parent
        is_file = not folder.is_dir()
        if not is_file:
            with TemporaryFile(dir=folder, prefix=".", suffix=".part"):
                pass
    except OSError as error:
        raise CorpusError(
            f"{path} cannot be written: there can be no file in {folder} "
            f"({error.strerror or error}). Name another place."
        ) from error
    if is_file:
        raise CorpusError(f"{folder} is a file, where a folder is needed: name another place.")


def check_place_of_file(path: Path) -> None:
    """Refuse to write a file where a folder is.

    path (Path): The file; it need not exist.
    RAISES (CorpusError): If it is a folder.
    """
    if path.is_dir():
        raise CorpusError(f"{path} is a folder: name a file to write.")


def check_place_of_folder(path: Path, *, replace: bool = False) -> None:
    """Refuse to write a folder where a file is, or what is not to be lost.

    path (Path): The folder; it need not exist.
    replace (bool): Whether a folder that is there, and all that is in it, may be replaced.
        An empty one always may.
    RAISES (CorpusError): If it is a file, or a folder that is not empty without `replace`.
    """
    if path.exists() and not path.is_dir():
        raise CorpusError(f"{path} is a file: name a folder to write.")
    if path.is_dir() and not replace and any(path.iterdir()):
        raise CorpusError(
            f"The folder {path} is not empty: name another, or allow to overwrite it."
        )
