"""Keep memory flat while a pipeline runs over a large corpus."""

from contextlib import ExitStack
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from spacy_spanbert.annotations.vectors import release_vectors

ACTIVATIONS = "trf_data"
CLEANER = "release_activations"
MAX_NEW_STRINGS = 200_000


@Language.component(CLEANER)
def _release(doc: Doc) -> Doc:
    """Unlike spaCy's `doc_cleaner`, leave no `doc.tensor` that is None."""
    doc._.set(ACTIVATIONS, None)
    return release_vectors(doc)


def release_activations(nlp: Language) -> None:
    """Make a pipeline drop the encoder's output, and vectors, from every Doc at its end.

    nlp (Language): The pipeline; gets a component for that, if its components make such output.
    """
    if Doc.has_extension(ACTIVATIONS) and CLEANER not in nlp.pipe_names:
        nlp.add_pipe(CLEANER, last=True)


def forget_activations(doc: Doc) -> None:
    """Take the place of the encoder's output off a Doc, so that files do not hold it.

    doc (Doc): The Doc, from a pipeline with `release_activations`.
    """
    user_data: dict[Any, Any] = doc.user_data
    user_data.pop(("._.", ACTIVATIONS, None, None), None)


class TransientStrings:
    """Forget new words now and then, so that the vocabulary does not grow with the corpus.

    Docs that were made before `renew` must not be used after it.

    nlp (Language): The pipeline.
    is_active (bool): Whether to do it at all: not if Docs of the input live longer.
    limit (int): How many new strings the vocabulary may have, roughly.
    """

    def __init__(
        self, nlp: Language, *, is_active: bool = True, limit: int = MAX_NEW_STRINGS
    ) -> None:
        self._nlp = nlp
        self._is_active = is_active
        self._limit = limit
        self._n_strings = 0
        self._zone = ExitStack()

    def __enter__(self) -> "TransientStrings":
        if self._is_active:
            self._n_strings = len(self._nlp.vocab.strings)
            self._zone.enter_context(self._nlp.memory_zone())
        return self

    def __exit__(self, *_: object) -> None:
        self._zone.close()

    def renew(self) -> None:
        """Forget the new strings if they are too many."""
        if self._is_active and len(self._nlp.vocab.strings) - self._n_strings >= self._limit:
            self._zone.close()
            self.__enter__()
