"""Pieces that do not belong to the text."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pretraining.corruption.longest_window import Limited
from spacy_spanbert.pretraining.corruption.share import (
    BERT_SHARE,
    check_count,
    check_share,
    draw_budget,
)
from spacy_spanbert.pretraining.corruption.units import text_gaps, text_places, unchanged
from spacy_spanbert.pretraining.registry import registry
from spacy_spanbert.pretraining.windows import NO_LABEL, SPECIAL, Corrupted, PieceSampler, Window


@registry.corruptions("spacy-spanbert.PieceInsertion.v1")
@dataclass(frozen=True)
class PieceInsertion:
    """Inserts random pieces, and asks of every piece whether it was inserted.

    Windows grow, and nothing of the text is dropped for it: no more is inserted than `max_window`
    has room for. Windows that are packed full have none; pack them shorter, to
    max_window / (1 + share) pieces (445 for 512 and 0.15), to have room for all.

    share (float): Inserted pieces for each piece of the text, special ones not counted, above 0,
        at most 1.
    max_window (int | None): Longest window after insertion, in pieces with special ones, 3 or more;
        None (null) for what the encoder reads.
    RAISES (SpanbertError): If a value is outside its range.
    """

    share: float = BERT_SHARE
    max_window: int | None = None

    def __post_init__(self) -> None:
        check_share("PieceInsertion", "share", self.share)
        if self.max_window is not None:
            check_count("PieceInsertion", "max_window", self.max_window, 3)

    def limit(self, window: int, max_pieces: int) -> Limited:
        """Keep to what the encoder reads.

        window (int): Longest window as it is packed, in pieces with special ones.
        max_pieces (int): Longest input of the encoder, in pieces with special ones.
        RETURNS (Limited): With a note if full windows have no room for all pieces.
        RAISES (SpanbertError): If `max_window` is longer than that.
        """
        longest = max_pieces if self.max_window is None else self.max_window
        if longest > max_pieces:
            raise SpanbertError(
                f"PieceInsertion: max_window is {longest} pieces, but the encoder reads "
                f"{max_pieces} at most: lower it, or leave it out for just that."
            )
        note = None
        fitting = int(longest / (1 + self.share))
        if window > fitting:
            note = (
                f"PieceInsertion inserts {self.share:.0%} where there is room, but windows packed "
                f"to {window} pieces have room for {max(0, longest - window)} more at most: set "
                f"[pretraining.packing] window = {fitting} for all of it."
            )
        return Limited(replace(self, max_window=longest), note)

    def __call__(
        self, window: Window, rng: np.random.Generator, sampler: PieceSampler
    ) -> Corrupted:
        """Corrupt a window.

        Every gap is as likely as any other: before each piece of the text, and after its last.
        Several pieces can come into one gap.

        window (Window): The window; not changed.
        rng (Generator): Source of randomness.
        sampler (PieceSampler): Draws pieces by their frequency in the training text.
        RETURNS (Corrupted): With `inserted`: a label at each piece but special ones. A window
            without text stays as it is. `counts`: `inserted`, and `no_room`: pieces that would have
            made the window too long.
        """
        wanted = draw_budget(self.share, len(text_places(window)), rng)
        n_inserted = wanted
        if self.max_window is not None:
            n_inserted = min(wanted, max(0, self.max_window - len(window)))
        gaps = np.flatnonzero(text_gaps(window))
        # shape (n_inserted,), places of the pieces before which to insert
        before = np.sort(rng.choice(gaps, n_inserted)) if n_inserted else gaps[:0]
        labels = np.where(window.words == SPECIAL, NO_LABEL, 0).astype(np.int32)
        return replace(
            unchanged(window),
            ids=np.insert(window.ids, before, sampler.draw(n_inserted, rng)),
            segments=np.insert(window.segments, before, window.segments[before]),
            inserted=np.insert(labels, before, 1),
            counts=+Counter(inserted=n_inserted, no_room=wanted - n_inserted),
        )
