"""Peak memory annotating LitBank dev: ours and spaCy's spancat, spans up to 12 and up to 30 words.

Each number is the resident memory of a fresh process, libraries and weights included. Two more
tables show how ours depends on the length of the corpus, which streams through `nlp.pipe`, and on
the length of a document, beside a process that only holds the Doc and one that only encodes it.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spacy import Language

from benchmarks.arguments import make_parser, parse
from benchmarks.corpora import find_corpus
from benchmarks.memory import Job, measure
from benchmarks.peers import build_spanbert, build_spancat, prepare_for_annotation
from benchmarks.report import make_report, print_table, write_report

OURS, PEER = "spanbert", "spancat"
LENGTHS = (12, 30)
REPEATS = (1, 2, 4)
DOC_WORDS = (1_000, 3_000, 10_000, 30_000, 100_000)
Rows = list[dict[str, Any]]


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write peak_memory.json."""
    arguments = parse(make_parser("peak_memory", __doc__), argv)
    corpus = find_corpus("litbank", arguments.data)
    limit = 12 if arguments.quick else None
    lengths = LENGTHS[:1] if arguments.quick else LENGTHS
    arguments.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.work) as folder:
        models = _write_models(Path(folder), corpus, lengths, arguments)
        dev = str(corpus / "dev.jsonl")
        results: dict[str, Any] = {
            "annotation": _annotation(models, dev, limit),
            "corpus_length": _corpus_length(models[OURS, LENGTHS[0]], dev, limit, arguments.quick),
            "document_length": _document_length(models[OURS, LENGTHS[0]], dev, arguments.quick),
        }
    results["ratios"] = _ratios(results["annotation"])
    report = make_report(
        "peak_memory",
        arguments,
        results,
        precision="auto",
        spans="thresholds set so that about as many spans are written as are gold",
        documents="one Doc without sentence boundaries; spans up to 12 words",
    )
    _print(report)
    print(write_report(report, Path(arguments.output)))


def _write_models(
    folder: Path, corpus: Path, lengths: Sequence[int], arguments: argparse.Namespace
) -> dict[tuple[str, int], str]:
    """Train pipelines briefly and write them. RETURNS: Their folders, by name and length."""
    models = {}
    for max_length in lengths:
        for name, build in ((OURS, build_spanbert), (PEER, build_spancat)):
            nlp: Language = build(max_length=max_length)
            prepare_for_annotation(
                nlp,
                corpus,
                n_steps=1 if arguments.quick else 30,
                n_threshold_docs=12 if arguments.quick else 200,
            )
            path = folder / f"{name}-{max_length}"
            nlp.to_disk(path)
            models[name, max_length] = str(path)
    return models


def _annotation(models: dict[tuple[str, int], str], dev: str, limit: int | None) -> Rows:
    return [
        {"pipeline": name, "max_length": max_length, **measure(Job(dev, model, limit=limit))}
        for (name, max_length), model in models.items()
    ]


def _corpus_length(model: str, dev: str, limit: int | None, quick: bool) -> Rows:
    repeats = REPEATS[:1] if quick else REPEATS
    return [
        {"n_repeats": times, **measure(Job(dev, model, n_repeats=times, limit=limit))}
        for times in repeats
    ]


def _document_length(model: str, dev: str, quick: bool) -> Rows:
    rows = []
    for n_words in (200,) if quick else DOC_WORDS:
        kinds = {
            "doc": Job(dev, doc_words=n_words),
            "encoded": Job(dev, model, ("spanbert_spancat",), doc_words=n_words),
            "annotated": Job(dev, model, doc_words=n_words),
        }
        peaks = {f"{name}_mb": measure(job)["peak_mb"] for name, job in kinds.items()}
        rows.append({"n_words": n_words, **peaks})
    return rows


def _ratios(annotation: Rows) -> dict[str, float]:
    peaks = {(row["pipeline"], row["max_length"]): row["peak_mb"] for row in annotation}
    return {
        f"to spancat, spans up to {length}": round(peaks[OURS, length] / peaks[PEER, length], 3)
        for name, length in peaks
        if name == OURS
    }


def _print(report: dict[str, Any]) -> None:
    results = report["results"]
    keys: tuple[str, ...] = ("pipeline", "max_length", "peak_mb", "loaded_mb", "n_words", "n_spans")
    rows = [[row[key] for key in keys] for row in results["annotation"]]
    header: tuple[str, ...] = ("", "spans up to", "peak, MB", "loaded, MB", "words", "spans")
    print_table(header, rows, "Peak memory annotating LitBank dev")
    print_table(("spanbert's peak", "ratio"), list(results["ratios"].items()))
    rows = [[row["n_repeats"], row["n_words"], row["peak_mb"]] for row in results["corpus_length"]]
    print_table(("times the corpus", "words", "peak, MB"), rows, "Length of the corpus")
    keys = ("n_words", "doc_mb", "encoded_mb", "annotated_mb")
    rows = [[row[key] for key in keys] for row in results["document_length"]]
    header = ("words", "Doc alone, MB", "encoded, MB", "annotated, MB")
    print_table(header, rows, "Length of one document")


if __name__ == "__main__":
    main()
