"""Any text at all: nothing is lost, nothing hangs, nothing is out of bounds."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy import Language
from spacy.tokens import Doc
from spacy.training import Example

from tests.several_processes import assert_done
from tests.survival import STRANGE, assert_annotated, assert_learned
from tests.text.samples import TEXTS, texts
from tests.tiny_pipeline import found_spans, make_nlp

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=["bert", "roberta"])
def nlp(request: pytest.FixtureRequest, tiny_bert: Path, tiny_roberta: Path) -> Language:
    """Writes a span for many candidates, in small windows."""
    checkpoint = tiny_bert if request.param == "bert" else tiny_roberta
    nlp = make_nlp(
        checkpoint,
        encoder={"model": {"window": 24, "batch_pieces": 256}},
        spancat={"threshold": 0.3},
    )
    nlp.max_length = 10_000_000
    return nlp


def assert_sound(doc: Doc, text: str) -> None:
    assert doc.text == text
    data = doc._.trf_data
    hidden = data.model_output["last_hidden_state"][0]
    assert np.isfinite(hidden).all()
    assert len(data.align.lengths) == len(doc)
    assert data.align.dataXd.max(initial=0) < len(hidden)
    group = doc.spans["sc"]
    assert all(0 <= span.start < span.end <= len(doc) for span in group)
    scores = group.attrs["scores"]
    assert len(scores) == len(group)
    assert ((scores >= 0.3) & (scores <= 1)).all()


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_text_is_annotated(nlp, name):
    assert_sound(nlp(STRANGE[name]), STRANGE[name])


@pytest.mark.parametrize("batch_size", [1, 3, 1000])
def test_strange_texts_in_one_stream_come_back_in_order(nlp, batch_size):
    expected = [found_spans(nlp(text)) for text in STRANGE.values()]
    docs = assert_annotated(nlp, STRANGE.values(), assert_sound, batch_size)
    assert [found_spans(doc) for doc in docs] == expected


@settings(max_examples=60, deadline=None)
@given(some=st.lists(texts, max_size=6))
def test_any_texts_are_annotated(nlp, some):
    assert_annotated(nlp, some, assert_sound)


@settings(max_examples=25, deadline=None)
@given(some=st.lists(texts, min_size=1, max_size=4), data=st.data())
def test_any_texts_are_learned_from(nlp, some, data):
    """With some spans, none, or no annotation."""
    examples = []
    for text in some:
        gold = nlp.make_doc(text)
        if data.draw(st.booleans()):
            gold.spans["sc"] = []
            if len(gold) and data.draw(st.booleans()):
                start = data.draw(st.integers(0, len(gold) - 1))
                end = data.draw(st.integers(start + 1, len(gold)))
                gold.spans["sc"] = [gold[start:end]]
                gold.spans["sc"][0].label_ = "PER"
        examples.append(Example(nlp.make_doc(text), gold))
    assert_learned(nlp, examples)


def test_strange_texts_are_learned_from_in_one_batch(nlp):
    examples = []
    for text in STRANGE.values():
        gold = nlp.make_doc(text)
        gold.spans["sc"] = [gold[0:1]] if len(gold) else []
        examples.append(Example(nlp.make_doc(text), gold))
    assert_learned(nlp, examples)


def test_words_and_spaces_made_by_hand_are_kept(nlp):
    words = ["a", " ", "can", "not", "\n", "x" * 300, "\u0301", "!", "'", "sell"]
    doc = nlp(Doc(nlp.vocab, words=words, spaces=[False] * len(words)))
    assert [word.text for word in doc] == words
    assert_sound(doc, "".join(words))


@pytest.mark.slow
def test_a_document_of_a_hundred_thousand_words_is_annotated(nlp):
    words = (" ".join(TEXTS.values()).split() * 3000)[:100_000]
    nlp.get_pipe("spanbert_spancat").cfg["threshold"] = 0.6
    try:
        doc = nlp(Doc(nlp.vocab, words=words))
    finally:
        nlp.get_pipe("spanbert_spancat").cfg["threshold"] = 0.3
    assert len(doc) == 100_000
    assert_sound(doc, doc.text)
    assert (doc._.trf_data.align.lengths > 0).mean() > 0.9


SEVERAL_PROCESSES = """
import sys, warnings, spacy
warnings.simplefilter("error")
nlp = spacy.load(sys.argv[1])
texts = ["The old mayor of New York met the daughter of the king .", "", "  ", "Anna"] * 8
expected = [[(s.start, s.end, s.label_) for s in doc.spans["sc"]] for doc in nlp.pipe(texts)]
docs = list(nlp.pipe(texts, n_process=2, batch_size=4))
assert [doc.text for doc in docs] == texts
found = [[(s.start, s.end, s.label_) for s in doc.spans["sc"]] for doc in docs]
assert found == expected, (found, expected)
assert any(found)
assert all(len(doc.spans["sc"].attrs["scores"]) == len(doc.spans["sc"]) for doc in docs)
print("done")
"""


def test_several_processes_after_a_forward_pass_in_the_parent(trained_folder):
    """A fork after OpenMP has started its threads must not hang."""
    assert_done(SEVERAL_PROCESSES, trained_folder, n_threads=2)
