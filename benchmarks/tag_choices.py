"""What the choices of target, aggregate and decode are worth: all that can be combined."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import spacy

from benchmarks.tag_corpora import load_tagged, score_tagger
from spacy_spanbert.pipeline.tag_settings import AGGREGATES

if TYPE_CHECKING:
    from benchmarks.tags import TagBenchmark

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


def score_choices(benchmark: "TagBenchmark") -> list[dict[str, Any]]:
    """Train and score all choices with one seed.

    benchmark (TagBenchmark): Of WNUT-17.
    RETURNS (list[dict[str, Any]]): `target`, `aggregate`, `decode`, and `f` on dev.
    """
    rows = []
    component = benchmark.task.component
    for index, (training, ways) in enumerate(trainings()):
        changes = {f"components.{component}.{key}": value for key, value in training.items()}
        minutes = benchmark.arguments.choice_minutes
        trained = benchmark.train("spanbert", f"choice-{index}", minutes, **changes)
        nlp = spacy.load(trained.folder / "model-best")
        docs = load_tagged(benchmark.corpus, "dev", nlp, quick=benchmark.arguments.quick)
        for way in ways:
            nlp.get_pipe(component).cfg.update(way)  # type: ignore[attr-defined]
            rows.append({**way, "f": score_tagger(nlp, docs, benchmark.task.score)})
    return rows
