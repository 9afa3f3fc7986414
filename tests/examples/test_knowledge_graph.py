import json
from pathlib import Path
from types import ModuleType

import networkx as nx
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.relations import Relation
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.read import read_docs
from tests.examples.load_script import load_script

ROOT = Path(__file__).parents[2]
NLP = spacy.blank("en")
ACME, YORK, ANN = ("York Acme", "ORG"), ("York", "PLACE"), ("Ann", "PER")


@pytest.fixture(scope="module")
def example() -> ModuleType:
    return load_script("knowledge_graph/knowledge_graph.py")


@Language.component("test_ann_at_acme")
def annotate(doc: Doc) -> Doc:
    doc.spans["sc"] = []
    if doc.text.startswith("Ann"):
        spans = [Span(doc, 0, 1, "PER"), Span(doc, 2, 4, "ORG"), Span(doc, 2, 3, "PLACE")]
        doc.spans["sc"] = spans
        doc._.relations = [Relation(spans[0], spans[1], "works_for", 0.5)]
    return doc


def ann(score: float = 0.5) -> Doc:
    doc = annotate(NLP("Ann at York Acme"))
    doc._.relations = [Relation(*list(doc.spans["sc"])[:2], "works_for", score)]
    return doc


def test_entities_nested_parts_and_relations_are_the_graph(example: ModuleType) -> None:
    graph = example.build_graph([ann()])
    assert set(graph) == {ACME, YORK, ANN}
    assert sorted(graph.edges(keys=True)) == [(ANN, ACME, "works_for"), (ACME, YORK, "")]


def test_a_relation_named_contains_is_an_edge_beside_that_of_the_nested_part(
    example: ModuleType,
) -> None:
    doc = ann()
    _, acme, york = doc.spans["sc"]
    doc._.relations = [Relation(acme, york, "contains", 0.5)]
    edges = example.build_graph([doc]).edges(keys=True, data="score")
    assert sorted(edges) == [(ACME, YORK, "", 1.0), (ACME, YORK, "contains", 0.5)]


def test_a_relation_between_two_mentions_of_one_entity_is_drawn_as_a_loop(
    example: ModuleType,
) -> None:
    doc = NLP("Ann is Ann")
    doc.spans["sc"] = mentions = [Span(doc, 0, 1, "PER"), Span(doc, 2, 3, "PER")]
    doc._.relations = [Relation(*mentions, "same_as")]
    html = "".join(example.draw_page(example.build_graph([doc]), [doc]))
    assert '<circle class="loop"' in html
    assert "<line" not in html
    assert "Ann same_as Ann: 1.00" in html


def test_networkx_writes_the_graph_as_the_readme_says(example: ModuleType, tmp_path: Path) -> None:
    graph = example.build_graph([ann(), ann()])
    nx.write_graphml(graph, tmp_path / "a.graphml")
    nx.write_gexf(graph, tmp_path / "a.gexf")
    assert json.dumps(nx.adjacency_data(graph))
    read = nx.read_graphml(tmp_path / "a.graphml", force_multigraph=True)
    assert {edge["docs"] for *_, edge in read.edges(data=True)} == {"0 1"}


def test_what_several_texts_say_is_one_edge_with_the_best_score(example: ModuleType) -> None:
    graph = example.build_graph([ann(0.25), NLP(""), ann(0.75), ann(0.5)])
    assert graph.edges[ANN, ACME, "works_for"] == {
        "label": "works_for",
        "score": 0.75,
        "docs": "0 2 3",
    }
    assert graph.number_of_edges() == 2


def test_the_supplied_corpus_gives_all_its_relations(example: ModuleType) -> None:
    path = ROOT / "assets" / "relations" / "dev.jsonl"
    docs = list(read_docs(path, NLP, problems=Problems("stop")))
    graph = example.build_graph(docs)
    told = [
        (*map(example.node_of, (found.head, found.tail)), found.label)
        for doc in docs
        for found in doc._.relations
    ]
    assert {edge for edge in graph.edges(keys=True) if edge[2]} == set(told)


def test_the_page_escapes_and_is_linked_to_its_sentences(example: ModuleType) -> None:
    odd = NLP("<b>&")
    odd.spans["sc"] = [Span(odd, 0, len(odd), '"<i>')]
    docs = [odd, ann()]
    html = "".join(example.draw_page(example.build_graph(docs), docs))
    assert "<b>" not in html and "<i>" not in html
    assert "&lt;b&gt;&amp;" in html
    assert '<a href="#s1"><text' in html
    assert '<li id="s1">Ann at York Acme</li>' in html
    assert "http" not in html


def test_an_empty_text_gives_a_page_too(example: ModuleType) -> None:
    assert "0 entities, 0 edges" in "".join(example.draw_page(example.build_graph([]), []))


def test_the_program_goes_from_text_to_page(
    example: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("test_ann_at_acme")
    nlp.to_disk(tmp_path / "model")
    (tmp_path / "a.txt").write_text("Ann at York Acme\n\nNobody\n")
    example.main(tmp_path / "model", tmp_path / "a.txt", tmp_path / "a.html")
    assert capsys.readouterr().out == (
        "Ann --works_for--> York Acme (0.50)\nYork Acme --contains--> York (1.00)\n"
    )
    assert "3 entities, 2 edges" in (tmp_path / "a.html").read_text()


@pytest.mark.parametrize("words", [[], ["no-such-model"]])
def test_a_wrong_command_line_is_told_in_one_line(example, words, capsys) -> None:
    with pytest.raises(SystemExit):
        example.command_line(words)
    last = capsys.readouterr().err.splitlines()[-1]
    assert "error: " in last
    assert ("no-such-model" if words else "model") in last
