"""What is written and read again is the same, whatever words and spans there are."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_spanbert.data.brat import read_brat
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.read import read_docs
from spacy_spanbert.data.write import write_docs
from tests.data.strategies import NLP, content, docs, labels_of, spans_of

ASSETS = Path(__file__).parents[2] / "assets"


def there_and_back(corpus: list[Doc], name: str, **options: object) -> list[Doc]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_docs(iter(corpus), path, **options)  # type: ignore[arg-type]
        return list(read_docs(path, NLP, problems=Problems("stop")))


@settings(deadline=None, max_examples=150)
@given(st.lists(docs(), max_size=4))
@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", "x.spacy"])
def test_jsonl_and_docbin_keep_everything(name: str, corpus: list[Doc]) -> None:
    back = there_and_back(corpus, name)
    assert [*map(content, back)] == [*map(content, corpus)]
    assert [*map(labels_of, back)] == [*map(labels_of, corpus)]


@settings(deadline=None, max_examples=50)
@given(st.lists(docs(), max_size=5), st.integers(1, 3))
def test_a_folder_of_docbins_keeps_everything(corpus: list[Doc], docs_per_file: int) -> None:
    back = (
        there_and_back(corpus, "x", format="spacy", docs_per_file=docs_per_file) if corpus else []
    )
    assert [*map(content, back)] == [*map(content, corpus)]


@settings(deadline=None, max_examples=300)
@given(st.lists(docs(with_scores=False), max_size=4))
def test_conll_keeps_words_spaces_sentences_and_all_spans(corpus: list[Doc]) -> None:
    back = there_and_back(corpus, "x.conll")
    assert [{**content(doc), "spans": Counter(spans_of(doc))} for doc in back] == [
        {**content(doc), "spans": Counter(spans_of(doc)), "relations": None} for doc in corpus
    ]


@settings(deadline=None, max_examples=200)
@given(docs(with_scores=False))
def test_brat_keeps_the_text_and_all_spans_and_relations_by_offset(doc: Doc) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_docs([doc], Path(folder) / "brat", format="brat")
        (path,) = (Path(folder) / "brat").glob("*.ann")
        (record,) = read_brat(path, "x", Problems("stop"))
    assert record.text == doc.text
    assert Counter((span.start, span.end, span.label) for span in record.spans) == Counter(
        (span.start_char, span.end_char, span.label_) for span in doc.spans["sc"]
    )
    assert [
        (*vars(found.head).values(), *vars(found.tail).values(), found.label)
        for found in record.relations or []
    ] == [
        (*_in_characters(found.head), *_in_characters(found.tail), found.label)
        for found in doc._.relations
    ]


def _in_characters(span: Span) -> tuple[int, int, str, None]:
    return span.start_char, span.end_char, span.label_, None


@pytest.mark.parametrize("name", ["dev.spacy", "dev.jsonl", "dev.conll"])
def test_litbank_documents_survive_every_format(name: str) -> None:
    options = {"group": "doc_id", "problems": Problems("stop")}
    corpus = list(read_docs(ASSETS / "litbank" / "dev.jsonl", NLP, **options))  # type: ignore[arg-type]
    back = there_and_back(corpus, name)
    assert sum(len(doc.spans["sc"]) for doc in back) == 1422
    for before, after in zip(corpus, back, strict=True):
        assert after.text == before.text
        assert {**content(after), "spans": sorted(spans_of(after))} == {
            **content(before),
            "spans": sorted(spans_of(before)),
        }


def test_litbank_goes_to_brat_and_back_by_offset(tmp_path: Path) -> None:
    options = {"group": "doc_id", "problems": Problems("stop")}
    corpus = list(read_docs(ASSETS / "litbank" / "dev.jsonl", NLP, **options))  # type: ignore[arg-type]
    write_docs(corpus, tmp_path / "brat", format="brat")
    for doc in corpus:
        name = doc.user_data["doc_id"][:60]
        (record,) = read_brat(tmp_path / "brat" / f"{name}.ann", name, Problems("stop"))
        assert record.text == doc.text
        assert [(span.start, span.end, span.label) for span in record.spans] == [
            (span.start_char, span.end_char, span.label_) for span in doc.spans["sc"]
        ]
