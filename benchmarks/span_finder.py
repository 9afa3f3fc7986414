"""Candidate recall of our span finder beside spaCy's, on the same encoder, trained as long.

Both train for the given time with one seed, on sentence records of LitBank (its tokens) and GENIA
(spaCy's tokens of the text), and score all spans of 1 to 12 words of dev. Told is the recall of the
best candidates, for the same numbers of candidates a word. spaCy's `span_finder` has no score of a
span, only probabilities that a word begins one and that a word ends one: spans are ranked by their
minimum (the order in which its threshold lets them in) and by their product, and both are told.
Among spans of equal score the order is arbitrary: of a part of them its share of their gold spans
is counted. For words/s, each threshold is set so that about as many candidates are written.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example

from benchmarks.arguments import ROOT, make_parser, parse
from benchmarks.corpora import (
    SPANS_KEY,
    bare_doc,
    count_words,
    find_corpus,
    load_docs,
    quick_limit,
    write_corpus,
)
from benchmarks.peers import ENCODER, encoder_folder
from benchmarks.report import code_revision, make_report, print_table, write_report
from benchmarks.step_plan import ABOUT_TIME, fit_steps
from benchmarks.timing import interleave, paired_ratio, speed_summary
from benchmarks.train_command import TrainingRun, run_training
from spacy_spanbert.cli.candidate_scores import count_candidates
from spacy_spanbert.training.candidate_counts import CandidateCounts

PROGRAM = "span_finder"
OURS, PEER = "spanbert_span_finder", "span_finder"
# By corpus: whether spaCy's tokens are used.
CORPORA = {"litbank": False, "genia": True}
PER_WORD = (0.1, 0.2, 0.3, 0.5, 1.0)
# Candidates a word that are written while the clock runs.
TIMED_PER_WORD = 0.3
MAX_LENGTH = 12
MINUTES = 10.0
N_ROUNDS = 5
Ranking = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]
RANKINGS: dict[str, Ranking] = {"minimum": np.minimum, "product": np.multiply}


class FinderBenchmark:
    """Trains, scores and times both finders on one corpus.

    name (str): The corpus.
    arguments (argparse.Namespace): The options.
    """

    def __init__(self, name: str, arguments: argparse.Namespace) -> None:
        self.name = name
        self.arguments = arguments
        self.corpus = find_corpus(name, arguments.data)
        self.retokenize = CORPORA[name]
        self.folder: Path = arguments.work / PROGRAM / name
        self.n_left_out = write_corpus(
            self.corpus,
            self.folder,
            layout="sentences",
            retokenize=self.retokenize,
            quick=arguments.quick,
        )
        paths = {
            f"paths.{split}": str(self.folder / f"{split}.spacy") for split in ("train", "dev")
        }
        longest = {f"components.{OURS}.max_length": MAX_LENGTH}
        self.configs: dict[str, tuple[Path, dict[str, Any]]] = {
            OURS: (
                ROOT / "configs" / "span_finder.cfg",
                {**paths, **longest, "paths.encoder": ENCODER},
            ),
            PEER: (
                ROOT / "benchmarks" / "configs" / "span_finder.cfg",
                {**paths, "paths.encoder": encoder_folder()},
            ),
        }

    def run(self) -> dict[str, Any]:
        """Train, score and time. RETURNS (dict[str, Any]): `rows`, `trainings` and `speed`."""
        trainings = {name: self._train(name) for name in self.configs}
        pipelines = {
            name: spacy.load(trained.folder / "model-best") for name, trained in trainings.items()
        }
        ours = count_candidates(pipelines[OURS], OURS, self._examples(pipelines[OURS]))
        peer = count_peer(pipelines[PEER], self._examples(pipelines[PEER]))
        ranked = {OURS: ours} | {f"{PEER}, {name}": counts for name, counts in peer.items()}
        pipelines[OURS].get_pipe(OURS).cfg["threshold"] = _threshold(ours)  # type: ignore[attr-defined]
        # It writes what has both probabilities above the threshold.
        pipelines[PEER].get_pipe(PEER).cfg["threshold"] = _threshold(peer["minimum"])  # type: ignore[attr-defined]
        return {
            "rows": [{"ranked_by": name, **describe(counts)} for name, counts in ranked.items()],
            "trainings": {
                name: {
                    "seconds": round(trained.seconds, 1),
                    "n_steps": trained.evaluations[-1].step,
                    "is_in_time": trained.seconds <= 60 * self.arguments.minutes,
                }
                for name, trained in trainings.items()
            },
            "speed": self._time(pipelines),
            "n_left_out": self.n_left_out,
            **code_revision(),
        }

    def _examples(self, nlp: Language) -> list[Example]:
        """Pair unannotated Docs of dev with gold, which keeps the corpus's tokens."""
        limit = quick_limit() if self.arguments.quick else None
        gold = load_docs(self.corpus / "dev.jsonl", nlp, limit=limit)
        return [Example(self._bare(doc, nlp), doc) for doc in gold]

    def _bare(self, doc: Doc, nlp: Language) -> Doc:
        return nlp.make_doc(doc.text) if self.retokenize else bare_doc(doc, nlp)

    def _train(self, name: str) -> TrainingRun:
        """Train in the given time, after a short run that tells how many steps fit."""
        config, overrides = self.configs[name]
        minutes, quick = self.arguments.minutes, self.arguments.quick
        plan = fit_steps(
            config, self.folder / f"{name}-calibration", overrides, minutes, quick=quick
        )
        changes = {**overrides, **plan.overrides, "system.seed": 0}
        return run_training(config, self.folder / name, changes)

    def _time(self, pipelines: dict[str, Language]) -> dict[str, Any]:
        """Annotate dev with both, in turns. RETURNS: Words per second, and their ratio."""
        tasks, n_words, n_written = {}, {}, {}
        for name, nlp in pipelines.items():
            gold = [example.reference for example in self._examples(nlp)]

            def prepare(_: int, nlp: Language = nlp, gold: list[Doc] = gold) -> Any:
                docs = [self._bare(doc, nlp) for doc in gold]
                return lambda: [None for _ in nlp.pipe(docs)]

            docs = list(nlp.pipe(self._bare(doc, nlp) for doc in gold))
            key = nlp.get_pipe(name).cfg["spans_key"]  # type: ignore[attr-defined]
            n_words[name] = count_words(docs)
            n_written[name] = sum(len(doc.spans[key]) for doc in docs)
            tasks[name] = prepare
        n_rounds = 1 if self.arguments.quick else N_ROUNDS
        seconds = interleave(tasks, n_rounds)
        summary = {
            name: {
                **speed_summary([n_words[name]] * n_rounds, values),
                "n_written": n_written[name],
            }
            for name, values in seconds.items()
        }
        return {**summary, "ratio": paired_ratio(seconds[PEER], seconds[OURS])}


def count_peer(nlp: Language, examples: Sequence[Example]) -> dict[str, CandidateCounts]:
    """Score all spans of a corpus with spaCy's span finder.

    nlp (Language): A trained pipeline of an encoder and span_finder.
    examples (Sequence[Example]): Unannotated Docs beside gold.
    RETURNS (dict[str, CandidateCounts]): By how spans are ranked: "minimum" and "product".
    """
    finder: Any = nlp.get_pipe(PEER)
    counts = {name: CandidateCounts() for name in RANKINGS}
    with nlp.select_pipes(disable=[PEER]):
        docs = nlp.pipe(example.predicted for example in examples)
        for doc, example in zip(docs, examples, strict=True):
            # (n_words, 2): that a word begins a span, that a word ends one
            probabilities = np.asarray(finder.predict([doc]))
            starts, ends = all_spans(len(doc), MAX_LENGTH)
            for name, rank in RANKINGS.items():
                scores = rank(probabilities[starts, 0], probabilities[ends - 1, 1])
                scored = Example(doc, example.reference)
                counts[name].add(scored, SPANS_KEY, starts, ends, scores)
    return counts


def all_spans(n_words: int, max_length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """List all spans of a Doc.

    n_words (int): Words of the Doc.
    max_length (int): Longest span, in words.
    RETURNS (tuple[NDArray[np.int64], NDArray[np.int64]]): First word and word after the last of
        each, ordered by start, then by end; none without words.
    """
    starts = np.repeat(np.arange(n_words), max_length)
    ends = starts + np.tile(np.arange(1, max_length + 1), n_words)
    return starts[ends <= n_words], ends[ends <= n_words]


def describe(counts: CandidateCounts) -> dict[str, Any]:
    """Describe the recall of a finder.

    counts (CandidateCounts): Of a corpus with gold spans.
    RETURNS (dict[str, Any]): `n_words`, `n_gold`, `n_candidates` of all, `recall` by candidates a
        word (as text), `recall_of_all`.
    """
    curve = counts.curves(lambda _: ("all",))["all"]
    return {
        "n_words": counts.n_words,
        "n_gold": curve.n_gold,
        "n_candidates": int(curve.n_candidates[-1]),
        "recall": {
            str(per_word): round(float(recall), 4)
            for per_word, recall in zip(PER_WORD, curve.recall(PER_WORD), strict=True)
        },
        "recall_of_all": round(float(curve.n_found[-1]) / curve.n_gold, 4),
    }


def _threshold(counts: CandidateCounts) -> float:
    """Find the threshold that about TIMED_PER_WORD candidates a word reach."""
    scores = np.sort(counts.scores)[::-1]
    n_wanted = max(1, round(TIMED_PER_WORD * counts.n_words))
    return float(scores[min(n_wanted, len(scores)) - 1])


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write span_finder.json."""
    parser = make_parser(PROGRAM, __doc__)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of each training (10)")
    parser.add_argument("--only", nargs="+", choices=CORPORA, default=list(CORPORA))
    arguments = parse(parser, argv)
    results: dict[str, Any] = {}
    for name in arguments.only:
        if name == "genia" and arguments.data is None:
            print(f"{name} is left out: it does not come with the project (--data FOLDER)")
            continue
        results[name] = FinderBenchmark(name, arguments).run()
        report = make_report(
            PROGRAM,
            arguments,
            json.loads(json.dumps(results)),
            minutes=arguments.minutes,
            max_length=MAX_LENGTH,
            time=ABOUT_TIME,
            about=__doc__,
        )
        write_report(report, arguments.output)
        _print(name, results[name])


def _print(corpus: str, result: dict[str, Any]) -> None:
    header = ("recall, candidates a word:", *map(str, PER_WORD), "all")
    rows = [
        (row["ranked_by"], *row["recall"].values(), row["recall_of_all"]) for row in result["rows"]
    ]
    print_table(header, rows, corpus)
    speed = result["speed"]
    speeds = [
        (name, speed[name]["words_per_second"], speed[name]["n_written"]) for name in (OURS, PEER)
    ]
    print_table(("", "words/s", "candidates written"), [*speeds, ("ratio", speed["ratio"], None)])


if __name__ == "__main__":
    main()
