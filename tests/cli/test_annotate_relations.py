"""`annotate` writes the relations that a pipeline finds to all its formats."""

from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.read import read_docs
from tests.cli.annotate_command import annotate, records_of, text_of
from tests.data.drawn_page import DrawnPage
from tests.data.strategies import relations_of

FOUND = [(0, 1, "PER", 2, 4, "ORG", "works_for", 0.5)]


@Language.component("test_ann_works")
def find_ann(doc: Doc) -> Doc:
    spans, relations = [], []
    if doc.text.startswith("Ann"):
        spans = [Span(doc, 0, 1, "PER"), Span(doc, 2, 4, "ORG"), Span(doc, 2, 3, "LOC")]
        relations = [Relation(spans[0], spans[1], "works_for", 0.5)]
    doc.spans["sc"] = spans
    doc._.relations = relations
    return doc


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("relations")
    nlp = spacy.blank("en")
    nlp.add_pipe("test_ann_works")
    nlp.to_disk(folder / "model")
    (folder / "in.txt").write_text("Ann at York Acme\nNobody is here\n")
    return folder / "model", folder / "in.txt"


def run(paths: tuple[Path, Path], output: Path, *options: str) -> str:
    result = annotate(*paths, output, "--unit", "line", *options)
    assert result.exit_code == 0, result.output
    return text_of(result)


def test_docs_and_jsonl_keep_relations_with_scores(
    paths: tuple[Path, Path], tmp_path: Path
) -> None:
    for name in ("a.spacy", "a.jsonl"):
        assert "relations 1 works_for 1" in run(paths, tmp_path / name)
        docs = list(read_docs(tmp_path / name, spacy.blank("en"), problems=Problems("stop")))
        assert [relations_of(doc) for doc in docs] == [FOUND, []]
    first, second = records_of(tmp_path / "a.jsonl")
    relation = {"head": 0, "tail": 1, "label": "works_for", "score": 0.5}
    assert (first["relations"], second["relations"]) == ([relation], [])


def test_brat_has_lines_for_them(paths: tuple[Path, Path], tmp_path: Path) -> None:
    assert "problem" not in run(paths, tmp_path / "a", "--to", "brat")
    docs = list(read_docs(tmp_path / "a", spacy.blank("en"), problems=Problems("stop")))
    assert sorted(len(doc._.relations) for doc in docs) == [0, 1]


def test_pages_have_a_table_and_columns_say_what_they_leave_out(
    paths: tuple[Path, Path], tmp_path: Path
) -> None:
    run(paths, tmp_path / "a.html")
    page = DrawnPage((tmp_path / "a.html").read_text(encoding="utf8"))
    assert page.texts["td"] == ["Ann", "works_for", "York Acme", "0.500"]
    assert "relations left out: 1" in run(paths, tmp_path / "a.conll")
