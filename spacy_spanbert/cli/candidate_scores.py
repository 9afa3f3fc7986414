"""All candidates of a span finder on a gold corpus, whatever its threshold."""

from collections.abc import Iterable, Iterator
from typing import Any

from spacy.language import Language
from spacy.training import Example

from spacy_spanbert.annotations.vectors import release_vectors
from spacy_spanbert.data.memory import forget_activations
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.training.candidate_counts import CandidateCounts

FACTORY = "spanbert_span_finder"


def choose_finder(nlp: Language, name: str | None) -> str:
    """Choose the span finder of a pipeline.

    nlp (Language): The pipeline.
    name (str | None): The component that was asked for, if any.
    RETURNS (str): Its name.
    RAISES (SpanbertError): If there is none, or several and none was named.
    """
    there = [pipe for pipe in nlp.pipe_names if nlp.get_pipe_meta(pipe).factory == FACTORY]
    if name is None and len(there) == 1:
        return there[0]
    if name is None or name not in there:
        names = ", ".join(there) or "none"
        asked = "name one with --component" if name is None else f"{name!r} is none"
        raise SpanbertError(f"the pipeline's components of {FACTORY}: {names}; {asked}")
    return name


def count_candidates(nlp: Language, name: str, examples: Iterable[Example]) -> CandidateCounts:
    """Score all candidates of a corpus; components behind the finder do not run.

    nlp (Language): A trained pipeline.
    name (str): A component of spanbert_span_finder.
    examples (Iterable[Example]): The gold corpus; predicted Docs are annotated and, batch by batch,
        freed of the encoder's output.
    RETURNS (CandidateCounts): Its candidates beside the gold spans.
    """
    finder: Any = nlp.get_pipe(name)
    counts = CandidateCounts()
    for batch in _annotated(nlp, name, examples):
        found = finder.score_all([example.predicted for example in batch])
        for example, spans in zip(batch, found, strict=True):
            counts.add(example, finder.cfg["training_key"], spans.starts, spans.ends, spans.scores)
            forget_activations(release_vectors(example.predicted))
    return counts


def _annotated(nlp: Language, name: str, examples: Iterable[Example]) -> Iterator[list[Example]]:
    """Run the components before the finder, and group what they have seen."""
    from spacy_spanbert.pipeline.batches import batch_by_words

    examples = list(examples)
    before = nlp.pipe_names[: nlp.pipe_names.index(name)]
    with nlp.select_pipes(enable=before):
        docs = nlp.pipe(example.predicted for example in examples)
        references = iter(examples)
        for batch in batch_by_words(docs, nlp.batch_size):
            yield [Example(doc, next(references).reference) for doc in batch]
