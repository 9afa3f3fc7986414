"""A document of raw text: its words and sentences, and the pieces they are cut into."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from spacy_spanbert.pretraining.windows import Ints
from spacy_spanbert.text.pieces import Pieces, PieceTokenizer


@dataclass(frozen=True)
class RawDocument:
    """A text, and where its words and sentences begin.

    text (str): The text.
    word_starts (Ints): First character of each word, ascending, shape (n_words,).
    sentence_starts (Ints): First word of each sentence, ascending from 0, shape (n_sentences,).
    """

    text: str
    word_starts: Ints
    sentence_starts: Ints


@dataclass(frozen=True)
class PieceDocument:
    """What of a document the encoder sees. There are no special pieces in it.

    ids (Ints): Vocabulary index of each piece, shape (n_pieces,).
    words (Ints): Number of each piece's word in the document, from 0, never descending, shape
        (n_pieces,). Words without pieces, such as white space, are passed over.
    sentences (Ints): First piece of each sentence, ascending from 0, shape (n_sentences,).
        Sentences without pieces are left out.
    """

    ids: Ints
    words: Ints
    sentences: Ints

    def __len__(self) -> int:
        return len(self.ids)


# With the number of the document that it is, or is a part of.
NumberedDocument = tuple[int, PieceDocument]


class DocumentTokenizer:
    """Cuts documents into pieces, none of which belongs to two words.

    tokenizer (Tokenizer): A tokenizer of the tokenizers library.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = PieceTokenizer(tokenizer)

    def __call__(self, documents: Sequence[RawDocument]) -> list[PieceDocument]:
        """Cut documents into pieces.

        documents (Sequence[RawDocument]): Any texts, also empty ones.
        RETURNS (list[PieceDocument]): One a document; without pieces where the text has none.
        """
        pieces = self._tokenizer(
            [document.text for document in documents],
            [document.word_starts for document in documents],
        )
        return [_join(*pair) for pair in zip(documents, pieces, strict=True)]


def _join(document: RawDocument, pieces: Pieces) -> PieceDocument:
    words = _words_of(pieces, document.word_starts)
    # shape (n_sentences,); a sentence without pieces begins where the next one does
    sentences = np.searchsorted(words, document.sentence_starts, side="left")
    sentences = np.unique(sentences[sentences < len(words)])
    return PieceDocument(pieces.ids, words, sentences.astype(np.int32))


def _words_of(pieces: Pieces, word_starts: Ints) -> Ints:
    """Tell the word that each piece begins in, shape (n_pieces,).

    Byte-level vocabularies have pieces for blanks, without a character of their own once they
    are trimmed: those go with the word before.
    """
    words = np.searchsorted(word_starts, pieces.starts, side="right") - 1
    words = np.maximum(words, 0)
    # normalizers may swap characters (combining marks), and offsets with them
    return np.maximum.accumulate(words).astype(np.int32)
