"""Seconds against the length of a document, and against the longest span; a plot of both.

One Doc without sentence boundaries, so that every span up to the longest length is scored. Encoder
and head together; the threshold is set so that about as many spans are written as are gold.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from spacy import Language
from spacy.tokens import Doc

from benchmarks.arguments import make_parser, parse
from benchmarks.corpora import bare_doc, find_corpus, load_docs, long_doc
from benchmarks.peers import build_spanbert, head_of, prepare_for_annotation
from benchmarks.report import make_report, print_table, write_report
from benchmarks.timing import Task, interleave

DOC_WORDS = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
MAX_LENGTHS = (4, 8, 12, 16, 24, 32, 48, 64)
# The document of the second series, and the longest span of the first.
FIXED_WORDS = 20_000
FIXED_LENGTH = 12


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, plot and write scaling.json, scaling.svg and scaling.png."""
    parser = make_parser("scaling", __doc__)
    parser.add_argument("--rounds", type=int, default=None, help="rounds of each point (5)")
    arguments = parse(parser, argv)
    n_rounds = arguments.rounds or (1 if arguments.quick else 5)
    doc_words = (50, 100, 200) if arguments.quick else DOC_WORDS
    max_lengths = (4, 12, 64) if arguments.quick else MAX_LENGTHS
    fixed_words = 200 if arguments.quick else FIXED_WORDS
    corpus = find_corpus("litbank", arguments.data)

    nlp = build_spanbert(max_length=max(max_lengths))
    prepare_for_annotation(
        nlp,
        corpus,
        n_steps=1 if arguments.quick else 30,
        n_threshold_docs=12 if arguments.quick else 200,
    )
    source = load_docs(corpus / "dev.jsonl", nlp)
    by_words = {n_words: (long_doc(source, nlp, n_words), FIXED_LENGTH) for n_words in doc_words}
    fixed_doc = long_doc(source, nlp, fixed_words)
    by_length = {max_length: (fixed_doc, max_length) for max_length in max_lengths}
    results = {
        "document_length": _measure(nlp, by_words, n_rounds),
        "max_length": _measure(nlp, by_length, n_rounds),
    }
    settings = {"n_rounds": n_rounds, "fixed_words": fixed_words, "fixed_length": FIXED_LENGTH}
    report = make_report("scaling", arguments, results, precision="auto", **settings)
    _print(report)
    folder = Path(arguments.output)
    print(write_report(report, folder), *plot(report, folder))


def _measure(nlp: Language, points: dict[int, tuple[Doc, int]], n_rounds: int) -> dict[str, Any]:
    tasks = {
        str(x): partial(_task, nlp, doc, max_length) for x, (doc, max_length) in points.items()
    }
    interleave(dict(list(tasks.items())[:1]), 1)  # warm-up
    seconds = interleave(tasks, n_rounds)
    measured = [{"x": int(x), "seconds": round(median(seconds[x]), 5)} for x in tasks]
    return {"points": measured, "fit": linear_fit(measured)}


def _task(nlp: Language, doc: Doc, max_length: int, index: int) -> Task:
    del index
    # Set here and not once: the points take turns. Longer spans share the last width embedding.
    head_of(nlp).cfg["max_length"] = max_length
    return partial(nlp, bare_doc(doc, nlp))


def linear_fit(points: Sequence[dict[str, float]]) -> dict[str, float]:
    """Fit `seconds = intercept + slope * x` to the points.

    Each residual is weighed by the reciprocal of its seconds: else the longest document would
    decide alone.

    points (Sequence[dict[str, float]]): With "x" and "seconds", two or more.
    RETURNS (dict[str, float]): `slope` and `intercept` in seconds; `largest_deviation` of a point
        from the line, as a share of the line; `exponent` of a power law through the upper half of
        the points, 1 for a linear cost.
    """
    x = np.array([point["x"] for point in points], dtype=float)
    seconds = np.array([point["seconds"] for point in points], dtype=float)
    slope, intercept = np.polyfit(x, seconds, 1, w=1 / seconds)
    line = intercept + slope * x
    upper = slice(min(len(x) // 2, len(x) - 2), None)
    exponent = np.polyfit(np.log(x[upper]), np.log(seconds[upper]), 1)[0]
    return {
        "slope": float(slope),
        "intercept": float(intercept),
        "largest_deviation": round(float(np.max(np.abs(seconds - line) / line)), 4),
        "exponent": round(float(exponent), 4),
    }


def plot(report: dict[str, Any], folder: Path) -> list[Path]:
    """Draw both series with their lines.

    report (dict[str, Any]): This program's report.
    folder (Path): Where scaling.svg and scaling.png go.
    RETURNS (list[Path]): The files.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "spacy-spanbert"  # the same picture is the same file
    from matplotlib import pyplot

    settings = report["settings"]
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    panels = (
        ("document_length", "words in the document", f"spans up to {settings['fixed_length']}"),
        ("max_length", "longest span, in words", f"{settings['fixed_words']:,} words"),
    )
    for axis, (key, label, title) in zip(axes, panels, strict=True):
        points, fit = report["results"][key]["points"], report["results"][key]["fit"]
        x = np.array([point["x"] for point in points], dtype=float)
        seconds = [point["seconds"] for point in points]
        top = 1.1 * max(seconds)
        axis.plot(x, fit["intercept"] + fit["slope"] * x, color="0.6", label="linear fit")
        axis.plot(x, seconds, "o", color="C0", label="measured")
        axis.set(xlabel=label, ylabel="seconds", title=title, xlim=(0, None), ylim=(0, top))
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.legend(frameon=False)
    paths = [folder / "scaling.svg", folder / "scaling.png"]
    figure.savefig(paths[0], metadata={"Date": None})
    figure.savefig(paths[1], dpi=150)
    pyplot.close(figure)
    return paths


def _print(report: dict[str, Any]) -> None:
    for key, title in (("document_length", "words"), ("max_length", "spans up to")):
        series = report["results"][key]
        rows = [
            (point["x"], point["seconds"], 1000 * point["seconds"] / point["x"])
            for point in series["points"]
        ]
        print_table((title, "seconds", "ms each"), rows, f"Seconds against {key}")
        fit = series["fit"]
        print(
            f"seconds = {fit['intercept']:.3g} + {fit['slope']:.3g} x; the farthest point is "
            f"{fit['largest_deviation']:.0%} off; exponent of the upper half {fit['exponent']:.2f}"
        )


if __name__ == "__main__":
    main()
