"""The finder's candidates as those of spancat: ours and spaCy's own."""

from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from tests.finder_pipeline import (
    SUGGESTER,
    add_finder,
    bare,
    boundaries,
    fit_chain,
    make_chain,
)
from tests.pipeline.heads import LISTENER
from tests.tiny_pipeline import (
    NESTED,
    add_encoder,
    fit,
    found_spans,
    initialize,
    make_examples,
)


def suggest(docs: list[Doc], spans_key: str = "candidates"):
    make = spacy.registry.misc.get("spacy-spanbert.candidates_suggester.v1")
    return make(spans_key=spans_key)(docs)


def test_it_suggests_what_spacys_own_does():
    nlp = spacy.blank("en")
    docs = [nlp.make_doc("a b c"), nlp.make_doc(""), nlp.make_doc("d e")]
    for doc in docs:
        doc.spans["candidates"] = []
    docs[0].spans["candidates"] = [docs[0][0:2], docs[0][1:3]]
    docs[2].spans["candidates"] = [docs[2][0:1]]
    found = suggest(docs)
    preset = spacy.registry.misc.get("spacy.preset_spans_suggester.v1")(spans_key="candidates")
    np.testing.assert_array_equal(found.dataXd, preset(docs).dataXd)
    np.testing.assert_array_equal(found.lengths, preset(docs).lengths)


def test_no_candidates_have_the_shape_of_some():
    doc = spacy.blank("en").make_doc("a b")
    doc.spans["candidates"] = []
    assert suggest([doc]).dataXd.shape == (0, 2)
    assert suggest([doc]).lengths.tolist() == [0]
    assert suggest([]).lengths.tolist() == []


def test_a_doc_without_candidates_says_what_is_missing_in_the_config():
    doc = spacy.blank("en").make_doc("Anna sleeps")
    with pytest.raises(ValueError, match=r"'Anna sleeps' has no doc\.spans\['mine'\].*annotating"):
        suggest([doc], "mine")


def test_the_chain_learns_to_label_what_the_finder_finds(tiny_bert, tmp_path, capsys):
    nlp = make_chain(tiny_bert)
    assert "write to doc.spans['candidates']" in capsys.readouterr().err
    examples = make_examples(nlp)
    losses = fit_chain(nlp, examples, 100)
    assert losses["spanbert_spancat"] > 0
    docs = list(nlp.pipe([bare(nlp, example.reference) for example in examples]))
    for doc, (_, gold) in zip(docs, NESTED, strict=True):
        assert found_spans(doc) == sorted(gold)
        candidates = set(boundaries(doc))
        assert {span[:2] for span in found_spans(doc)} <= candidates
        # few are left to decide on
        assert len(candidates) < 3 * len(gold)
    nlp.to_disk(tmp_path / "nlp")
    loaded = spacy.load(tmp_path / "nlp")
    again = list(loaded.pipe([bare(loaded, example.reference) for example in examples]))
    assert [found_spans(doc) for doc in again] == [found_spans(doc) for doc in docs]


def test_only_candidates_are_labelled(tiny_bert):
    nlp = make_chain(tiny_bert)
    nlp.get_pipe("spanbert_spancat").cfg["threshold"] = 0.0
    for threshold in (0.0, 0.5, 1.0):
        nlp.get_pipe("spanbert_span_finder").cfg["threshold"] = threshold
        doc = nlp(Doc(nlp.vocab, words=NESTED[0][0]))
        assert [span[:2] for span in found_spans(doc)] == boundaries(doc)


def test_in_training_the_finder_must_annotate(tiny_bert):
    nlp = make_chain(tiny_bert)
    with pytest.raises(ValueError, match=r"annotating_components = \[\"spanbert\", "):
        fit(nlp, make_examples(nlp), 1)


def test_spacys_spancat_takes_the_candidates_too(tiny_bert: Path):
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_finder(nlp)
    model = {
        "@architectures": "spacy.SpanCategorizer.v1",
        "tok2vec": LISTENER,
        "reducer": {"@layers": "spacy.mean_max_reducer.v1", "hidden_size": 8},
        "scorer": {"@layers": "spacy.LinearLogistic.v1"},
    }
    nlp.add_pipe("spancat", config={"model": model, "suggester": SUGGESTER, "threshold": 0.0})
    examples = make_examples(nlp)
    initialize(nlp, tiny_bert, examples)
    fit_chain(nlp, examples, 2)
    doc = nlp(Doc(nlp.vocab, words=NESTED[0][0]))
    assert {span[:2] for span in found_spans(doc)} == set(boundaries(doc))
