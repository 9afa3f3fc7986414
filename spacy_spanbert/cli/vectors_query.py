"""Look-up of a word in context: `python -m spacy spanbert vectors ... --query`."""

from pathlib import Path
from typing import Any

from spacy.language import Language
from wasabi import table as draw_table

from spacy_spanbert.cli.vectors_run import VectorsSettings, only_encoder, to_numpy
from spacy_spanbert.data.vector_files import VectorTable, read_vectors
from spacy_spanbert.errors import SpanbertError

HEADER = ("cosine", "text", "document", "start", "context")
MAX_TEXT = 40


def read_made_with(path: Path, about: dict[str, Any]) -> VectorTable:
    """Read vectors that a query can be compared with.

    path (Path): A file of vectors.
    about (dict[str, Any]): How the vector of the query is made.
    RETURNS (VectorTable): The vectors.
    RAISES (SpanbertError): If the file cannot be read, or its vectors were made in another way.
    """
    from spacy_spanbert.layers.vector_origin import describe_differences

    table = read_vectors(path)
    # what the file does not tell is none of what it can be now
    made = {**dict.fromkeys(about, "unknown"), **table.about}
    if differences := describe_differences(made, about):
        raise SpanbertError(
            f"The vectors of {path} cannot be compared with the query's: {differences}. Give the "
            "pipeline, the SOURCE and the options that made the file, or name another OUTPUT to "
            "make one."
        )
    return table


def neighbour_table(
    nlp: Language, table: VectorTable, query: str, word: str | None, n_best: int
) -> str:
    """Render the rows whose vectors are most like that of a word in context.

    See find_neighbours for the arguments.

    RETURNS (str): A table with cosine, text, document, start and context, best first.
    """
    columns = table.columns
    rows = [
        (
            f"{cosine:.3f}",
            columns["text"][row][:MAX_TEXT],
            columns["doc"][row],
            columns["start"][row],
            columns["context"][row],
        )
        for cosine, row in find_neighbours(nlp, table, query, word, n_best)
    ]
    drawn: str = draw_table(rows, header=HEADER, divider=True, aligns=("r", "l", "r", "r", "l"))
    return drawn


def find_neighbours(
    nlp: Language, table: VectorTable, query: str, word: str | None, n_best: int
) -> list[tuple[float, int]]:
    """Find the rows whose vectors are most like that of a word in context.

    nlp (Language): The pipeline, prepared.
    table (VectorTable): Where to look.
    query (str): A text.
    word (str | None): A word of it, the first if there are several; None: the whole text.
    n_best (int): How many rows.
    RETURNS (list[tuple[float, int]]): Cosine and row, best first.
    RAISES (SpanbertError): If the word is not in the text, or scikit-learn is missing.
    """
    try:
        from sklearn.neighbors import NearestNeighbors
    except ImportError as error:
        raise SpanbertError(
            "--query needs scikit-learn: pip install 'spacy-spanbert[vectors]'."
        ) from error
    with only_encoder(nlp, VectorsSettings()):
        doc = nlp(query)
    found = [token for token in doc if word is None or token.text == word]
    if not found:
        raise SpanbertError(
            f"--word {word!r} is no word of the query; it has {', '.join(t.text for t in doc)}."
        )
    vector = doc.vector if word is None else found[0].vector
    if not to_numpy(vector).any():
        raise SpanbertError(f"--query {query!r:.60} has no vector: give a text with letters.")
    index = NearestNeighbors(metric="cosine", algorithm="brute")
    index.fit(table.vectors.astype("float32"))
    n_best = min(n_best, len(table.vectors))
    distances, rows = index.kneighbors(to_numpy(vector)[None], n_neighbors=n_best)
    pairs = zip(distances[0], rows[0], strict=True)
    return [(1 - float(distance), int(row)) for distance, row in pairs]
