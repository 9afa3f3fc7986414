import json
import sys
import tracemalloc
from importlib.util import find_spec

import numpy as np
import pytest
import safetensors.numpy

from spacy_spanbert.data.problems import CorpusError
from spacy_spanbert.data.vector_files import (
    ROW_GROUP_ROWS,
    SUFFIXES,
    VectorBlock,
    read_vectors,
    write_vectors,
)

ABOUT = {"layers": [0, 1], "pooling": "mean", "transformed": False, "of": "words"}


def make_block(texts: list[str], doc: int = 0, width: int = 4) -> VectorBlock:
    n = len(texts)
    columns = {
        "doc": [doc] * n,
        "start": list(range(n)),
        "end": list(range(1, n + 1)),
        "text": texts,
        "context": [f"around {text}" for text in texts],
    }
    vectors = np.random.default_rng(doc).normal(size=(n, width)).astype("float32")
    return VectorBlock(columns, vectors)


BLOCKS = [make_block(["bank", "", "学", "👍🏽"]), make_block(["river\n"], doc=1)]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_what_is_written_is_read_again(tmp_path, suffix, dtype):
    path = tmp_path / f"vectors{suffix}"
    assert write_vectors(BLOCKS, path, dtype, ABOUT) == 5
    table = read_vectors(path)
    assert table.about == ABOUT
    assert table.columns["text"] == ["bank", "", "学", "👍🏽", "river\n"]
    assert table.columns["context"][-1] == "around river\n"
    assert table.columns["doc"] == [0, 0, 0, 0, 1]
    assert (table.columns["start"], table.columns["end"]) == ([0, 1, 2, 3, 0], [1, 2, 3, 4, 1])
    expected = np.concatenate([block.vectors for block in BLOCKS]).astype(dtype)
    assert table.vectors.dtype == dtype
    assert np.array_equal(table.vectors, expected)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_vectors_give_the_same_file(tmp_path, suffix):
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        write_vectors(BLOCKS, path, "float32", ABOUT)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_other_libraries_read_the_files(tmp_path):
    write_vectors(BLOCKS, tmp_path / "a.safetensors", "float16", ABOUT)
    arrays = safetensors.numpy.load_file(tmp_path / "a.safetensors")
    assert arrays["vectors"].shape == (5, 4)
    assert bytes(arrays["text"][: arrays["text_ends"][0]]) == b"bank"
    write_vectors(BLOCKS, tmp_path / "a.npz", "float32", ABOUT)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive["vectors"].shape == (5, 4)
        assert json.loads(archive["about"].tobytes()) == ABOUT
    pandas = pytest.importorskip("pyarrow.parquet")
    write_vectors(BLOCKS, tmp_path / "a.parquet", "float32", ABOUT)
    assert pandas.read_table(tmp_path / "a.parquet").column("text")[0].as_py() == "bank"


def test_texts_that_are_all_empty_are_kept(tmp_path):
    for suffix in SUFFIXES:
        write_vectors([make_block(["", ""])], tmp_path / f"a{suffix}", "float32", ABOUT)
        assert read_vectors(tmp_path / f"a{suffix}").columns["text"] == ["", ""]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_error_on_the_way_leaves_the_old_file(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")

    def fail():
        yield BLOCKS[0]
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        write_vectors(fail(), path, "float32", ABOUT)
    with pytest.raises(CorpusError, match="nothing to write"):
        write_vectors([], path, "float32", ABOUT)
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_memory_does_not_grow_with_the_corpus(tmp_path, suffix):
    def many():
        for doc in range(200):
            yield make_block(["word"] * 50, doc, width=256)

    tracemalloc.start()
    try:
        write_vectors(many(), tmp_path / f"a{suffix}", "float32", ABOUT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    size = (tmp_path / f"a{suffix}").stat().st_size
    assert size > 10_000_000
    # numpy writes a mapped array 16 MB at a time, ours 4,096 rows
    assert peak < 8_000_000 or suffix == ".npz"


def test_parquet_is_written_group_by_group_as_the_vectors_come(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    n_docs, n_words, width = 800, 50, 128
    n_a_group = -(-ROW_GROUP_ROWS // n_words) * n_words
    group_bytes = n_a_group * width * 4
    held, on_disk = [], []
    before = pyarrow.total_allocated_bytes()

    def many():
        for doc in range(n_docs):
            held.append(pyarrow.total_allocated_bytes() - before)
            on_disk.append(sum(path.stat().st_size for path in tmp_path.iterdir()))
            yield make_block(["word"] * n_words, doc, width=width)

    tracemalloc.start()
    try:
        assert write_vectors(many(), tmp_path / "a.parquet", "float32", ABOUT) == n_docs * n_words
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    data = parquet.ParquetFile(tmp_path / "a.parquet").metadata
    groups = [data.row_group(number).num_rows for number in range(data.num_row_groups)]
    assert groups == [n_a_group] * 9 + [n_docs * n_words - 9 * n_a_group]
    # when the last block is asked for, all full groups are in the file, and arrow holds no more
    # than after the first
    assert on_disk[-1] > 9 * group_bytes * 0.9
    assert 0 < max(held) <= held[n_a_group // n_words] * 1.1
    # a group as it came, the same joined, and the one before; all vectors would be nearly ten
    assert peak < 5 * group_bytes


def test_parquet_makes_no_group_of_each_small_block(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    blocks = (make_block(["text"], doc) for doc in range(ROW_GROUP_ROWS + 10))
    write_vectors(blocks, tmp_path / "a.parquet", "float32", ABOUT)
    data = parquet.ParquetFile(tmp_path / "a.parquet").metadata
    assert data.num_row_groups == 2
    assert read_vectors(tmp_path / "a.parquet").columns["doc"] == [*range(ROW_GROUP_ROWS + 10)]


def test_an_unknown_format_and_a_missing_package_are_named(tmp_path, monkeypatch):
    with pytest.raises(CorpusError, match=r"expected one of \.safetensors \.npz \.parquet"):
        write_vectors(BLOCKS, tmp_path / "a.csv", "float32", ABOUT)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CorpusError, match=r"parquet needs pyarrow: pip install .*\[vectors\]"):
        write_vectors(BLOCKS, tmp_path / "a.parquet", "float32", ABOUT)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_of_something_else_is_named(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"something else, of some length")
    with pytest.raises(CorpusError, match=rf"a\{suffix} is no file of vectors"):
        read_vectors(path)


def test_files_of_other_programs_are_named(tmp_path):
    (tmp_path / "empty.npz").write_bytes(b"")
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    files = ["empty.npz", "array.npz"]
    if find_spec("pyarrow"):
        import pyarrow
        from pyarrow import parquet

        for name, columns in {
            "lists": {"vector": [[0.1, 0.2]]},
            "plain": {"text": ["a"]},
        }.items():
            parquet.write_table(pyarrow.table(columns), tmp_path / f"{name}.parquet")
            files.append(f"{name}.parquet")
    for name in files:
        with pytest.raises(CorpusError, match=f"{name} is no file of vectors"):
            read_vectors(tmp_path / name)
