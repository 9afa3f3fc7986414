"""Files of vectors with the text they stand for: safetensors, npz, parquet."""

import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy

from spacy_spanbert.data.files import write_whole_bytes
from spacy_spanbert.data.problems import CorpusError

SUFFIXES = (".safetensors", ".npz", ".parquet")
# Parquet: the fewest, but for the last group; what a file tells of each group stays in memory.
ROW_GROUP_ROWS = 4096
COLUMNS = {"doc": "int64", "start": "int64", "end": "int64", "text": "str", "context": "str"}


@dataclass(frozen=True)
class VectorBlock:
    """Some rows of a file of vectors.

    columns (dict[str, list]): doc: number of the document among those that were read, from 0;
        start, end: in characters, end exclusive; text: what stands there; context: with what is
        around it.
    vectors (NDArray): Shape (n_rows, width).
    """

    columns: dict[str, list[Any]]
    vectors: np.ndarray


@dataclass(frozen=True)
class VectorTable:
    """A whole file of vectors, as VectorBlock has it, and how the vectors were made."""

    columns: dict[str, list[Any]]
    vectors: np.ndarray
    about: dict[str, Any]


def check_suffix(path: Path) -> None:
    """Refuse a file whose format is not known, or for whose format a package is missing.

    path (Path): The file to be written or read.
    RAISES (CorpusError): Saying what there is.
    """
    if path.suffix not in SUFFIXES:
        raise CorpusError(f"{path}: expected one of {' '.join(SUFFIXES)} for a file of vectors.")
    if path.suffix == ".parquet":
        _pyarrow(path)


def write_vectors(
    blocks: Iterable[VectorBlock], path: Path, dtype: str, about: dict[str, Any]
) -> int:
    """Write vectors whole or not at all. No more than a block is held; of parquet, a row group.

    blocks (Iterable[VectorBlock]): The rows, in order.
    path (Path): The file; its suffix tells the format.
    dtype (str): "float32" or "float16".
    about (dict[str, Any]): How the vectors were made, in JSON values.
    RETURNS (int): How many rows there are.
    RAISES (CorpusError): If there are none, or the format is not known.
    """
    check_suffix(path)
    with ExitStack() as stack:
        file = stack.enter_context(write_whole_bytes(path))
        if path.suffix == ".parquet":
            n_rows = _write_parquet(blocks, file, dtype, about, path)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=path.parent)))
            arrays = _spool(blocks, folder, dtype)
            n_rows = len(arrays.get("doc", ()))
            if n_rows:
                write = _write_npz if path.suffix == ".npz" else _write_safetensors
                write(arrays, file, about)
        if not n_rows:
            raise CorpusError(f"There is nothing to write to {path}: no text gave any vector.")
    return n_rows


def read_vectors(path: Path) -> VectorTable:
    """Read a file of vectors.

    path (Path): What write_vectors wrote.
    RETURNS (VectorTable): All of it.
    RAISES (CorpusError): If it is something else.
    """
    check_suffix(path)
    try:
        if path.suffix == ".parquet":
            return _read_parquet(path)
        arrays, about = (_read_npz if path.suffix == ".npz" else _read_safetensors)(path)
        columns = {
            name: _texts(arrays[name], arrays[f"{name}_ends"])
            if kind == "str"
            else arrays[name].tolist()
            for name, kind in COLUMNS.items()
        }
        return VectorTable(columns, arrays["vectors"], about)
    except (
        AttributeError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        zipfile.BadZipFile,
    ) as error:  # what the libraries make of files of something else
        reason = str(error) or "it is empty"
        raise CorpusError(
            f"{path} is no file of vectors that `python -m spacy spanbert vectors` wrote: {reason}."
        ) from error


def _spool(blocks: Iterable[VectorBlock], folder: Path, dtype: str) -> dict[str, np.ndarray]:
    """Write each column to a file of its own, and map the files as arrays."""
    shapes: dict[str, tuple[str, int]] = {}
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        ends = dict.fromkeys(COLUMNS, 0)
        for block in blocks:
            for name, array in _arrays(block, dtype, ends):
                if name not in files:
                    files[name] = stack.enter_context((folder / name).open("wb"))
                    shapes[name] = (array.dtype.str, array.shape[1] if array.ndim == 2 else 0)
                files[name].write(array.tobytes())
    arrays = {}
    for name, (kind, width) in shapes.items():
        if (folder / name).stat().st_size:
            mapped: np.ndarray = np.memmap(folder / name, dtype=kind, mode="r")
            arrays[name] = mapped.reshape(-1, width) if width else mapped
        else:
            arrays[name] = np.zeros(0, dtype=kind)
    return arrays


def _arrays(
    block: VectorBlock, dtype: str, ends: dict[str, int]
) -> Iterator[tuple[str, np.ndarray]]:
    """Texts as UTF-8 bytes, and where each ends among all bytes."""
    if not len(block.vectors):
        return
    yield "vectors", np.ascontiguousarray(block.vectors, dtype=dtype)
    for name, kind in COLUMNS.items():
        if kind != "str":
            yield name, np.array(block.columns[name], dtype=kind)
            continue
        encoded = [text.encode("utf-8", "surrogatepass") for text in block.columns[name]]
        own = ends[name] + np.cumsum([len(text) for text in encoded], dtype="int64")
        ends[name] = int(own[-1])
        yield name, np.frombuffer(b"".join(encoded), dtype="uint8")
        yield f"{name}_ends", own


def _texts(data: np.ndarray, ends: np.ndarray) -> list[str]:
    whole, borders = data.tobytes(), [0, *ends.tolist()]
    return [whole[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise(borders)]


def _write_npz(arrays: dict[str, np.ndarray], file: BinaryIO, about: dict[str, Any]) -> None:
    about_bytes = np.frombuffer(json.dumps(about).encode(), dtype="uint8")
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in {**arrays, "about": about_bytes}.items():
            info = zipfile.ZipInfo(f"{name}.npy")  # no time inside
            with archive.open(info, "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)


def _read_npz(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return arrays, json.loads(arrays["about"].tobytes())


def _write_safetensors(
    arrays: dict[str, np.ndarray], file: BinaryIO, about: dict[str, Any]
) -> None:
    """The library would hold all arrays at once; the form is a JSON header, then the bytes."""
    names = {"<i8": "I64", "<f4": "F32", "<f2": "F16", "|u1": "U8"}
    header: dict[str, Any] = {"__metadata__": {"vectors": json.dumps(about)}}
    place = 0
    for name, array in arrays.items():
        end = place + array.nbytes
        kind = names[array.dtype.str]
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [place, end]}
        place = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    file.write(len(text).to_bytes(8, "little") + text)
    for array in arrays.values():
        for start in range(0, len(array), 4096):
            file.write(array[start : start + 4096].tobytes())


def _read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open  # not where commands are listed

    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})["vectors"])
            return {name: file.get_tensor(name) for name in file.keys()}, about  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(str(error)) from error


def _pyarrow(path: Path) -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise CorpusError(
            f"{path}: parquet needs pyarrow: pip install 'spacy-spanbert[vectors]', or name a "
            ".safetensors or .npz file."
        ) from error
    return pyarrow


def _row_groups(blocks: Iterable[VectorBlock]) -> Iterator[VectorBlock]:
    """Join blocks until there are ROW_GROUP_ROWS."""
    waiting: list[VectorBlock] = []
    n_rows = 0
    for block in blocks:
        waiting.append(block)
        n_rows += len(block.vectors)
        if n_rows >= ROW_GROUP_ROWS:
            yield _join(waiting)
            waiting, n_rows = [], 0
    if n_rows:
        yield _join(waiting)


def _join(blocks: list[VectorBlock]) -> VectorBlock:
    columns = {name: [value for b in blocks for value in b.columns[name]] for name in COLUMNS}
    return VectorBlock(columns, np.concatenate([b.vectors for b in blocks if len(b.vectors)]))


def _write_parquet(
    blocks: Iterable[VectorBlock], file: BinaryIO, dtype: str, about: dict[str, Any], path: Path
) -> int:
    pa = _pyarrow(path)
    kinds = {"int64": pa.int64(), "str": pa.string(), "float32": pa.float32()}
    number = pa.float16() if dtype == "float16" else pa.float32()
    writer, n_rows = None, 0
    with ExitStack() as stack:
        for block in _row_groups(blocks):
            flat = np.ascontiguousarray(block.vectors, dtype=dtype).ravel()
            lists = pa.FixedSizeListArray.from_arrays(
                pa.array(flat, type=number), block.vectors.shape[1]
            )
            columns = [pa.array(block.columns[name], kinds[kind]) for name, kind in COLUMNS.items()]
            table = pa.Table.from_arrays([*columns, lists], names=[*COLUMNS, "vector"])
            if writer is None:
                schema = table.schema.with_metadata({"vectors": json.dumps(about)})
                writer = stack.enter_context(pa.parquet.ParquetWriter(file, schema))
            writer.write_table(table.replace_schema_metadata({"vectors": json.dumps(about)}))
            n_rows += len(block.vectors)
    return n_rows


def _read_parquet(path: Path) -> VectorTable:
    table = _pyarrow(path).parquet.read_table(path)
    lists = table.column("vector").combine_chunks()
    width = lists.type.list_size
    vectors = lists.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
    columns = {name: table.column(name).to_pylist() for name in COLUMNS}
    return VectorTable(columns, vectors, json.loads(table.schema.metadata[b"vectors"]))
