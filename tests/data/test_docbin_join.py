import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc

import spacy_spanbert.data.docbin_join as module
from spacy_spanbert.data.docbin import write_docbin
from spacy_spanbert.data.docbin_join import join_docbins
from spacy_spanbert.data.problems import CorpusError
from tests.data.strategies import NLP, docs


def write_parts(parts: list[list[Doc]], folder: Path) -> list[Path]:
    paths = [folder / f"part-{i}.spacy" for i in range(len(parts))]
    for part, path in zip(parts, paths, strict=True):
        write_docbin(part, path)
    return paths


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.lists(docs(), max_size=3), max_size=4))
def test_joined_parts_are_byte_for_byte_what_one_file_would_be(
    tmp_path: Path, parts: list[list[Doc]]
) -> None:
    join_docbins(write_parts(parts, tmp_path), tmp_path / "joined.spacy")
    write_docbin([doc for part in parts for doc in part], tmp_path / "whole.spacy")
    joined, whole = ((tmp_path / f"{name}.spacy").read_bytes() for name in ("joined", "whole"))
    assert joined == whole


@pytest.mark.parametrize("n_docs", [20, 300])
def test_headers_are_right_at_any_length(tmp_path: Path, n_docs: int) -> None:
    """Strings and lists have other headers from 16 items, and from 2 to the 8th and 16th bytes."""
    made = [Doc(NLP.vocab, words=[f"w{i}"] * (i % 7)) for i in range(n_docs)]
    made[-1].cats = {"a": 0.5}
    parts = write_parts([made[:7], made[7:]], tmp_path)
    join_docbins(parts, tmp_path / "joined.spacy")
    write_docbin(made, tmp_path / "whole.spacy")
    assert (tmp_path / "joined.spacy").read_bytes() == (tmp_path / "whole.spacy").read_bytes()


def test_one_part_is_in_memory_at_a_time(tmp_path: Path) -> None:
    part = [Doc(NLP.vocab, words=["word"] * 2000) for _ in range(10)]
    write_docbin(part, tmp_path / "part.spacy")

    def peak(n_parts: int) -> int:
        tracemalloc.start()
        join_docbins([tmp_path / "part.spacy"] * n_parts, tmp_path / "joined.spacy")
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(1)
    assert peak(12) < 1.5 * peak(2)


def test_too_much_for_one_file_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = write_parts([[NLP("one two three")]], tmp_path)
    monkeypatch.setattr(module, "MAX_LENGTH", 10)
    with pytest.raises(CorpusError, match=r"joined.spacy: Too much for one .spacy file"):
        join_docbins(parts, tmp_path / "joined.spacy")
    assert not (tmp_path / "joined.spacy").exists()
