"""Read and write `.spacy` files (spaCy's DocBin), one file at a time in memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import srsly
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spacy_spanbert.data.files import open_bytes, write_whole_bytes, write_whole_folder
from spacy_spanbert.data.msgpack_hooks import look_once_for_msgpack_hooks
from spacy_spanbert.data.problems import CorpusError, Place, Problem


def read_docbin(path: Path, vocab: Vocab) -> Iterator[Doc]:
    """Read the Docs of a `.spacy` file, plain or `.gz`. Span groups come as they were written.

    path (Path): The file.
    vocab (Vocab): The vocabulary of the Docs.
    YIELDS (Doc): The Docs; nothing for a file without Docs.
    RAISES (CorpusError): If the file cannot be read or is damaged; names the file.
    """
    with open_bytes(path) as file:
        data = file.read()
    try:
        docs = DocBin().from_bytes(data).get_docs(vocab)
    except Exception as error:  # Whatever zlib, msgpack or numpy say about wrong bytes.
        raise _damaged(path, error) from error
    while True:
        try:
            doc = next(docs)
        except StopIteration:
            return
        except Exception as error:
            raise _damaged(path, error) from error
        yield doc


def _damaged(path: Path, error: Exception) -> CorpusError:
    reason = str(error) or type(error).__name__
    message = f"Expected a .spacy file (spaCy's DocBin), but it is damaged or none: {reason}"
    return CorpusError(Problem("damaged file", message, Place(str(path))))


@look_once_for_msgpack_hooks()
def write_docbin(docs: Iterable[Doc], path: Path) -> None:
    """Write Docs to one `.spacy` file, whole or not at all.

    The packed Docs are held in memory until the end, for that is how the format works; see
    `write_docbins` for large corpora.

    docs (Iterable[Doc]): The Docs; for none, a file without Docs is written.
    path (Path): The file.
    """
    doc_bin = DocBin(store_user_data=True)
    for doc in docs:
        _add(doc_bin, doc)
    _write(doc_bin, path)


@look_once_for_msgpack_hooks()
def write_docbins(
    docs: Iterable[Doc], path: Path, docs_per_file: int, *, replace: bool = False
) -> None:
    """Write Docs to a folder of `.spacy` files, whole or not at all.

    docs (Iterable[Doc]): The Docs; for none, the folder is empty.
    path (Path): The folder.
    docs_per_file (int): How many Docs to a file, at least 1.
    replace (bool): Whether a folder that is not empty may be replaced.
    RAISES (CorpusError): If `docs_per_file` is below 1, or the folder is not empty.
    """
    if docs_per_file < 1:
        raise CorpusError(f"docs_per_file is at least 1, not {docs_per_file}.")
    doc_bin = DocBin(store_user_data=True)
    n_files = 0
    with write_whole_folder(path, replace=replace) as folder:
        for doc in docs:
            _add(doc_bin, doc)
            if len(doc_bin) == docs_per_file:
                _write(doc_bin, folder / f"part-{n_files:05d}.spacy")
                doc_bin = DocBin(store_user_data=True)
                n_files += 1
        if len(doc_bin):
            _write(doc_bin, folder / f"part-{n_files:05d}.spacy")


def _add(doc_bin: DocBin, doc: Doc) -> None:
    user_data = doc.user_data
    try:
        doc.user_data = {key: value for key, value in user_data.items() if _can_pack(value)}
        doc_bin.add(doc)
    finally:
        doc.user_data = user_data


def _can_pack(value: Any) -> bool:
    """Tell what a DocBin can hold: not the activations that an encoder leaves on the Doc."""
    try:
        srsly.msgpack_dumps(value)
    except Exception:  # msgpack raises what it likes on foreign objects.
        return False
    return True


def _write(doc_bin: DocBin, path: Path) -> None:
    try:
        data = doc_bin.to_bytes()
    except ValueError as error:
        message = f"Too much for one .spacy file; write a folder with docs_per_file: {error}"
        raise CorpusError(Problem("file too large", message, Place(str(path)))) from error
    with write_whole_bytes(path) as file:
        file.write(data)
