"""Which special pieces stand around a text, and around and between the texts of a pair."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from transformers.tokenization_utils_fast import PreTrainedTokenizerFast

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.windows import SPECIAL, Ints, Window

# Stand for the two texts while a tokenizer is asked what it puts around them.
_FIRST, _SECOND = -1, -2


@dataclass(frozen=True)
class SpecialPieces:
    """The special pieces of a window.

    gaps (tuple[Ints, ...]): Vocabulary indices of those before the text and those behind it; for
        a pair those before, between and behind the two texts.
    second_segment (int): Segment of a second text; 0 where the tokenizer tells none apart.
    between_first (int): How many of the pieces between two texts belong to the first segment.
    """

    gaps: tuple[Ints, ...]
    second_segment: int = 0
    between_first: int = 0

    def __len__(self) -> int:
        return sum(map(len, self.gaps))

    def put_around(
        self, ids: Sequence[Ints], words: Sequence[Ints], is_next: bool | None = None
    ) -> Window:
        """Make a window of one text or two.

        ids (Sequence[Ints]): Vocabulary indices of each text, each of shape (n_pieces,).
        words (Sequence[Ints]): Word numbers of each text, never descending, from any number on;
            equal ones in two texts are two words.
        is_next (bool | None): Whether the second text follows the first.
        RETURNS (Window): Its words are numbered from 0 without gaps.
        """
        parts = [self.gaps[0]]
        ranks: list[Ints] = [np.full(len(self.gaps[0]), SPECIAL, dtype=np.int32)]
        n_words = 0
        for text, numbers, gap in zip(ids, words, self.gaps[1:], strict=True):
            parts += [text, gap]
            ranks += [_ranks(numbers, n_words), np.full(len(gap), SPECIAL, dtype=np.int32)]
            n_words = int(ranks[-2][-1]) + 1 if len(text) else n_words
        all_ids = np.concatenate(parts, dtype=np.int32)
        segments = np.zeros(len(all_ids), dtype=np.int32)
        if self.second_segment:
            first_len = len(self.gaps[0]) + len(ids[0]) + self.between_first
            segments[first_len:] = self.second_segment
        return Window(all_ids, np.concatenate(ranks), segments, is_next)


def _ranks(words: Ints, first: int) -> Ints:
    """Number words anew, without gaps."""
    if not len(words):
        return words
    ranks: NDArray[np.int32] = np.empty(len(words), dtype=np.int32)
    ranks[0] = first
    np.cumsum(words[1:] != words[:-1], out=ranks[1:])
    ranks[1:] += first
    return ranks


def special_pieces(tokenizer: PreTrainedTokenizerFast, *, pair: bool) -> SpecialPieces:
    """Ask a tokenizer which special pieces it puts around a text or a pair.

    BERT's are `[CLS] a [SEP] b [SEP]`, RoBERTa's `<s> a </s></s> b </s>`, all in one segment.

    tokenizer (PreTrainedTokenizerFast): A checkpoint's.
    pair (bool): Whether there are two texts.
    RETURNS (SpecialPieces): For one text or two.
    RAISES (SpanbertError): If the tokenizer puts no special piece before a text.
    """
    texts = ([_FIRST], [_SECOND]) if pair else ([_FIRST],)
    ids = tokenizer.build_inputs_with_special_tokens(*texts)
    segments = tokenizer.create_token_type_ids_from_sequences(*texts)
    if ids[0] == _FIRST:  # a tokenizer.json without a class of its own
        cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
        ids = [cls, _FIRST, sep, _SECOND, sep] if pair else [cls, _FIRST, sep]
        segments = [0, 0, 0, 1, 1][: len(ids)]
    if None in ids:
        raise SpanbertError(
            f"The tokenizer {type(tokenizer).__name__} has no piece for the beginning of a text "
            "(cls_token) or for its end (sep_token), which every window "
            "needs. Set cls_token and sep_token in its tokenizer_config.json, or name another "
            "one under [pretraining.vocabulary] tokenizer."
        )
    first = ids.index(_FIRST)
    if not pair:
        return SpecialPieces((_ints(ids[:first]), _ints(ids[first + 1 :])))
    second = ids.index(_SECOND)
    gaps = (_ints(ids[:first]), _ints(ids[first + 1 : second]), _ints(ids[second + 1 :]))
    between_first = segments[first + 1 : second].count(0)
    return SpecialPieces(gaps, segments[second], between_first)


def _ints(values: Sequence[int]) -> Ints:
    return np.array(values, dtype=np.int32)
