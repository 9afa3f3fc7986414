"""Settings that were changed in `cfg`, as `spacy find-threshold` does: refused as in a config."""

import numpy as np
import pytest
import spacy

from spacy_spanbert.errors import SpanbertError
from tests.pipeline.all_heads import examples_for_all, make_all_heads
from tests.tiny_pipeline import initialize, make_optimizer

SPANCAT, FINDER = "spanbert_spancat", "spanbert_span_finder"
RELATIONS, NER, TAGGER = "spanbert_relations", "spanbert_ner", "spanbert_tagger"


@pytest.fixture(scope="module")
def nlp(tiny_bert):
    return make_all_heads(tiny_bert)


@pytest.mark.parametrize(
    ("name", "changed", "message"),
    [
        (SPANCAT, {"threshold": 2}, "threshold is 2, expected a probability, 0 to 1"),
        (SPANCAT, {"threshold": "0.5"}, "threshold is '0.5', expected a probability"),
        (SPANCAT, {"threshold": float("nan")}, "threshold is nan, expected a probability"),
        (SPANCAT, {"max_length": 0}, "max_length is 0, expected .* 1 or more"),
        (
            SPANCAT,
            {"max_length": "auto"},
            "max_length is 'auto', expected a number of .* init",
        ),
        (SPANCAT, {"overlap": "some"}, "overlap is 'some', expected one of any, nested, flat"),
        (SPANCAT, {"write_ents": True}, "write_ents is True, expected false unless"),
        (SPANCAT, {"spans_key": ""}, "spans_key is '', expected a text"),
        (FINDER, {"max_length": "auto"}, "max_length is 'auto', expected a number of words"),
        (FINDER, {"top_k": 0}, "top_k is 0, expected null or a number"),
        (RELATIONS, {"threshold": -1}, "threshold is -1, expected a probability"),
        (
            RELATIONS,
            {"multilabel": True},
            r"multilabel is True, .* 2 outputs, .* asks for 1",
        ),
        (NER, {"decode": "beam"}, "decode is 'beam', expected one of greedy"),
        (NER, {"spans_key": ""}, "spans_key is '', expected a text"),
        (NER, {"scheme": "bioes"}, "scheme is 'bioes', expected what .* 5 outputs, .* asks for 9"),
        (TAGGER, {"decode": "crf"}, "decode is 'crf', expected greedy or viterbi: .* not trained"),
        (TAGGER, {"aggregate": "sum"}, "aggregate is 'sum', expected one of first"),
        ("spanbert_textcat", {"threshold": 2}, "threshold is 2, expected a probability"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_before_anything_is_scored(nlp, name, changed, message):
    pipe = nlp.get_pipe(name)
    before = dict(pipe.cfg)
    examples = examples_for_all(nlp)
    doc = nlp.get_pipe("spanbert")(examples[0].predicted)
    try:
        pipe.cfg |= changed
        for act in (lambda: pipe(doc), lambda: pipe.update(examples, sgd=make_optimizer())):
            with pytest.raises(SpanbertError, match=rf"^\[components\.{name}\] {message}"):
                act()
    finally:
        pipe.cfg = before
    pipe(doc)


def test_numbers_of_numpy_are_numbers(nlp):
    pipe = nlp.get_pipe(SPANCAT)
    before = dict(pipe.cfg)
    pipe.cfg |= {"threshold": np.float32(0.5), "max_length": np.int64(2)}
    nlp.get_pipe(FINDER).cfg["threshold"] = np.float64(0.5)
    assert nlp(examples_for_all(nlp)[0].predicted).spans["sc"] is not None
    pipe.cfg = before


def test_auto_may_be_asked_for_again_at_initialization(tiny_bert, nlp):
    again = spacy.blank("en").from_config(nlp.config)
    examples = examples_for_all(again)
    for name in (SPANCAT, FINDER):
        again.get_pipe(name).cfg["max_length"] = "auto"
    initialize(again, tiny_bert, examples)
    assert again.get_pipe(SPANCAT).cfg["max_length"] == 1
