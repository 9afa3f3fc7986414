"""A pipeline that finds nested spans by rules, with components that misbehave on demand."""

import time
from collections.abc import Iterable, Iterator

import spacy
from spacy.language import Language
from spacy.tokens import Doc

PATTERNS = [
    {"label": "PER", "pattern": [{"TEXT": "Lord"}, {"IS_TITLE": True}]},
    {"label": "PER", "pattern": "Grenville"},
    {"label": "LOC", "pattern": "Paris"},
]


@Language.component("test_fails_on_bad")
def fail_on_bad(doc: Doc) -> Doc:
    """Fail as a component may: only on some records, in the middle of a batch."""
    if "BAD" in doc.text:
        raise IndexError("no BAD words,\nplease")
    doc.spans["seen"] = [doc[:1]]
    return doc


@Language.component("test_slow")
def be_slow(doc: Doc) -> Doc:
    time.sleep(0.02)
    return doc


@Language.factory("test_loses")
class Losing:
    """Lose every Doc of one word, in `pipe` only."""

    def __init__(self, nlp: Language, name: str) -> None:
        pass

    def __call__(self, doc: Doc) -> Doc:
        return doc

    def pipe(self, stream: Iterable[Doc], batch_size: int = 1) -> Iterator[Doc]:
        yield from (doc for doc in stream if len(doc) != 1)


def make_pipeline(*components: str, spans_key: str = "sc") -> Language:
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": spans_key})
    ruler.add_patterns(PATTERNS)  # type: ignore[attr-defined]
    for name in components:
        nlp.add_pipe(name)
    return nlp
