"""Batches of bounded length."""

from collections.abc import Iterable, Iterator

from spacy.pipeline import TrainablePipe
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


def annotate_stream(
    component: TrainablePipe, stream: Iterable[Doc], batch_size: int
) -> Iterator[Doc]:
    """Run a component over a stream of Docs, in batches of bounded length.

    component (TrainablePipe): What predicts and sets annotations.
    stream (Iterable[Doc]): Docs that the components before it have seen.
    batch_size (int): The most Docs in a batch.
    YIELDS (Doc): The Docs, in order; of a batch that failed, none, if the error handler of the
        component does not raise.
    """
    error_handler = component.get_error_handler()
    for docs in batch_by_words(stream, batch_size):
        try:
            component.set_annotations(docs, component.predict(docs))
            yield from docs
        except Exception as error:  # the user's error handler decides
            error_handler(component.name, component, docs, error)
