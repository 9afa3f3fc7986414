"""How long corruption may make a window."""

from typing import NamedTuple, Protocol, runtime_checkable

from spacy_spanbert.pretraining.windows import Corruption


class Limited(NamedTuple):
    """A corruption that makes no window longer than the encoder reads.

    corruption (Corruption): What is done to windows.
    note (str | None): What a user should know, if windows are packed too full for it.
    """

    corruption: Corruption
    note: str | None = None


@runtime_checkable
class Lengthening(Protocol):
    """A corruption that may make windows longer, or has parts that may."""

    def limit(self, window: int, max_pieces: int) -> Limited:
        """Keep to what the encoder reads.

        window (int): Longest window as it is packed, in pieces with special ones.
        max_pieces (int): Longest input of the encoder, in pieces with special ones.
        RETURNS (Limited): The same corruption, limited.
        RAISES (SpanbertError): If it was told to make them longer than that.
        """


def limit_windows(corruption: Corruption, window: int, max_pieces: int) -> Limited:
    """Keep a corruption to what the encoder reads.

    corruption (Corruption): Any; those that make no window longer stay as they are.
    window (int): Longest window as it is packed, in pieces with special ones.
    max_pieces (int): Longest input of the encoder, in pieces with special ones.
    RETURNS (Limited): The same corruption, limited.
    RAISES (SpanbertError): If it was told to make them longer than that.
    """
    if isinstance(corruption, Lengthening):
        return corruption.limit(window, max_pieces)
    return Limited(corruption)
