"""Genre of a sentence on UD English EWT: ours and spaCy's textcat, accuracy and sentences/s.

The genre is the beginning of `doc_id` (answers, email, newsgroup, reviews, weblog). The same
encoder, records, batches and training time, in the same run; textcat's pipeline is that of spaCy's
quickstart, at its own learning rate.
"""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from spacy import Language
from spacy.util import load_config, load_model_from_config

from benchmarks.arguments import ROOT, make_parser, parse
from benchmarks.classification import (
    BATCH,
    Contender,
    build,
    pipeline_contender,
    read_task,
)
from benchmarks.classification_scores import measure, print_summary, ratios, summarize
from benchmarks.corpora import find_split
from benchmarks.peers import encoder_folder
from benchmarks.report import make_report, write_report

CONFIG = ROOT / "configs" / "textcat.cfg"
PEER_CONFIG = ROOT / "benchmarks" / "configs" / "textcat.cfg"
OURS = ("spanbert, auto", "spanbert, float32")
PEER = "textcat"
MINUTES = 2.0


def build_textcat() -> Language:
    """RETURNS (Language): spaCy's pipeline from its quickstart's config, without weights."""
    config = load_config(PEER_CONFIG, {"paths.encoder": encoder_folder()}, interpolate=True)
    return load_model_from_config(config, auto_fill=True)


def write_genres(source: Path, target: Path) -> Path:
    """Label the sentences of EWT with their genre.

    source (Path): JSONL with `text` and `doc_id`.
    target (Path): The file to write.
    RETURNS (Path): That file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for line in source.read_text(encoding="utf8").splitlines():
        record = json.loads(line)
        genre = record["doc_id"].partition("-")[0]
        lines.append(json.dumps({"text": record["text"], "label": genre}) + "\n")
    target.write_text("".join(lines), encoding="utf8")
    return target


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, print and write texts.json."""
    parser = make_parser("texts", __doc__)
    parser.add_argument("--seeds", type=int, default=None, help="how many (3)")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"of training, for each ({MINUTES:g})"
    )
    parser.add_argument("--skip-peer", action="store_true", help="do not train textcat")
    arguments = parse(parser, argv)
    folder = arguments.work / "texts"
    paths = [
        write_genres(find_split("ud_english_ewt", split, arguments.data), folder / f"{split}.jsonl")
        for split in ("train", "dev")
    ]
    seconds = 60 * arguments.minutes
    task = read_task(*paths, pairs=False, seconds=seconds, quick=arguments.quick)
    contenders: dict[str, Contender] = {
        name: pipeline_contender(
            partial(build, CONFIG, "spanbert_textcat", precision=name.split(", ")[1])
        )
        for name in OURS
    }
    if not arguments.skip_peer:
        contenders[PEER] = pipeline_contender(build_textcat)
    runs = measure(contenders, task, arguments.seeds or (1 if arguments.quick else 3))
    summary = summarize(runs)
    results = {"runs": runs, "summary": summary, "ratios": ratios(runs, OURS, PEER)}
    print_summary(summary, "texts", "EWT dev, genre of a sentence")
    report = make_report("texts", arguments, results, minutes=arguments.minutes, batch=BATCH)
    write_report(report, arguments.output)


if __name__ == "__main__":
    main()
