from pathlib import Path
from typing import Any

import numpy
import pytest
import srsly
from spacy.tokens import Doc, SpanGroup

from spacy_spanbert.cli.convert_run import convert
from spacy_spanbert.data.docbin import read_docbin, write_docbin, write_docbins
from spacy_spanbert.data.msgpack_hooks import REGISTRIES, look_once_for_msgpack_hooks
from spacy_spanbert.data.problems import Problems
from tests.data.strategies import NLP


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Grows by one each time that all installed packages are looked through."""
    found: list[Any] = []
    registry = type(srsly.msgpack_encoders)
    search = registry.get_entry_points
    monkeypatch.setattr(
        registry, "get_entry_points", lambda self: found.append(self) or search(self)
    )
    return found


def test_packages_are_searched_once_however_much_is_packed(searches: list[Any]) -> None:
    srsly.msgpack_loads(srsly.msgpack_dumps({}))
    assert len(searches) == 2
    with look_once_for_msgpack_hooks():
        for _ in range(5):
            srsly.msgpack_loads(srsly.msgpack_dumps({}))
    assert len(searches) == 4
    srsly.msgpack_dumps({})
    assert len(searches) == 5


def spanned_docs(n_docs: int) -> list[Doc]:
    docs = [Doc(NLP.vocab, words=["a", str(i)]) for i in range(n_docs)]
    for doc in docs:
        doc.spans["sc"] = [doc[0:1]]
        doc.user_data["doc_id"] = "x"
    return docs


def test_packages_are_searched_no_more_often_for_more_docs(
    tmp_path: Path, searches: list[Any]
) -> None:
    counts = []
    for n_docs in (1, 20):
        searches.clear()
        write_docbin(spanned_docs(n_docs), tmp_path / f"{n_docs}.spacy")
        write_docbins(spanned_docs(n_docs), tmp_path / f"{n_docs}", 100)
        convert(tmp_path / f"{n_docs}.spacy", tmp_path / f"{n_docs}.jsonl", Problems())
        counts.append(len(searches))
    assert counts[0] == counts[1]


def test_arrays_are_packed_as_before(tmp_path: Path) -> None:
    doc = Doc(NLP.vocab, words=["a"])
    scores = numpy.full(1, 0.9, dtype="float32")
    doc.spans["sc"] = SpanGroup(doc, name="sc", spans=[doc[0:1]], attrs={"scores": scores})
    write_docbin([doc], tmp_path / "a.spacy")
    with look_once_for_msgpack_hooks():
        write_docbin([doc], tmp_path / "b.spacy")
        (read,) = read_docbin(tmp_path / "b.spacy", NLP.vocab)
    assert read.spans["sc"].attrs["scores"] == scores
    assert (tmp_path / "a.spacy").read_bytes() == (tmp_path / "b.spacy").read_bytes()


def test_nested_and_left_by_an_error_it_is_as_it_was() -> None:
    with pytest.raises(RuntimeError, match="stop"), look_once_for_msgpack_hooks():
        with look_once_for_msgpack_hooks():
            pass
        assert all("get_all" in vars(registry) for registry in REGISTRIES)
        raise RuntimeError("stop")
    assert not any("get_all" in vars(registry) for registry in REGISTRIES)
