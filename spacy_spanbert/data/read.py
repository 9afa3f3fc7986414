"""Read a corpus of any known format: the one way in."""

from collections.abc import Iterator
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc

from spacy_spanbert.data.docbin import read_docbin
from spacy_spanbert.data.docs import make_docs
from spacy_spanbert.data.files import format_suffix, list_files
from spacy_spanbert.data.jsonl import read_jsonl
from spacy_spanbert.data.problems import CorpusError, Problems

SUFFIX_FORMATS = {".spacy": "spacy", ".jsonl": "jsonl"}


def read_docs(
    path: Path,
    nlp: Language,
    *,
    format: str | None = None,  # noqa: A002
    spans_key: str = "sc",
    group: str | None = None,
    retokenize: bool = False,
    problems: Problems,
) -> Iterator[Doc]:
    """Read the Docs of a corpus, one after the other.

    path (Path): A `.spacy`, `.jsonl` or `.gz` file of these, or a folder of such files.
    nlp (Language): Its vocabulary, and its tokenizer where the corpus has no words.
    format (str | None): "spacy", "jsonl"; None: told from the suffix.
    spans_key (str): The key of `doc.spans`; set on every Doc, but those of `.spacy` files come
        as they were written.
    group (str | None): In JSONL, consecutive records with the same value of this key become
        one Doc with a sentence for each. None: a record is a Doc.
    retokenize (bool): Use the tokenizer of `nlp` on JSONL even if the corpus has words.
    problems (Problems): Told of all that is wrong and left out.
    YIELDS (Doc): The Docs.
    RAISES (CorpusError): If the path cannot be read, or is of no known format.
    """
    path = Path(path)
    for file in _files(path):
        if (format or SUFFIX_FORMATS[format_suffix(file)]) == "spacy":
            yield from read_docbin(file, nlp.vocab)
        else:
            yield from make_docs(
                read_jsonl(file, problems),
                nlp,
                spans_key=spans_key,
                problems=problems,
                group=group,
                retokenize=retokenize,
            )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = list_files(path, SUFFIX_FORMATS)
    if not files:
        raise CorpusError(f"{path}: no file of a known format in this folder.")
    return files
