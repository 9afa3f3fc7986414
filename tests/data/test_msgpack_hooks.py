from pathlib import Path

import numpy
import pytest
import srsly
from spacy.tokens import Doc, SpanGroup

from spacy_spanbert.data.docbin import read_docbin, write_docbin
from spacy_spanbert.data.msgpack_hooks import REGISTRIES, look_once_for_msgpack_hooks
from tests.data.strategies import NLP


def test_packages_are_searched_once_however_much_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = []
    registry = type(srsly.msgpack_encoders)
    search = registry.get_entry_points
    monkeypatch.setattr(
        registry, "get_entry_points", lambda self: searches.append(self) or search(self)
    )
    srsly.msgpack_loads(srsly.msgpack_dumps({}))
    assert len(searches) == 2
    with look_once_for_msgpack_hooks():
        for _ in range(5):
            srsly.msgpack_loads(srsly.msgpack_dumps({}))
    assert len(searches) == 4
    srsly.msgpack_dumps({})
    assert len(searches) == 5


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
