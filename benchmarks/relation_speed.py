"""Pairs of spans a second beside a Python loop; seconds and memory against the number of pairs.

The relation component alone, on a Doc of 500 spans that is encoded already. The loop is the design
of spaCy's relation tutorial: it makes each pair's tensor by itself. Memory is what a process of its
own takes for each point beyond what it held before, after it has annotated a small Doc.
"""

import contextlib
import io
import itertools
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from spacy import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from benchmarks.arguments import make_parser, parse
from benchmarks.corpora import SPANS_KEY, bare_doc
from benchmarks.memory import peak_bytes, reset_peak
from benchmarks.pair_loop import PairLoop
from benchmarks.relation_corpora import build_relations
from benchmarks.report import make_report, print_table, write_report
from benchmarks.scaling import linear_fit
from benchmarks.timing import Task, interleave, paired_ratio
from spacy_spanbert import Relation
from spacy_spanbert.pipeline.relation_candidates import make_relation_candidates

PROGRAM = "relation_speed"
HEAD = "spanbert_relations"
N_SPANS = 500
WORDS_PER_SPAN = 4
MAX_DISTANCE = 100
DISTANCES = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)
LABELS = ("one", "two", "three", "four", "five")


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, plot and write relation_speed.json and relation_speed.svg."""
    arguments = parse(make_parser(PROGRAM, __doc__), argv)
    results = measure_speed(quick=arguments.quick)
    report = make_report(PROGRAM, arguments, results, precision="auto")
    print_table(
        ("", "pairs", "pairs/s"),
        [(n, results[n]["n_pairs"], results[n]["pairs_per_second"]) for n in ("ours", "pair_loop")],
        f"Relation component alone: {results['ratio']} times as fast",
    )
    points = [(p["x"], p["seconds"], p["extra_mb"]) for p in results["pairs"]["points"]]
    print_table(("pairs", "seconds", "MB"), points, "Cost of a Doc")
    folder = Path(arguments.output)
    print(write_report(report, folder), plot(report, folder))


def spans_doc(nlp: Language, n_spans: int) -> Doc:
    """Make a Doc with a span of two words every four words.

    nlp (Language): Whose vocabulary is used.
    n_spans (int): How many.
    RETURNS (Doc): With gold spans and a few relations.
    """
    words = [f"word{index % 50}" for index in range(n_spans * WORDS_PER_SPAN)]
    doc = Doc(nlp.vocab, words=words)
    starts = range(0, len(words), WORDS_PER_SPAN)
    spans = [Span(doc, start, start + 2, "ABC"[start % 3]) for start in starts]
    doc.spans[SPANS_KEY] = spans
    pairs = itertools.pairwise(spans)
    doc._.relations = [
        Relation(head, tail, LABELS[index % len(LABELS)])
        for index, (head, tail) in enumerate(pairs)
    ]
    return doc


def encoded(nlp: Language, gold: Doc) -> Doc:
    """RETURNS (Doc): The same words and spans, which the encoder has seen."""
    doc = bare_doc(gold, nlp)
    doc.spans[SPANS_KEY] = [Span(doc, s.start, s.end, s.label) for s in gold.spans[SPANS_KEY]]
    return nlp.get_pipe("spanbert")(doc)


def measure_speed(*, quick: bool) -> dict[str, Any]:
    """Time the relation components alone, on Docs that are encoded already.

    quick (bool): Little of all.
    RETURNS (dict[str, Any]): `ours` and `pair_loop` in pairs a second with their numbers of pairs,
        `ratio` of the speeds, `n_written`: how many relations ours writes, about one a span, where
        the loop keeps the scores of all pairs, and the series `pairs`: seconds, and memory beyond
        what was held before (`extra_mb`), against the number of pairs, with a linear fit of the
        seconds.
    """
    n_spans = 20 if quick else N_SPANS
    nlp, doc = _prepare(n_spans)
    n_rounds = 1 if quick else 5
    speeds = _beside_loop(nlp, doc, n_rounds)
    return {**speeds, "pairs": _series(nlp, doc, DISTANCES[:2] if quick else DISTANCES, n_rounds)}


def _prepare(n_spans: int) -> tuple[Language, Doc]:
    """RETURNS (tuple[Language, Doc]): A pipeline, and a Doc that its encoder has seen."""
    nlp = build_relations("gold")
    gold = spans_doc(nlp, n_spans)
    with contextlib.redirect_stderr(io.StringIO()):
        nlp.initialize(lambda: [Example(bare_doc(gold, nlp), gold)])
    return nlp, encoded(nlp, gold)


def _beside_loop(nlp: Language, doc: Doc, n_rounds: int) -> dict[str, Any]:
    component: Any = nlp.get_pipe(HEAD)
    vectors = component.model.get_ref("tok2vec").predict([doc])
    loop = PairLoop(vectors[0].shape[1], LABELS, MAX_DISTANCE, SPANS_KEY)
    component.candidates = make_relation_candidates(MAX_DISTANCE, label_pairs="any")
    n_written = _write_as_many(component, doc, len(doc.spans[SPANS_KEY]))
    n_pairs = {"ours": _count_pairs(component, doc), "pair_loop": loop([doc], vectors)}
    tasks: dict[str, Any] = {
        "ours": lambda _: partial(_annotate, component, doc),
        "pair_loop": lambda _: partial(loop, [doc], vectors),
    }
    interleave(tasks, 1)  # warm-up
    seconds = interleave(tasks, n_rounds)
    per_pair = {
        name: [value / n_pairs[name] for value in values] for name, values in seconds.items()
    }
    speeds = {
        name: {
            "n_pairs": n_pairs[name],
            "pairs_per_second": round(1 / median(values), 1),
        }
        for name, values in per_pair.items()
    }
    ratio = paired_ratio(per_pair["pair_loop"], per_pair["ours"])
    return {**speeds, "n_written": n_written, "ratio": ratio}


def _write_as_many(component: Any, doc: Doc, n_relations: int) -> int:
    """Set the threshold so that about so many relations are written: writing takes time, too.

    RETURNS (int): How many are.
    """
    component.cfg["threshold"] = 0.0
    scores = sorted((found.score for found in component.predict([doc])[0]), reverse=True)
    component.cfg["threshold"] = scores[min(n_relations, len(scores)) - 1]
    return len(component.predict([doc])[0])


def _series(nlp: Language, doc: Doc, distances: Sequence[int], n_rounds: int) -> dict[str, Any]:
    component: Any = nlp.get_pipe(HEAD)
    candidates = {d: make_relation_candidates(d, label_pairs="any") for d in distances}
    n_pairs = {}
    for distance in distances:
        component.candidates = candidates[distance]
        n_pairs[distance] = _count_pairs(component, doc)
        _annotate(component, doc)  # warm-up
    extra = _extra_mb(len(doc.spans[SPANS_KEY]), distances)

    def prepare(distance: int, _: int) -> Task:
        component.candidates = candidates[distance]
        return partial(_annotate, component, doc)

    seconds = interleave({str(d): partial(prepare, d) for d in distances}, n_rounds)
    points = [
        {
            "x": n_pairs[distance],
            "max_distance": distance,
            "seconds": round(median(seconds[str(distance)]), 6),
            "extra_mb": extra[distance],
        }
        for distance in distances
    ]
    return {"n_spans": len(doc.spans[SPANS_KEY]), "points": points, "fit": linear_fit(points)}


def _extra_mb(n_spans: int, distances: Sequence[int]) -> dict[int, float]:
    """RETURNS (dict[int, float]): What each takes in a fresh process: an old one has memory to
    spare, which no count of pages shows.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        extra = pool.map(partial(_measure_memory, n_spans), distances)
        return dict(zip(distances, extra, strict=True))


def _measure_memory(n_spans: int, distance: int) -> float:
    nlp, doc = _prepare(n_spans)
    component: Any = nlp.get_pipe(HEAD)
    component.candidates = make_relation_candidates(distance, label_pairs="any")
    _annotate(component, encoded(nlp, spans_doc(nlp, 3)))
    held = reset_peak()
    _annotate(component, doc)
    return round((peak_bytes() - held) / 2**20, 1)


def _annotate(component: Any, doc: Doc) -> None:
    component.set_annotations([doc], component.predict([doc]))


def _count_pairs(component: Any, doc: Doc) -> int:
    spans = list(doc.spans[SPANS_KEY])
    return sum(len(heads) for heads, _ in component.candidates(doc, spans, component.seen))


def plot(report: dict[str, Any], folder: Path) -> Path:
    """Draw seconds and memory against the number of pairs.

    report (dict[str, Any]): This program's report.
    folder (Path): Where relation_speed.svg goes.
    RETURNS (Path): The file.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "spacy-spanbert"  # the same picture is the same file
    from matplotlib import pyplot

    series = report["results"]["pairs"]
    x = [point["x"] for point in series["points"]]
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axis, key, label in zip(
        axes, ("seconds", "extra_mb"), ("seconds", "memory, MB"), strict=True
    ):
        values = [point[key] for point in series["points"]]
        axis.plot(x, values, "o", color="C0")
        title = f"a Doc of {series['n_spans']} spans"
        axis.set(xlabel="pairs", ylabel=label, title=title, xlim=(0, None))
        axis.set_ylim(0, 1.1 * max(*values, 0.1))
        axis.xaxis.set_major_formatter("{x:,.0f}")
    path = folder / "relation_speed.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path


if __name__ == "__main__":
    main()
