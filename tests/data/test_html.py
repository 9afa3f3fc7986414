import gc
import gzip
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, Span, SpanGroup

from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.data.html import write_html
from spacy_spanbert.data.html_draw import clean
from spacy_spanbert.data.problems import Problems
from tests.data.drawn_page import DrawnPage, squeeze
from tests.data.strategies import NLP, docs
from tests.data.test_streaming import Alive

CHAPTER = Path(__file__).parents[2] / "assets" / "chapter.txt"


def make_doc(text: str, doc_id: object = None) -> Doc:
    doc = NLP(text)
    spans = [doc[0:2], doc[1:2]] if len(doc) > 1 else []
    spans = [Span(doc, span.start, span.end, label="PER") for span in spans]
    doc.spans["sc"] = SpanGroup(doc, name="sc", spans=spans, attrs={"scores": [0.9] * len(spans)})
    if doc_id is not None:
        doc.user_data["doc_id"] = doc_id
    return doc


def write(docs: list[Doc], path: Path, title: str = "T") -> DrawnPage:
    write_html(docs, path, "sc", Problems("stop"), title=title)
    return DrawnPage(path.read_text(encoding="utf-8"))


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(docs(), max_size=3))
def test_any_documents_give_a_well_formed_page_with_their_text(
    tmp_path: Path, docs: list[Doc]
) -> None:
    page = write(docs, tmp_path / "a.html")
    text = "\n".join(clean(doc.text) for doc in docs)
    assert squeeze("\n".join(page.paragraphs)) == squeeze(text)


def test_the_page_needs_nothing_but_itself_and_runs_nothing(tmp_path: Path) -> None:
    page = write(
        [make_doc('<script src="http://x">&"</script>', "<b>&\"'")], tmp_path / "a.html", "<&>"
    )
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "header", "h1", "p", "ul", "li"),
        *("b", "i", "u", "main", "section", "h2", "div", "span"),
        *("details", "summary", "table", "tr", "td"),
    }
    names = {name for _, attributes in page.tags for name in attributes}
    assert names == {"lang", "charset", "name", "content", "class", "title", "style", "dir"}
    assert not re.search(r"url\(|@import", "".join(page.texts["style"]))
    assert page.texts["h1"] == ["<&>"]
    assert page.texts["h2"] == ["<b>&\"'"]


def test_consecutive_documents_of_one_name_share_a_section(tmp_path: Path) -> None:
    docs = [make_doc("Ann Lee left.", name) for name in ("a", "a", "b", None, None, "a")]
    page = write(docs, tmp_path / "a.html")
    assert page.texts["h2"] == ["a", "b", "a"]
    assert [tag for tag, _ in page.tags].count("section") == 5
    assert "5 documents, 24 words, 12 spans" in page.texts["p"]
    assert page.texts["li"] == ["12"]


def test_relations_are_under_their_text_and_counted(tmp_path: Path) -> None:
    docs = [make_doc("Ann Lee left."), make_doc("Bo Lee left."), make_doc("Di Lee left.")]
    assert "relation" not in write(docs, tmp_path / "a.html").texts["p"][0]
    docs[0]._.relations = [Relation(*docs[0].spans["sc"], label) for label in ("in", "<of>")]
    docs[1]._.relations = []
    page = write(docs, tmp_path / "a.html")
    assert "3 documents, 12 words, 6 spans, 2 relations" in page.texts["p"]
    assert page.texts["li"] == ["6", "<of> 1", "in 1"]
    kinds = [tag for tag, one in page.tags if tag == "table" or one.get("class") == "p"]
    assert kinds == ["div", "table", "div", "div"]


def test_no_documents_and_empty_ones_give_a_page_too(tmp_path: Path) -> None:
    assert "0 documents, 0 words, 0 spans" in write([], tmp_path / "a.html").texts["p"]
    page = write([make_doc(""), make_doc("\n \n")], tmp_path / "a.html")
    assert page.paragraphs == []
    assert "2 documents" in page.texts["p"][0]


def test_documents_without_the_key_are_reported_and_shown(tmp_path: Path) -> None:
    problems = Problems()
    write_html([NLP("Ann left.")], tmp_path / "a.html", "sc", problems)
    assert problems.counts == {"no spans under the key": 1}
    assert DrawnPage((tmp_path / "a.html").read_text()).paragraphs == ["Ann left."]


def test_a_page_can_be_compressed_and_an_error_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.html.gz"
    write_html([make_doc("Ann Lee left.")], path, "sc", Problems())
    old = path.read_bytes()
    assert "Lee" in gzip.decompress(old).decode()

    def broken() -> Iterator[Doc]:
        yield make_doc("Ann Lee left.")
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        write_html(broken(), path, "sc", Problems())
    assert [one.name for one in tmp_path.iterdir()] == ["a.html.gz"]
    assert path.read_bytes() == old


def test_a_chapter_with_nested_spans_keeps_its_paragraphs(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "sc"})
    ruler.add_patterns(
        [
            {"label": "PER", "pattern": [{"TEXT": "Lord"}, {"TEXT": "Grenville"}]},
            {"label": "PER", "pattern": "Grenville"},
        ]
    )
    text = CHAPTER.read_text(encoding="utf-8")
    page = write([nlp(text)], tmp_path / "a.html")
    lines = [squeeze(line) for line in text.splitlines() if line.strip()]
    assert [squeeze(paragraph) for paragraph in page.paragraphs] == lines
    assert page.texts["li"] == [str(text.count("Lord Grenville") + text.count("Grenville"))]


def test_docs_are_not_held(tmp_path: Path) -> None:
    def stream() -> Iterator[Doc]:
        for i in range(50):
            yield make_doc(f"Ann Lee {i}", i)

    gc.collect()
    alive = Alive()
    write_html(alive.watch(stream()), tmp_path / "a.html", "sc", Problems())
    assert len(alive.docs) == 50
    assert alive.most <= 2


@pytest.mark.slow
def test_a_document_of_many_words_and_spans_is_drawn_in_linear_time(tmp_path: Path) -> None:
    """DisplaCy alone takes words times spans."""

    def seconds(n_words: int) -> float:
        doc = Doc(NLP.vocab, words=["a"] * n_words)
        spans = [Span(doc, i, i + 2, label="X") for i in range(0, n_words - 2, 4)]
        doc.spans["sc"] = spans
        start = time.perf_counter()
        write_html([doc], tmp_path / "a.html", "sc", Problems())
        return time.perf_counter() - start

    seconds(1000)
    assert seconds(40_000) < 40 * max(seconds(4000), 0.02)


def test_labels_of_a_text_stand_under_it(tmp_path: Path) -> None:
    doc = NLP("Please find it attached.")
    doc.cats = {"email": 0.875, "weblog": 0.125}
    write_html([doc], tmp_path / "page.html", "sc", Problems())
    page = (tmp_path / "page.html").read_text("utf8")
    assert page.index("attached") < page.index("<strong>email</strong>") < page.index("0.125")
