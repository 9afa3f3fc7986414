import gc
import weakref

import numpy as np
import pytest
from spacy.language import Language
from spacy.tokens import Doc

from spacy_spanbert.annotations.vectors import set_vectors
from spacy_spanbert.data.annotating import AnnotationCounts, Annotator
from spacy_spanbert.data.inputs import RawRecord
from spacy_spanbert.data.memory import TransientStrings, forget_activations, release_activations
from spacy_spanbert.data.problems import Place, Problems
from tests.data.ruler_pipeline import make_pipeline


class Activations:
    """Stands for an encoder's output: something large that must not stay on Docs."""

    def __init__(self) -> None:
        ALIVE.add(self)


ALIVE: weakref.WeakSet[Activations] = weakref.WeakSet()


@Language.component("test_encoder")
def encode(doc: Doc) -> Doc:
    doc._.trf_data = Activations()
    return doc


def records_of(texts: list[str]) -> list[RawRecord]:
    return [RawRecord(text, "text", Place()) for text in texts]


@pytest.fixture
def encoder_pipeline() -> Language:
    if not Doc.has_extension("trf_data"):  # spacy-transformers adds it when it is imported
        Doc.set_extension("trf_data", default=None)
    nlp = make_pipeline()
    nlp.add_pipe("test_encoder", first=True)
    return nlp


def test_activations_are_dropped_within_the_batch(encoder_pipeline: Language) -> None:
    release_activations(encoder_pipeline)
    gc.collect()
    docs = Annotator(encoder_pipeline, "sc", batch_size=4).annotate(
        records_of(["Paris"] * 20), AnnotationCounts(), Problems()
    )
    held = []
    for doc in docs:
        held.append(doc)
        assert len(ALIVE) <= 4
        assert doc.user_data == {}
        assert doc._.trf_data is None
    assert len(held) == 20
    assert len(ALIVE) == 0


def test_vectors_are_dropped_too(encoder_pipeline: Language) -> None:
    release_activations(encoder_pipeline)

    def set_some(doc: Doc) -> Doc:
        set_vectors(doc, np.ones((len(doc), 2), dtype="float32"))
        return doc

    Language.component("test_vectors", func=set_some)
    encoder_pipeline.add_pipe("test_vectors", first=True)
    doc = encoder_pipeline("Paris")
    assert doc.tensor.size == 0
    assert not doc.user_hooks


def test_without_release_activations_stay(encoder_pipeline: Language) -> None:
    doc = encoder_pipeline("Paris")
    assert len(ALIVE) == 1
    forget_activations(doc)
    assert doc._.trf_data is None


def test_a_pipeline_is_released_once_though_it_is_asked_for_twice(
    encoder_pipeline: Language,
) -> None:
    for _ in range(2):
        release_activations(encoder_pipeline)
    assert encoder_pipeline.pipe_names == ["test_encoder", "span_ruler", "release_activations"]


def test_new_strings_are_forgotten_when_they_are_many() -> None:
    nlp = make_pipeline()
    n_strings = len(nlp.vocab.strings)
    sizes = []
    with TransientStrings(nlp, limit=100) as strings:
        for i in range(50):
            strings.renew()
            doc = nlp(" ".join(f"w{i}x{j}" for j in range(20)) + " Paris")
            assert [span.label_ for span in doc.spans["sc"]] == ["LOC"]
            assert doc[0].text == f"w{i}x0"
            sizes.append(len(nlp.vocab.strings) - n_strings)
            del doc
    assert max(sizes) < 200
    assert len(nlp.vocab.strings) == n_strings
    assert not nlp.vocab.in_memory_zone


def test_few_new_strings_are_kept_from_part_to_part() -> None:
    nlp = make_pipeline()
    with TransientStrings(nlp) as strings:
        nlp("neverseenbefore")
        strings.renew()
        assert "neverseenbefore" in nlp.vocab.strings


def test_strings_stay_where_docs_of_the_input_live_on() -> None:
    nlp = make_pipeline()
    with TransientStrings(nlp, is_active=False, limit=0) as strings:
        doc = nlp("neverseenbefore")
        strings.renew()
        assert doc[0].text == "neverseenbefore"
    assert "neverseenbefore" in nlp.vocab.strings


def test_an_error_ends_the_forgetting() -> None:
    nlp = make_pipeline()
    with pytest.raises(RuntimeError, match="stop"), TransientStrings(nlp):
        raise RuntimeError("stop")
    assert not nlp.vocab.in_memory_zone
    assert nlp("still works")[0].text == "still"
