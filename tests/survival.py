"""Odd texts, and what any pipeline must do with texts: annotate them all, learn from them all."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example

from tests.text.samples import TEXTS
from tests.tiny_pipeline import make_optimizer

STRANGE = {
    "empty": "",
    "blanks": "     ",
    "white space": " \t\n\u00a0\u2003\r\n ",
    "one word": "word",
    "one character": "x",
    "emoji": "👩\u200d👩\u200d👧👍🏽 e\u0301\u0323 ok\ufe0f",
    "marks alone": "\u0301\u0308 \u064e",
    "right to left": TEXTS["ar"] + " \u202eabc\u202c \u200f",
    "control": "a\x00b\x01 c\x07\x1b[31m\x7f\x85\ufeff\ufffd\u2028\u2029",
    "no such piece": "\U0001f9ff\U00020000\U000e0001 ꙮ",
    "private": "\ue000 \U0010ffff \ufdd0",
    "long word": "x" * 5000,
    "long emoji": "👩\u200d" * 400,
    "no blanks": "学" * 700,
    "many blanks": "a" + " " * 3000 + "b",
    "special": "[CLS] [SEP] </s> <mask> [PAD]",
}


def assert_annotated(
    nlp: Language,
    some: Iterable[str],
    assert_sound: Callable[[Doc, str], None],
    batch_size: int = 2,
) -> list[Doc]:
    """Annotate texts in one stream; each comes back in its place, and is sound."""
    texts = list(some)
    docs = list(nlp.pipe(texts, batch_size=batch_size))
    for doc, text in zip(docs, texts, strict=True):
        assert_sound(doc, text)
    return docs


def assert_learned(
    nlp: Language, examples: Sequence[Example], annotates: Sequence[str] = ()
) -> dict[str, float]:
    """Learn a little from examples, the encoder too; every loss is finite."""
    losses: dict[str, float] = {}
    nlp.update(examples, sgd=make_optimizer(1e-6), losses=losses, annotates=annotates)
    nlp.get_pipe("spanbert").flush()
    assert losses and np.isfinite(list(losses.values())).all()
    return losses
