"""From raw text to a small knowledge graph, and a page that shows it. See README.md.

    python examples/knowledge_graph/knowledge_graph.py MODEL [TEXT] [PAGE]

MODEL finds spans and relations. Needs spacy-spanbert[minilm,graph].
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

import networkx as nx
import spacy
from spacy.tokens import Doc, Span

TEXT = Path(__file__).parent / "town.txt"
PAGE = Path("knowledge_graph.html")
NESTED = (
    ""  # Key of the edge from a span to one inside it: no label of a relation, which has letters.
)
SIZE, MARGIN = 900, 110  # px
COLORS = ("#0072b2", "#d55e00", "#009e73", "#aa3377", "#332288", "#6d4c41")
STYLE = """\
body { max-width: 60rem; margin: 0 auto; padding: 1.5rem; font: 16px/1.5 sans-serif; }
svg { width: 100%; height: auto; } svg text { font: 13px sans-serif; text-anchor: middle; }
line, .loop { stroke: #888; fill: none; } .contains { stroke-dasharray: 4 4; }
:target { background: #ffef9f; }
a { color: inherit; } a text { fill: #555; text-decoration: underline; }
"""


def node_of(span: Span) -> tuple[str, str]:
    """Name the entity of a span: here, equal names of one type are one entity."""
    return " ".join(span.text.split()), span.label_


def build_graph(docs: Iterable[Doc], spans_key: str = "sc") -> nx.MultiDiGraph:
    """Make a graph of entities, the entities inside their names, and relations.

    The key of a relation's edge is its label, that of a nested entity's NESTED. An edge has its
    `label`, the best `score`, and the numbers of the `docs` that say so, in one text.
    """
    graph = nx.MultiDiGraph()
    for number, doc in enumerate(docs):
        spans = list(doc.spans.get(spans_key, ()))
        graph.add_nodes_from(node_of(span) for span in spans)
        for outer, inner in nested_pairs(spans):
            add_edge(graph, node_of(outer), node_of(inner), NESTED, 1.0, number)
        for found in doc._.relations:
            head, tail = node_of(found.head), node_of(found.tail)
            add_edge(graph, head, tail, found.label, found.score, number)
    return graph


def nested_pairs(spans: list[Span]) -> Iterator[tuple[Span, Span]]:
    """Find the spans that are inside another, each with those around it."""
    for outer in spans:
        for inner in spans:
            if outer.start <= inner.start and inner.end <= outer.end and len(inner) < len(outer):
                yield outer, inner


def add_edge(
    graph: nx.MultiDiGraph,
    head: tuple[str, str],
    tail: tuple[str, str],
    key: str,
    score: float,
    number: int,
) -> None:
    """Add an edge, or to an edge that is there another Doc that says so."""
    if not graph.has_edge(head, tail, key=key):
        graph.add_edge(head, tail, key=key, label=key or "contains", score=score, docs="")
    edge = graph.edges[head, tail, key]
    edge["score"] = max(edge["score"], score)
    if str(number) not in (numbers := edge["docs"].split()):
        edge["docs"] = " ".join([*numbers, str(number)])  # GraphML and GEXF hold no lists


def draw_page(graph: nx.MultiDiGraph, docs: list[Doc]) -> Iterator[str]:
    """Draw the graph, and under it the Docs, to which its edges are linked. It needs no network."""
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f"<style>{STYLE}</style>\n<title>Knowledge graph</title>\n</head>\n"
    yield "<body>\n<h1>Knowledge graph</h1>\n"
    yield f"<p>{graph.number_of_nodes()} entities, {graph.number_of_edges()} edges</p>\n"
    yield f'<svg viewBox="0 0 {SIZE} {SIZE}">\n<defs><marker id="tip" viewBox="0 0 10 10" refX="20"'
    yield ' refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L10 5L0 10z"/>'
    yield "</marker></defs>\n"
    yield from draw_graph(graph)
    yield "</svg>\n<ol>\n"
    for number, doc in enumerate(docs):
        yield f'<li id="s{number}">{escape(doc.text)}</li>\n'
    yield "</ol>\n</body>\n</html>\n"


def draw_graph(graph: nx.MultiDiGraph) -> Iterator[str]:
    """Draw edges, then nodes over them, on a circle where what is connected stands together."""
    order = list(nx.dfs_preorder_nodes(graph.to_undirected()))
    layout = nx.circular_layout(order)
    scale = (SIZE - 2 * MARGIN) / 2
    place = {node: (SIZE / 2 + x * scale, SIZE / 2 + y * scale) for node, (x, y) in layout.items()}
    between: dict[frozenset[tuple[str, str]], int] = {}
    for head, tail, key, edge in graph.edges(keys=True, data=True):
        (x1, y1), (x2, y2) = place[head], place[tail]
        if head == tail:  # of two mentions of one entity
            yield f'<circle class="loop" cx="{x1:.0f}" cy="{y1 + 16:.0f}" r="16"/>\n'
            y1, y2 = y1 + 46, y2 + 46  # where its label stands, below the loop
        else:
            kind = "relation" if key else "contains"
            yield f'<line class="{kind}" x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" '
            yield 'marker-end="url(#tip)"/>\n'
        # The labels of several edges between two nodes stand one below the other.
        pair = frozenset((head, tail))
        row = between[pair] = between.get(pair, -1) + 1
        x, y = (x1 + x2) / 2, (y1 + y2) / 2 + 14 * row
        title = f"{head[0]} {edge['label']} {tail[0]}: {edge['score']:.2f}"
        yield f'<a href="#s{edge["docs"].split()[0]}"><text x="{x:.0f}" y="{y:.0f}">'
        yield escape(edge["label"])
        yield f"<title>{escape(title)}</title></text></a>\n"
    types = sorted({label for _, label in graph})
    for node, (x, y) in place.items():
        color = COLORS[types.index(node[1]) % len(COLORS)]
        yield f'<circle cx="{x:.0f}" cy="{y:.0f}" r="8" fill="{color}"/>'
        yield f'<text x="{x:.0f}" y="{y - 12:.0f}" fill="{color}">{escape(node[0])}'
        yield f"<title>{escape(node[1])}</title></text>\n"


def main(model: str | Path, text: Path = TEXT, page: Path = PAGE) -> None:
    """Annotate each line of a text, write the page, and print the graph."""
    nlp = spacy.load(model)
    lines = [line for line in text.read_text(encoding="utf8").splitlines() if line.strip()]
    docs = list(nlp.pipe(lines))
    graph = build_graph(docs)
    page.write_text("".join(draw_page(graph, docs)), encoding="utf8")
    for head, tail, edge in graph.edges(data=True):
        print(f"{head[0]} --{edge['label']}--> {tail[0]} ({edge['score']:.2f})")


def command_line(argv: Sequence[str] | None = None) -> None:
    """Read the command line, and say what is wrong with it in one line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("model", help="pipeline that finds spans and relations")
    parser.add_argument("text", type=Path, nargs="?", default=TEXT, help="a Doc a line, UTF-8")
    parser.add_argument("page", type=Path, nargs="?", default=PAGE, help="the HTML page to write")
    arguments = parser.parse_args(argv)
    try:
        main(arguments.model, arguments.text, arguments.page)
    except (OSError, UnicodeDecodeError, ValueError) as error:  # a wrong model, text or page
        parser.error(str(error))


if __name__ == "__main__":
    command_line()
