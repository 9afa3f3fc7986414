"""Words a second annotating sentences: ours, spaCy's spancat, and the encoder alone.

All on LitBank dev, a record a Doc, gold tokens, spans up to 12 words, the same encoder. Docs are
made before the clock starts. The rounds of all take turns.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from spacy import Language
from spacy.tokens import Doc

from benchmarks.arguments import make_parser, parse
from benchmarks.corpora import bare_doc, count_spans, count_words, find_corpus, load_docs
from benchmarks.encoder_alone import EncoderAlone
from benchmarks.peers import build_spanbert, build_spancat, prepare_for_annotation
from benchmarks.report import make_report, print_table, write_report
from benchmarks.timing import Task, interleave, paired_ratio, speed_summary
from spacy_spanbert.layers.precision import Precision

PEER = "spancat"
PRECISIONS: tuple[Precision, ...] = ("auto", "float32")
ABOUT_SPANS = (
    "Pipelines were trained for a few steps; then each threshold was set so that on some dev "
    "records as many spans are written as are gold."
)


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write annotate_speed.json."""
    parser = make_parser("annotate_speed", __doc__)
    parser.add_argument("--rounds", type=int, default=None, help="rounds of each (7)")
    parser.add_argument("--steps", type=int, default=None, help="training steps before (30)")
    arguments = parse(parser, argv)
    n_rounds = arguments.rounds or (2 if arguments.quick else 7)
    n_steps = arguments.steps or (1 if arguments.quick else 30)
    corpus = find_corpus("litbank", arguments.data)
    limit = 12 if arguments.quick else None

    pipelines = _pipelines()
    thresholds = {
        name: prepare_for_annotation(
            nlp, corpus, n_steps=n_steps, n_threshold_docs=12 if arguments.quick else 200
        )
        for name, nlp in pipelines.items()
    }
    gold = load_docs(corpus / "dev.jsonl", pipelines[PEER], limit=limit)
    n_written = {name: _count_written(nlp, gold) for name, nlp in pipelines.items()}
    encoders = {_encoder_name(precision): EncoderAlone(precision) for precision in PRECISIONS}
    texts = [doc.text for doc in gold]
    tasks: dict[str, Callable[[int], Task]] = {
        name: partial(_annotation_task, nlp, gold) for name, nlp in pipelines.items()
    }
    tasks |= {name: partial(_encoding_task, encoder, texts) for name, encoder in encoders.items()}
    interleave(tasks, 1)  # warm-up
    for encoder in encoders.values():
        encoder.n_cut = 0
    seconds = interleave(tasks, n_rounds)

    results = {
        "corpus": {"n_docs": len(gold), "n_words": count_words(gold), "n_gold": count_spans(gold)},
        "speeds": {
            name: speed_summary([count_words(gold)] * n_rounds, values)
            | {"n_spans": n_written.get(name)}
            for name, values in seconds.items()
        },
        "ratios": _ratios(seconds),
        "thresholds": thresholds,
        "n_texts_cut_by_encoder_alone": max(encoder.n_cut for encoder in encoders.values()),
    }
    report = make_report(
        "annotate_speed",
        arguments,
        results,
        n_rounds=n_rounds,
        n_training_steps=n_steps,
        max_length=12,
        spans=ABOUT_SPANS,
    )
    _print(report)
    print(write_report(report, Path(arguments.output)))


def _pipelines() -> dict[str, Language]:
    ours = {_our_name(precision): build_spanbert(precision=precision) for precision in PRECISIONS}
    return {**ours, PEER: build_spancat()}


def _our_name(precision: str) -> str:
    return f"spanbert, {precision}"


def _encoder_name(precision: str) -> str:
    return f"encoder alone, {precision}"


def _count_written(nlp: Language, gold: Sequence[Doc]) -> int:
    docs = (bare_doc(doc, nlp) for doc in gold)
    return sum(count_spans([doc]) for doc in nlp.pipe(docs))


def _annotation_task(nlp: Language, gold: Sequence[Doc], index: int) -> Task:
    del index
    docs = [bare_doc(doc, nlp) for doc in reversed(gold)]

    def annotate() -> None:
        # Popped, so that annotated Docs can go.
        for _ in nlp.pipe(docs.pop() for _ in range(len(docs))):
            pass

    return annotate


def _encoding_task(encoder: EncoderAlone, texts: Sequence[str], index: int) -> Task:
    del index
    return partial(encoder, texts)


def _ratios(seconds: dict[str, list[float]]) -> dict[str, float]:
    ratios = {}
    for precision in PRECISIONS:
        ours, alone = _our_name(precision), _encoder_name(precision)
        ratios[f"to spancat, {precision}"] = paired_ratio(seconds[PEER], seconds[ours])
        ratios[f"to encoder alone, {precision}"] = paired_ratio(seconds[alone], seconds[ours])
    return ratios


def _print(report: dict[str, Any]) -> None:
    results = report["results"]
    rows = [
        (name, speed["words_per_second"], speed["lowest"], speed["highest"], speed["n_spans"])
        for name, speed in results["speeds"].items()
    ]
    title = "Annotating LitBank dev, {n_words:,} words, {n_gold:,} gold spans"
    header = ("", "words/s", "lowest", "highest", "spans")
    print_table(header, rows, title.format(**results["corpus"]))
    print_table(("spanbert's speed", "ratio"), list(results["ratios"].items()))


if __name__ == "__main__":
    main()
