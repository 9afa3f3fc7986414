"""Every target, way to combine pieces and decoding of the entity recognizer, on WNUT-17 dev.

What is trained alike is trained once, for the same steps: as many as fit into the given time. Needs
no test split. Writes docs/tag_choices.md, too.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import spacy

from benchmarks.arguments import ROOT, make_parser, parse
from benchmarks.report import make_report, print_table, write_report, write_text
from benchmarks.tag_choices_page import PAGE, choices_page
from benchmarks.tag_corpora import TASKS, find_tag_corpus, load_tagged, score_tagger
from benchmarks.tags import OURS, TagBenchmark
from spacy_spanbert.pipeline.tag_settings import AGGREGATES

PROGRAM = "tag_choices"
CORPUS = "wnut17"
MINUTES = 3.0
Choice = dict[str, str]


def trainings() -> Iterator[tuple[Choice, list[Choice]]]:
    """List the trainings that differ, and what each can be decoded with.

    YIELDS (tuple[Choice, list[Choice]]): Settings of a training, and the settings to score it with.
    """
    for target in ("all_pieces", "first_piece"):
        ways = [
            {"target": target, "aggregate": aggregate, "decode": decode}
            for aggregate in AGGREGATES
            for decode in ("greedy", "viterbi")
        ]
        yield ways[0], ways
    for aggregate in AGGREGATES:  # pooled vectors are trained as they are decoded
        made = {"target": "word", "aggregate": aggregate}
        ways = [{**made, "decode": decode} for decode in ("greedy", "viterbi")]
        yield ways[0], ways
        yield {**made, "decode": "crf"}, [{**made, "decode": "crf"}]
    first = {"target": "first_piece", "aggregate": "first", "decode": "crf"}
    yield first, [{**first, "aggregate": aggregate} for aggregate in AGGREGATES]
    for aggregate in ("mean", "max"):
        way = {"target": "all_pieces", "aggregate": aggregate, "decode": "crf"}
        yield way, [way]


def score_choices(benchmark: TagBenchmark) -> list[dict[str, Any]]:
    """Train and score all choices with one seed.

    benchmark (TagBenchmark): Of WNUT-17.
    RETURNS (list[dict[str, Any]]): `target`, `aggregate`, `decode`, and `f` on dev.
    """
    rows = []
    component = benchmark.task.component
    for index, (training, ways) in enumerate(trainings()):
        changes = {f"components.{component}.{key}": value for key, value in training.items()}
        trained = benchmark.train(OURS, f"choice-{index}", **changes)
        nlp = spacy.load(trained.folder / "model-best")
        docs = load_tagged(benchmark.corpus, "dev", nlp, quick=benchmark.arguments.quick)
        for way in ways:
            nlp.get_pipe(component).cfg.update(way)  # type: ignore[attr-defined]
            rows.append({**way, "f": score_tagger(nlp, docs, benchmark.task.score)})
    return rows


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print, and write tag_choices.json and the page."""
    parser = make_parser(PROGRAM, __doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of each training (3)")
    parser.add_argument("--markdown", type=Path, help=f"the page ({PAGE}; with --quick, --output)")
    arguments = parse(parser, argv)
    corpus = find_tag_corpus(CORPUS, arguments.data)
    assert corpus is not None, "WNUT-17 comes with the project"
    benchmark = TagBenchmark(TASKS[CORPUS], corpus, arguments)
    rows = score_choices(benchmark)
    results = {"choices": rows, "plans": benchmark.plans}
    report = make_report(
        PROGRAM, arguments, results, minutes=arguments.minutes, n_seeds=1, about=__doc__
    )
    write_report(report, arguments.output)
    page = arguments.output / Path(PAGE).name if arguments.quick else ROOT / PAGE
    write_text(arguments.markdown or page, choices_page(report))
    keys = ("target", "aggregate", "decode", "f")
    print_table(keys, [tuple(row[key] for key in keys) for row in rows])


if __name__ == "__main__":
    main()
