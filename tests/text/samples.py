"""Texts in many scripts, and words cut out of them at random."""

from typing import NamedTuple

import numpy as np
import spacy
from hypothesis import strategies as st
from numpy.typing import NDArray
from spacy.tokens import Doc

TEXTS = {
    "en": "She cannot stay; they're gonna leave (soon-ish), at 10:30a.m. don't!!'sell",
    "de": "Der Übergrößenträger läßt's über-morgen z.B. im \u201eSchloß\u201c fallen.",
    "ru": "Ёлка — это ель, а объём работ вырос на 5,5%; кто-нибудь придёт?",
    "ar": "هَذَا كِتَابٌ جَمِيلٌ، وَالوَلَدُ يَقْرَأُهُ فِي البَيْتِ.",
    "zh": "我是学生，你好！今天天气很好。北京的语言模型GPT4很大",
    "emoji": "ok👍🏽! 👩\u200d👩\u200d👧 family 😀😀 e\u0301te\u0301 n\u0303a\u0308",
    "white": "  two\t\ttabs \n\n lines\u00a0hard\u2003wide \x0c feed\x1cunit\x85next ",
    "special": "[SEP] </s> [CLS]x<s> ##ing [MASK]. Ġa",
}
SCRIPTS = ("en", "de", "ru", "ar", "zh")

Ints = NDArray[np.int32]


class Words(NamedTuple):
    """A text and where its words lie."""

    text: str
    starts: Ints
    ends: Ints


def words_of(doc: Doc) -> Words:
    starts = [word.idx for word in doc]
    return make_words(doc.text, starts, [word.idx + len(word) for word in doc])


def make_words(text: str, starts: list[int], ends: list[int]) -> Words:
    return Words(text, np.array(starts, dtype=np.int32), np.array(ends, dtype=np.int32))


def spacy_words(name: str) -> Words:
    """Cut a sample as spaCy does in its language; Chinese into characters."""
    return words_of(spacy.blank(name if name in SCRIPTS else "xx")(TEXTS[name]))


characters = st.one_of(
    st.sampled_from("abcXYZ019 .,'!-()\n\t"),
    st.sampled_from("".join(TEXTS.values())),
    st.characters(exclude_categories=["Cs"]),
)
texts = st.one_of(
    st.text(characters, max_size=30),
    st.lists(
        st.sampled_from(["'s", "n't", "cannot", " ", "  ", "!!", "é", "e\u0301"]), max_size=9
    ).map("".join),
)


@st.composite
def cut_texts(draw: st.DrawFn) -> Words:
    """Any text, with words as a Doc has them: they touch, or there is one blank between."""
    words = draw(st.lists(st.tuples(texts.filter(len), st.booleans()), max_size=12))
    starts, ends, text = [], [], ""
    for word, has_blank in words:
        starts.append(len(text))
        text += word
        ends.append(len(text))
        text += " " * has_blank
    return make_words(text, starts, ends)
