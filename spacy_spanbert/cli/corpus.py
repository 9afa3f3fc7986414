"""The gold corpus of a command, read as a pipeline's own config says."""

import copy
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from spacy.language import Language
from spacy.training import Example
from spacy.util import dot_to_object, registry

from spacy_spanbert.cli.pipelines import given_keys
from spacy_spanbert.cli.problem_report import print_problems
from spacy_spanbert.data.docbin import read_docbin
from spacy_spanbert.data.files import format_suffix, list_files
from spacy_spanbert.data.labelled import SUFFIXES
from spacy_spanbert.data.labelled_convert import convert_labelled
from spacy_spanbert.data.problems import Problems
from spacy_spanbert.errors import SpanbertError

PAIR_READER = "spacy-spanbert.PairCorpus.v1"
SPAN_READER = "spacy-spanbert.Corpus.v1"


def read_examples(nlp: Language, corpus: Path) -> list[Example]:
    """Read a gold corpus with the reader of `[training] dev_corpus`.

    nlp (Language): A trained pipeline.
    corpus (Path): A `.spacy` file or a folder of them; for a pipeline that labels texts or pairs
        and nothing else also JSONL or TSV.
    RETURNS (list[Example]): At least one.
    RAISES (SpanbertError): If the config has no such reader, or the corpus cannot be read or is
        empty.
    """
    if not corpus.exists():
        raise SpanbertError(f"there is no corpus {corpus}")
    block = _reader_block(nlp)
    if corpus.is_file() and format_suffix(corpus) in SUFFIXES:
        with TemporaryDirectory() as folder:
            converted = Path(folder) / "corpus.spacy"
            _convert(nlp, corpus, converted, is_pairs=block["@readers"] == PAIR_READER)
            return _read(nlp, block, converted, corpus)
    return _read(nlp, block, corpus, corpus)


def _convert(nlp: Language, corpus: Path, converted: Path, *, is_pairs: bool) -> None:
    """Make a `.spacy` file of JSONL or TSV, if labels of texts are all that can be scored."""
    metas = {name: nlp.get_pipe_meta(name) for name in nlp.pipe_names}
    names = [name for name, meta in metas.items() if "doc.cats" in meta.assigns]
    # spaCy's own are frozen as a rule: they have no gold in `.spacy` either
    heads = [name for name, meta in metas.items() if meta.scores and _is_ours(meta.factory)]
    others = [name for name in heads if name not in names]
    if not names or others:
        why = (
            f"it labels texts, but {', '.join(map(repr, others))} would have no gold"
            if names
            else "no component of the pipeline labels texts"
        )
        raise SpanbertError(
            f"{corpus} would be read as labelled texts: {why}. Give it as .spacy: `python -m spacy "
            f"spanbert convert {corpus} OUTPUT.spacy`"
        )
    # a label that no text of this corpus has can be predicted, and is wrong then
    labels = [label for name in names for label in nlp.pipe_labels[name]]
    problems = Problems("stop")
    convert_labelled(corpus, converted, nlp, problems, pairs=is_pairs, labels=labels)
    print_problems(problems)


def _is_ours(factory: str) -> bool:
    return factory.startswith("spanbert_")


def _reader_block(nlp: Language) -> dict:
    try:
        name = nlp.config["training"]["dev_corpus"]
        block = dot_to_object(nlp.config.interpolate(), name)
    except KeyError:
        block = {}
    if "@readers" not in block or "path" not in block:
        raise SpanbertError(
            "the pipeline's config has no corpus reader with a path in [corpora.dev], which says "
            'how gold Docs are read: add @readers = "spacy-spanbert.Corpus.v1" (for pairs '
            f'"{PAIR_READER}") and path to it'
        )
    block = copy.deepcopy(dict(block))
    factories = {nlp.get_pipe_meta(name).factory for name in nlp.pipe_names}
    if block["@readers"] == "spacy.Corpus.v1" and "spanbert_paircat" in factories:
        # the default of a pipeline that was not trained by `spacy train`
        return {"@readers": PAIR_READER, "path": block["path"]}
    if block["@readers"] == "spacy.Corpus.v1" and (keys := given_keys(nlp)):
        return {"@readers": SPAN_READER, "path": block["path"], "gold_spans": keys}
    return block


def _read(nlp: Language, block: dict, path: Path, named: Path) -> list[Example]:
    reader = registry.resolve({"corpus": {**block, "path": str(path)}})["corpus"]
    try:
        with warnings.catch_warnings():
            # spaCy's warning of a path without .spacy files: an error of ours says it too
            warnings.filterwarnings("ignore", message=r"\[W090\]")
            examples = list(reader(nlp))
    except SpanbertError:
        raise
    except Exception:
        _check_docbins(path, nlp)
        raise
    if not examples:
        raise SpanbertError(
            f"{named} holds no gold Doc: expected a .spacy file with Docs in it, or a folder of "
            "such files (`python -m spacy spanbert convert` makes them)"
        )
    return examples


def _check_docbins(path: Path, nlp: Language) -> None:
    """Tell a damaged file from a fault of the reader."""
    for file in list_files(path, [".spacy"]) if path.is_dir() else [path]:
        for _ in read_docbin(file, nlp.vocab):
            pass
