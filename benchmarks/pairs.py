"""Accuracy and pairs/s on SICK and MRPC: ours and sentence-transformers' CrossEncoder.

The same encoder, records and epochs (3, batches of 32), in the same run; each at its own learning
rate, ours of the shipped config, CrossEncoder's that of its `fit`. SICK is scored on dev, its test
split is held back; MRPC on test. CrossEncoder takes part where it is installed.
"""

import importlib.util
import warnings
from collections.abc import Callable, Sequence
from contextlib import chdir
from functools import partial
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from benchmarks.arguments import ROOT, make_parser, parse
from benchmarks.classification import (
    BATCH,
    WARM_UP,
    Contender,
    LabelledText,
    Scores,
    Task,
    build,
    pipeline_contender,
    read_task,
)
from benchmarks.classification_scores import measure, print_summary, ratios, summarize
from benchmarks.corpora import find_split
from benchmarks.peers import encoder_folder
from benchmarks.report import make_report, write_report

CONFIG = ROOT / "configs" / "paircat.cfg"
OURS = ("spanbert, auto", "spanbert, float32")
PEER = "CrossEncoder"
SPLITS = {"sick": "dev", "mrpc": "test"}
N_EPOCHS = 3


def cross_encoder(
    task: Task, seed: int
) -> tuple[float, Callable[[Sequence[LabelledText]], Scores]]:
    """Train CrossEncoder as its documentation does. RETURNS: What a Contender does."""
    from sentence_transformers import CrossEncoder, InputExample
    from thinc.api import fix_random_seed
    from torch.utils.data import DataLoader

    fix_random_seed(seed)
    labels = sorted({record.labels[0] for record in task.train if record.labels})
    model = CrossEncoder(encoder_folder(), num_labels=len(labels), device="cpu")
    examples = [
        InputExample(texts=list(record.texts), label=labels.index(record.labels[0]))
        for record in task.train
        if record.labels
    ]
    loader: Any = DataLoader(examples, shuffle=True, batch_size=BATCH)
    start = perf_counter()
    # it writes to the folder it is called in
    with TemporaryDirectory() as folder, chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(
            loader,
            epochs=task.n_epochs,
            warmup_steps=int(WARM_UP * task.n_epochs * len(loader)),
            show_progress_bar=False,
        )
    speed = task.n_epochs * len(examples) / (perf_counter() - start)

    def predict(records: Sequence[LabelledText]) -> Scores:
        pairs = [list(record.texts) for record in records]
        scores = model.predict(pairs, batch_size=BATCH, apply_softmax=True)
        return [dict(zip(labels, map(float, row), strict=True)) for row in scores]

    return speed, predict


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write pairs.json."""
    parser = make_parser("pairs", __doc__)
    parser.add_argument("--seeds", type=int, default=None, help="how many (3)")
    parser.add_argument("--corpora", nargs="+", choices=SPLITS, default=list(SPLITS))
    parser.add_argument("--skip-peer", action="store_true", help="do not train CrossEncoder")
    arguments = parse(parser, argv)
    n_seeds = arguments.seeds or (1 if arguments.quick else 3)
    contenders: dict[str, Contender] = {
        name: pipeline_contender(
            partial(build, CONFIG, "spanbert_paircat", precision=name.split(", ")[1])
        )
        for name in OURS
    }
    if importlib.util.find_spec("sentence_transformers") and not arguments.skip_peer:
        contenders[PEER] = cross_encoder
    results: dict[str, Any] = {}
    for corpus in arguments.corpora:
        task = read_task(
            find_split(corpus, "train", arguments.data),
            find_split(corpus, SPLITS[corpus], arguments.data),
            pairs=True,
            n_epochs=N_EPOCHS,
            quick=arguments.quick,
        )
        runs = measure(contenders, task, n_seeds)
        summary = summarize(runs)
        results[corpus] = {
            "runs": runs,
            "summary": summary,
            "ratios": ratios(runs, OURS, PEER),
            "n_train": len(task.train),
            "n_test": len(task.test),
        }
        print_summary(summary, "pairs", f"{corpus}, {N_EPOCHS} epochs")
        # after each corpus, so that none is lost
        report = make_report("pairs", arguments, results, n_epochs=N_EPOCHS, batch=BATCH)
        write_report(report, arguments.output)


if __name__ == "__main__":
    main()
