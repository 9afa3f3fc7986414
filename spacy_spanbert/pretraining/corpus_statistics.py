"""How much text a corpus has, and how well the vocabulary fits it."""

from dataclasses import dataclass

import numpy as np

from spacy_spanbert.pretraining.documents import PieceDocument

MANY_UNKNOWN = 0.02


@dataclass
class CorpusStatistics:
    """Counts of a corpus.

    documents (int): Those with a piece, before long ones were cut.
    held_out_documents (int): Those of them that are kept out of training.
    sentences (int): Those with a piece.
    words (int): Those with a piece; white space has none.
    pieces (int): Without special pieces.
    unknown (int): Pieces that stand for what the vocabulary does not have.
    parts (int): Documents after long ones were cut.
    """

    documents: int = 0
    held_out_documents: int = 0
    sentences: int = 0
    words: int = 0
    pieces: int = 0
    unknown: int = 0
    parts: int = 0

    @property
    def pieces_per_word(self) -> float:
        """RETURNS (float): On average; 0.0 without words."""
        return self.pieces / self.words if self.words else 0.0

    @property
    def unknown_share(self) -> float:
        """RETURNS (float): Share of the pieces, 0 to 1; 0.0 without pieces."""
        return self.unknown / self.pieces if self.pieces else 0.0

    def add(self, document: PieceDocument, unknown: int | None) -> None:
        """Count what is in a document, or in a part of one.

        document (PieceDocument): The part, with one piece or more.
        unknown (int | None): Vocabulary index of the unknown piece, if there is one.
        """
        self.parts += 1
        self.sentences += len(document.sentences)
        self.words += 1 + int(np.count_nonzero(document.words[1:] != document.words[:-1]))
        self.pieces += len(document)
        if unknown is not None:
            self.unknown += int(np.count_nonzero(document.ids == unknown))


def render_statistics(statistics: CorpusStatistics) -> str:
    """Write the counts for people.

    statistics (CorpusStatistics): The counts.
    RETURNS (str): One line a count, and a warning where the vocabulary lacks much of the text.
    """
    counts = statistics
    notes = [f"{counts.held_out_documents:,} held out"]
    if counts.parts > counts.documents:
        notes.append(f"long ones cut: {counts.parts:,} parts")
    lines = [
        f"documents        {counts.documents:>14,}  ({'; '.join(notes)})",
        f"sentences        {counts.sentences:>14,}",
        f"words            {counts.words:>14,}",
        f"pieces           {counts.pieces:>14,}",
        f"pieces per word  {counts.pieces_per_word:>14.2f}",
        f"unknown pieces   {counts.unknown_share:>14.2%}",
    ]
    if counts.unknown_share > MANY_UNKNOWN:
        lines.append(
            "Many pieces are unknown: nothing is learned from them. Is this the vocabulary of the "
            "text's language, and does it keep or drop capitals as it should?"
        )
    return "\n".join(lines)
