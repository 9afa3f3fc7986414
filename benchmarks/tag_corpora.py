"""WNUT-17 and the English Web Treebank, as the tagging programs read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import spacy
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example

from benchmarks.arguments import ROOT
from benchmarks.corpora import SPANS_KEY, bare_doc
from spacy_spanbert.data.docbin import write_docbin
from spacy_spanbert.data.entities import with_entities
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.read import read_docs

SHIPPED = {"wnut17": ROOT / "assets" / "wnut17"}
QUICK_DOCS = 12


@dataclass(frozen=True)
class TagTask:
    """What is learned, and by what.

    corpus (str): The corpus's folder.
    component (str): Our factory.
    config (str): Name of our config in configs/, and of the peer's in benchmarks/configs/.
    score (str): The score that counts.
    """

    corpus: str
    component: str
    config: str
    score: str


TASKS = {
    "wnut17": TagTask("wnut17", "spanbert_ner", "ner.cfg", "ents_f"),
    "ud_english_ewt": TagTask("ud_english_ewt", "spanbert_tagger", "tagger.cfg", "tag_acc"),
}


def find_tag_corpus(name: str, data: Path | None) -> Path | None:
    """RETURNS (Path | None): The corpus's folder; None if it is not there."""
    folder = data / name if data is not None else SHIPPED.get(name)
    return folder if folder is not None and (folder / "train.jsonl").is_file() else None


def test_split(corpus: Path) -> str:
    """RETURNS (str): "test", or "dev" where the folder has no test split."""
    return "test" if (corpus / "test.jsonl").is_file() else "dev"


def load_tagged(corpus: Path, split: str, nlp: Language, *, quick: bool) -> list[Doc]:
    """Read annotated sentences, one a Doc, on the corpus's tokens.

    corpus (Path): The corpus's folder.
    split (str): "train", "dev" or "test".
    nlp (Language): Whose vocabulary is used.
    quick (bool): Read a few only.
    RETURNS (list[Doc]): With entities and tags.
    """
    problems = Problems()
    docs = read_docs(corpus / f"{split}.jsonl", nlp, spans_key=SPANS_KEY, problems=problems)
    return list(islice(with_entities(docs, SPANS_KEY, problems), QUICK_DOCS if quick else None))


def write_tag_corpus(corpus: Path, folder: Path, *, quick: bool) -> dict[str, Any]:
    """Write a corpus as `spacy train` reads it.

    corpus (Path): The corpus's folder.
    folder (Path): Where to.
    quick (bool): Write a few sentences only.
    RETURNS (dict[str, Any]): Overrides of a config: the paths, and the corpus's tokens.
    """
    nlp = spacy.blank("en")
    overrides: dict[str, Any] = {}
    for split in ("train", "dev"):
        docs = load_tagged(corpus, split, nlp, quick=quick)
        write_docbin(docs, folder / f"{split}.spacy")
        overrides[f"paths.{split}"] = str(folder / f"{split}.spacy")
        overrides[f"corpora.{split}.gold_preproc"] = True
    return overrides


def score_tagger(nlp: Language, docs: Sequence[Doc], score: str) -> float:
    """Annotate the corpus's tokens and score.

    nlp (Language): A trained pipeline.
    docs (Sequence[Doc]): Gold, of its vocabulary.
    score (str): Name of the score.
    RETURNS (float): 0 to 1.
    """
    scores = nlp.evaluate([Example(bare_doc(doc, nlp), doc) for doc in docs])
    return round(scores[score] or 0.0, 5)
