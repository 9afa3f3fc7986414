"""Shortening two texts so that both fit one encoder input row."""


def shorten_pair(n_first: int, n_second: int, room: int) -> tuple[int, int]:
    """Shorten a pair from the end, the longer text first, until both fit.

    This is what taking pieces away one by one from whichever text is longer comes to, and what
    Hugging Face tokenizers do as `longest_first`.

    n_first (int): Pieces of the first text.
    n_second (int): Pieces of the second text.
    room (int): How many pieces fit in all, 0 or more.
    RETURNS (tuple[int, int]): How many pieces of each are kept; of two that are shortened to the
        same length, the one that was longer (of equal ones the second) keeps the odd piece.
    """
    if n_first + n_second <= room:
        return n_first, n_second
    shorter = min(n_first, n_second, room // 2)
    longer = room - shorter
    return (longer, shorter) if n_first > n_second else (shorter, longer)
