"""Rows of a CoNLL file: which columns hold the word and the BIO tags."""

from collections.abc import Sequence
from typing import NamedTuple

from spacy_spanbert.data.bio import is_tag


class Row(NamedTuple):
    """One word's row: the number of its line, from 1, and its cells."""

    line: int
    cells: list[str]


class Columns(NamedTuple):
    """Where the word stands, and the layers of tags, from the first one on."""

    word: int
    tags: list[int]


def split_row(line: str) -> list[str]:
    """Cut a row into cells: at tabs if it has any, else at white space.

    line (str): The line.
    RETURNS (list[str]): The cells; none for an empty line.
    """
    if not line.strip():
        return []
    return line.split("\t") if "\t" in line else line.split()


def guess_columns(rows: Sequence[Row]) -> Columns | None:
    """Tell the columns from the first sentence.

    The word is first; or second, behind the numbers 1, 2, 3 ... as in GermEval. All columns
    behind it are layers of tags if they hold nothing but tags; otherwise, as in CoNLL 2003, where
    they hold parts of speech and chunks, only the last column is.

    rows (Sequence[Row]): The rows of the sentence, at least one.
    RETURNS (Columns | None): The columns; None if there are no tags in the last one.
    """
    n_columns = min(len(row.cells) for row in rows)
    while n_columns and all(not row.cells[n_columns - 1].strip() for row in rows):
        n_columns -= 1  # Tabs at the end of the lines.

    def is_layer(column: int) -> bool:
        return all(is_tag(tag_of(row.cells[column])) for row in rows)

    numbers = [row.cells[0] for row in rows] == [str(i + 1) for i in range(len(rows))]
    word = 1 if n_columns >= 3 and numbers and not is_layer(1) else 0
    layers = list(range(word + 1, n_columns))
    if not layers or not is_layer(layers[-1]):
        return None
    return Columns(word, layers if all(map(is_layer, layers)) else layers[-1:])


def tag_of(cell: str) -> str:
    """Read the tag in a cell.

    cell (str): The cell.
    RETURNS (str): The tag; "O" for an empty cell.
    """
    return cell.strip("\r ") or "O"
