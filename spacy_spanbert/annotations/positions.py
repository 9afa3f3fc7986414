"""Where the words of two tokenizations of one text stand, on a common ruler."""

from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from spacy.tokens import Doc

from spacy_spanbert.errors import SpanbertError

Boundaries = tuple[int, int]


class WordPositions(NamedTuple):
    """Starts and ends (exclusive) of the words of a Doc, both rising; each of length n_words."""

    starts: list[int]
    ends: list[int]

    def place(self, start: int, end: int) -> Boundaries:
        """Place a span of words on the ruler.

        start (int): First word.
        end (int): Word after the last; a span may have no words.
        RETURNS (tuple[int, int]): Start and end (exclusive); equal if the span has no words.
        """
        if start < end:
            return self.starts[start], self.ends[end - 1]
        edge = self.ends[start - 1] if start else 0
        return edge, edge


def word_positions(predicted: Doc, reference: Doc) -> tuple[WordPositions, WordPositions]:
    """Give each word of two Docs a position that means the same in both.

    Where the texts are equal, that is the character offset. Where they differ in
    white space only (gold words given without spaces), it is the number of
    characters before it that are not white space.

    predicted (Doc): The Doc as the pipeline tokenizes it.
    reference (Doc): The Doc with the gold annotation.
    RETURNS (tuple[WordPositions, WordPositions]): Of the predicted and of the reference
        words; empty lists for empty Docs.
    RAISES (SpanbertError): If the texts differ in more than white space and case.
    """
    text, other = predicted.text, reference.text
    if text == other:
        offsets = range(len(text) + 1)
        return _on_ruler(predicted, offsets), _on_ruler(reference, offsets)
    bare, other_bare = "".join(text.split()), "".join(other.split())
    if len(bare) != len(other_bare) or bare.lower() != other_bare.lower():
        raise SpanbertError(
            "the predicted and the reference Doc of an example must have the same text; "
            f"got {_shorten(text)} and {_shorten(other)}"
        )
    return _on_ruler(predicted, _count_visible(text)), _on_ruler(reference, _count_visible(other))


def copy_sentences(source: Doc, target: Doc) -> None:
    """Set the sentence boundaries of a Doc on other words of the same text.

    A sentence that begins inside a word of the target is joined to the one before.

    source (Doc): The Doc with the boundaries; without any, nothing is done.
    target (Doc): The Doc that gets them; may be empty.
    RAISES (SpanbertError): If the texts differ in more than white space and case.
    """
    if not len(target) or not source.has_annotation("SENT_START"):
        return
    words, source_words = word_positions(target, source)
    first_words = {source_words.starts[sentence.start] for sentence in source.sents}
    flags: Any = np.full((len(target), 1), -1, dtype="int64")  # spaCy's stub wants its own type
    # backwards, so that of words at one place (white space without width) the first counts
    begins = {words.starts[word]: word for word in reversed(range(len(target)))}
    flags[[0, *(begins[start] for start in first_words if start in begins)]] = 1
    target.from_array(["SENT_START"], flags.astype("uint64"))


def _on_ruler(doc: Doc, ruler: range | list[int]) -> WordPositions:
    starts = [ruler[word.idx] for word in doc]
    ends = [ruler[word.idx + len(word)] for word in doc]
    return WordPositions(starts, ends)


def _count_visible(text: str) -> list[int]:
    return list(accumulate((not character.isspace() for character in text), initial=0))


def _shorten(text: str, limit: int = 40) -> str:
    return repr(text if len(text) <= limit else text[:limit] + "...")
