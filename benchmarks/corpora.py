"""The corpora that are measured on."""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

import spacy
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example

from benchmarks.arguments import ROOT
from spacy_spanbert.data.docbin import write_docbin
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.data.read import read_docs

SHIPPED = {"litbank": ROOT / "assets" / "litbank"}
# What a Doc is, and the key that says which records belong to it.
GROUPS = {"sentences": None, "documents": "doc_id"}
SPANS_KEY = "sc"


def find_corpus(name: str, data: Path | None = None) -> Path:
    """Find a corpus.

    name (str): "litbank", which comes with the project, or the name of a folder of `data`.
    data (Path | None): Folder of corpora.
    RETURNS (Path): The corpus's folder, with train.jsonl and dev.jsonl.
    RAISES (SystemExit): If it is not there; says how to name the folder.
    """
    folder = SHIPPED.get(name, data / name if data is not None else None)
    if folder is None:
        raise SystemExit(f"The corpus {name} does not come with the project: give --data FOLDER")
    for split in ("train", "dev"):
        if not (folder / f"{split}.jsonl").is_file():
            raise SystemExit(f"Expected {folder / f'{split}.jsonl'}: give --data FOLDER")
    return folder


def find_split(name: str, split: str, data: Path | None) -> Path:
    """Find one file of a corpus that does not come with the project.

    name (str): Name of a folder of `data`.
    split (str): "train", "dev" or "test".
    data (Path | None): Folder of corpora.
    RETURNS (Path): The JSONL file.
    RAISES (SystemExit): If it is not there; says how to name the folder.
    """
    path = None if data is None else data / name / f"{split}.jsonl"
    if path is None or not path.is_file():
        wanted = path or f"{name}/{split}.jsonl"
        raise SystemExit(f"Expected {wanted}, which does not come along: give --data FOLDER")
    return path


def load_docs(
    path: Path,
    nlp: Language,
    *,
    limit: int | None = None,
    group: str | None = None,
    retokenize: bool = False,
    problems: Problems | None = None,
) -> list[Doc]:
    """Read annotated Docs.

    path (Path): A JSONL file.
    nlp (Language): Its vocabulary, and its tokenizer for `retokenize`.
    limit (int | None): Read no more Docs than this.
    group (str | None): Key by which records become one Doc; None: a record is a Doc.
    retokenize (bool): Use the tokenizer of `nlp` and map the spans by character offset.
    problems (Problems | None): Told of spans that do not fit.
    RETURNS (list[Doc]): The Docs, with `doc.spans["sc"]`.
    """
    docs = read_docs(
        path,
        nlp,
        spans_key=SPANS_KEY,
        group=group,
        retokenize=retokenize,
        problems=Problems() if problems is None else problems,
    )
    return list(islice(docs, limit))


def write_corpus(
    corpus: Path, folder: Path, *, layout: str, retokenize: bool, quick: bool
) -> dict[str, int]:
    """Write a corpus as `spacy train` reads it: train.spacy and dev.spacy.

    corpus (Path): Folder with train.jsonl and dev.jsonl.
    folder (Path): Where to.
    layout (str): "sentences" or "documents".
    retokenize (bool): Use spaCy's tokens and map the spans by character offset.
    quick (bool): Write a few Docs only.
    RETURNS (dict[str, int]): Spans that the tokens cannot express, by split; they are left out.
    """
    nlp = spacy.blank("en")
    n_left_out = {}
    for split in ("train", "dev"):
        problems = Problems()
        docs = load_docs(
            corpus / f"{split}.jsonl",
            nlp,
            limit=quick_limit(layout) if quick else None,
            group=GROUPS[layout],
            retokenize=retokenize,
            problems=problems,
        )
        write_docbin(docs, folder / f"{split}.spacy")
        n_left_out[split] = problems.counts["misaligned span"]
    return n_left_out


def quick_limit(layout: str = "sentences") -> int:
    """RETURNS (int): How many Docs are read of a corpus with --quick."""
    return 12 if layout == "sentences" else 1


def bare_doc(doc: Doc, nlp: Language) -> Doc:
    """Make an unannotated Doc of the same words.

    doc (Doc): A Doc, maybe of another vocabulary.
    nlp (Language): Whose vocabulary is used.
    RETURNS (Doc): With sentence starts if `doc` has them, and nothing else.
    """
    return Doc(
        nlp.vocab,
        words=[word.text for word in doc],
        spaces=[bool(word.whitespace_) for word in doc],
        sent_starts=[bool(word.is_sent_start) for word in doc] if has_sentences(doc) else None,
    )


def has_sentences(doc: Doc) -> bool:
    """Tell whether sentence starts are known. spaCy says so of every Doc of one word."""
    return len(doc) > 1 and doc.has_annotation("SENT_START")


def make_examples(docs: Sequence[Doc], nlp: Language) -> list[Example]:
    """Make training examples on the words of the Docs.

    docs (Sequence[Doc]): Annotated Docs of the vocabulary of `nlp`.
    nlp (Language): The pipeline that will learn from them.
    RETURNS (list[Example]): One a Doc.
    """
    return [Example(bare_doc(doc, nlp), doc) for doc in docs]


def count_words(docs: Sequence[Doc]) -> int:
    """RETURNS (int): Words of all Docs."""
    return sum(len(doc) for doc in docs)


def count_spans(docs: Sequence[Doc]) -> int:
    """RETURNS (int): Spans of all Docs."""
    return sum(len(doc.spans[SPANS_KEY]) for doc in docs)


def long_doc(docs: Sequence[Doc], nlp: Language, n_words: int) -> Doc:
    """Make one Doc of a given length, without sentence boundaries, so that no span is ruled out.

    docs (Sequence[Doc]): Their words are strung together, from the beginning again if need be.
    nlp (Language): Whose vocabulary is used.
    n_words (int): The length.
    RETURNS (Doc): Without annotation.
    """
    words = list(islice(_endless_words(docs), n_words))
    return Doc(nlp.vocab, words=[text for text, _ in words], spaces=[space for _, space in words])


def _endless_words(docs: Sequence[Doc]) -> Iterator[tuple[str, bool]]:
    words = [
        (word.text, bool(word.whitespace_) or word.i == len(doc) - 1)
        for doc in docs
        for word in doc
    ]
    return cycle(words)
