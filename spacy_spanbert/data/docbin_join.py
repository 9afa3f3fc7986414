"""Join `.spacy` files into one, column by column, without holding them all in memory.

A `.spacy` file is a compressed msgpack map of columns over all its Docs. Each column of the
joined file is written from one pass over the parts, of which one is in memory at a time.
"""

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import srsly
from spacy.tokens import DocBin
from srsly.msgpack import Packer

from spacy_spanbert.data.files import open_bytes, write_whole_bytes
from spacy_spanbert.data.problems import CorpusError, Place, Problem

BYTE_COLUMNS = ("tokens", "spaces", "lengths")
LIST_COLUMNS = ("cats", "flags", "span_groups", "user_data")
MAX_LENGTH = 2**32 - 1  # Of a byte string or list in msgpack.


def join_docbins(parts: Sequence[Path], path: Path) -> None:
    """Join `.spacy` files into one, whole or not at all.

    parts (Sequence[Path]): The files, all written with `write_docbin`; may be none.
    path (Path): The file; the same as if all Docs had been written to it at once.
    RAISES (CorpusError): If they are too much for one file.
    """
    columns = DocBin(store_user_data=True)
    n_bytes = dict.fromkeys(BYTE_COLUMNS, 0)
    n_docs = 0
    strings: set[str] = set()
    for message in _messages(parts):
        for name in BYTE_COLUMNS:
            n_bytes[name] += len(message[name])
        n_docs += len(message["cats"])
        strings.update(message["strings"])
    if max(n_bytes.values()) > MAX_LENGTH or n_docs > MAX_LENGTH:
        text = "Too much for one .spacy file. Write a folder of them: leave out the suffix."
        raise CorpusError(Problem("file too large", text, Place(str(path))))
    pack = srsly.msgpack_dumps
    header = Packer()
    with write_whole_bytes(path) as file:
        out = _Compressed(file)
        out.write(header.pack_map_header(3 + len(BYTE_COLUMNS) + len(LIST_COLUMNS)))
        out.write(pack("version") + pack(columns.version) + pack("attrs") + pack(columns.attrs))
        for name in BYTE_COLUMNS:
            out.write(pack(name) + _bytes_header(n_bytes[name]))
            for message in _messages(parts):
                out.write(message[name])
        out.write(pack("strings") + pack(sorted(strings)))
        for name in LIST_COLUMNS:
            out.write(pack(name) + header.pack_array_header(n_docs))
            for message in _messages(parts):
                for item in message[name]:
                    out.write(pack(item))
        out.close()


def _bytes_header(n_bytes: int) -> bytes:
    """Make what stands in front of a byte string, as short as it can be."""
    code, form = next(
        (code, form)
        for code, form, limit in ((0xC4, "B", 2**8), (0xC5, "H", 2**16), (0xC6, "I", 2**32))
        if n_bytes < limit
    )
    return struct.pack(f">B{form}", code, n_bytes)


def _messages(parts: Sequence[Path]) -> Iterator[dict[str, Any]]:
    for part in parts:
        with open_bytes(part) as file:
            yield srsly.msgpack_loads(zlib.decompress(file.read()))


class _Compressed:
    """Compress what is written to a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._write: Callable[[bytes], int] = file.write
        self._compress = zlib.compressobj()

    def write(self, data: bytes) -> None:
        self._write(self._compress.compress(data))

    def close(self) -> None:
        self._write(self._compress.flush())
