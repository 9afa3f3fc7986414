"""Batches of bounded length."""

from collections.abc import Iterable, Iterator

from spacy.tokens import Doc

# Enough for full batches inside the encoder, little enough for memory not to grow with a corpus.
MAX_BATCH_WORDS = 8192


def batch_by_words(
    stream: Iterable[Doc], batch_size: int, max_words: int = MAX_BATCH_WORDS
) -> Iterator[list[Doc]]:
    """Group Docs in order.

    stream (Iterable[Doc]): Any Docs.
    batch_size (int): The most Docs in a batch.
    max_words (int): The most words in a batch; a longer Doc is a batch of its own.
    YIELDS (list[Doc]): At least one Doc.
    """
    batch: list[Doc] = []
    n_words = 0
    for doc in stream:
        if batch and (len(batch) >= batch_size or n_words + len(doc) > max_words):
            yield batch
            batch, n_words = [], 0
        batch.append(doc)
        n_words += len(doc)
    if batch:
        yield batch
