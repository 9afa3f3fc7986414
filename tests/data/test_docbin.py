import zlib
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin

from spacy_spanbert.data.docbin import read_docbin, write_docbin, write_docbins
from spacy_spanbert.data.problems import CorpusError

NLP = spacy.blank("en")


def corpus(n_docs: int = 5) -> list[Doc]:
    docs = [Doc(NLP.vocab, words=["word", str(i)]) for i in range(n_docs)]
    for doc in docs:
        doc.spans["sc"] = [doc[0:2]]
    return docs


def texts(path: Path) -> list[str]:
    return [doc.text for doc in read_docbin(path, NLP.vocab)]


def test_no_docs_make_a_file_without_docs(tmp_path: Path) -> None:
    write_docbin([], tmp_path / "a.spacy")
    assert texts(tmp_path / "a.spacy") == []


def test_the_file_is_spacys_own(tmp_path: Path) -> None:
    write_docbin(corpus(), tmp_path / "a.spacy")
    docs = DocBin().from_disk(tmp_path / "a.spacy").get_docs(spacy.blank("en").vocab)
    assert [doc.text for doc in docs] == [doc.text for doc in corpus()]


def test_what_cannot_be_packed_stays_on_the_doc_and_out_of_the_file(tmp_path: Path) -> None:
    (doc,) = corpus(1)
    activations = object()
    doc.user_data.update({"doc_id": "x", ("._.", "trf_data", None, None): activations})
    write_docbin([doc], tmp_path / "a.spacy")
    assert doc.user_data["._.", "trf_data", None, None] is activations
    (back,) = read_docbin(tmp_path / "a.spacy", NLP.vocab)
    assert back.user_data == {"doc_id": "x"}


def test_docs_are_spread_over_files_of_the_given_size(tmp_path: Path) -> None:
    write_docbins(corpus(5), tmp_path / "out", 2)
    files = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in files] == [f"part-0000{i}.spacy" for i in range(3)]
    assert [len(texts(path)) for path in files] == [2, 2, 1]
    assert [text for path in files for text in texts(path)] == [doc.text for doc in corpus(5)]


def test_an_even_number_of_docs_leaves_no_empty_file(tmp_path: Path) -> None:
    write_docbins(corpus(4), tmp_path / "out", 2)
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_file_holds_one_doc_at_least(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="docs_per_file is at least 1, not 0"):
        write_docbins(corpus(), tmp_path / "out", 0)
    assert list(tmp_path.iterdir()) == []


def test_after_an_exception_there_is_no_file(tmp_path: Path) -> None:
    def failing() -> object:
        yield from corpus(3)
        raise RuntimeError

    for write in (
        lambda: write_docbin(failing(), tmp_path / "a.spacy"),  # type: ignore[arg-type]
        lambda: write_docbins(failing(), tmp_path / "out", 1),  # type: ignore[arg-type]
    ):
        with pytest.raises(RuntimeError):
            write()
        assert list(tmp_path.iterdir()) == []


def damaged_files() -> dict[str, bytes]:
    whole = DocBin(docs=corpus()).to_bytes()
    wrong_heads = DocBin(docs=corpus())
    wrong_heads.tokens[3][:] = 7
    return {
        "empty": b"",
        "text": b'{"text": "not a DocBin"}',
        "cut": whole[: len(whole) // 2],
        "bits": whole[:40] + bytes([whole[40] ^ 255]) + whole[41:],
        "packed": zlib.compress(srsly.msgpack_dumps({"other": 1})),
        "list": zlib.compress(srsly.msgpack_dumps([1, 2])),
        "tokens": wrong_heads.to_bytes(),
    }


@pytest.mark.parametrize("kind", damaged_files())
def test_a_damaged_file_is_named(tmp_path: Path, kind: str) -> None:
    (tmp_path / "bad.spacy").write_bytes(damaged_files()[kind])
    with pytest.raises(CorpusError, match=r"bad\.spacy: .*damaged or none"):
        texts(tmp_path / "bad.spacy")
