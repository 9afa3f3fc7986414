"""The component `spanbert_relations`: what it finds, and what survives."""

import os
import subprocess
import sys

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_spanbert import Relation
from spacy_spanbert.annotations.relations import has_relations
from spacy_spanbert.errors import SpanbertError
from tests.relation_pipeline import (
    RELATED,
    bare_doc,
    found_relations,
    gold_doc,
    make_relations_nlp,
    predict,
    relation_examples,
)
from tests.survival import STRANGE, assert_learned
from tests.tiny_pipeline import fit

NAME = "spanbert_relations"


@pytest.fixture(scope="module")
def trained_bytes(tiny_bert):
    nlp = make_relations_nlp(tiny_bert, symmetric=["spouse_of"])
    fit(nlp, relation_examples(nlp), 60)
    return nlp.config, nlp.to_bytes()


@pytest.fixture
def trained(trained_bytes):
    """A pipeline that has learned RELATED by heart, yours to change."""
    config, data = trained_bytes
    return spacy.blank("en").from_config(config).from_bytes(data)


@pytest.mark.parametrize("how", ["bytes", "disk"])
def test_a_saved_pipeline_finds_the_same_relations_with_the_same_scores(trained, tmp_path, how):
    expected = [doc._.relations for doc in predict(trained)]
    if how == "disk":
        trained.to_disk(tmp_path)
        loaded = spacy.load(tmp_path)
    else:
        loaded = spacy.blank("en").from_config(trained.config).from_bytes(trained.to_bytes())
    found = [doc._.relations for doc in predict(loaded)]
    assert [[r.score for r in rs] for rs in found] == [[r.score for r in rs] for rs in expected]
    assert loaded.get_pipe(NAME).cfg == trained.get_pipe(NAME).cfg
    assert loaded.get_pipe(NAME).labels == ("based_in", "lives_in", "rules", "spouse_of")
    assert loaded.get_pipe(NAME).seen == trained.get_pipe(NAME).seen


def test_files_that_do_not_belong_together_are_refused(trained, tmp_path):
    trained.to_disk(tmp_path)
    cfg = tmp_path / NAME / "cfg"
    cfg.write_text(cfg.read_text("utf8").replace('"rules",', ""), "utf8")
    with pytest.raises(SpanbertError, match=r"model has 5 outputs, but .* ask for 4"):
        spacy.load(tmp_path)


def test_relations_survive_docbin_bytes_and_copies(trained):
    docs = predict(trained)
    for doc in docs:
        doc._.trf_data = None
    stored = DocBin().from_bytes(DocBin(docs=docs).to_bytes()).get_docs(trained.vocab)
    for doc, other in zip(docs, stored, strict=True):
        scores = [r.score for r in doc._.relations]
        for copied in (
            other,
            doc.copy(),
            Doc(trained.vocab).from_bytes(doc.to_bytes(exclude=["user_hooks"])),
        ):
            assert has_relations(copied)
            assert found_relations(copied) == found_relations(doc)
            assert [r.score for r in copied._.relations] == pytest.approx(scores)


def test_symmetric_relations_are_stored_once_from_the_span_that_comes_first(trained):
    doc = predict(trained)[2]
    (relation,) = doc._.relations
    assert (relation.head.text, relation.label, relation.tail.text) == ("Anna", "spouse_of", "Bob")
    trained.get_pipe(NAME).cfg["threshold"] = 0.0
    for doc in predict(trained):
        found = {(h, t) for h, _, t, _, label in found_relations(doc) if label == "spouse_of"}
        assert not found & {(t, h) for h, t in found}


def test_at_threshold_zero_every_candidate_pair_is_written(tiny_bert):
    nlp = make_relations_nlp(
        tiny_bert, threshold=0.0, candidates={"label_pairs": "any", "max_distance": None}
    )
    for doc in predict(nlp):
        n_spans = len(doc.spans["sc"])
        assert len(doc._.relations) == n_spans * (n_spans - 1)
    nlp.get_pipe(NAME).cfg["threshold"] = 1.0
    assert sum(len(doc._.relations) for doc in predict(nlp)) == 0


def test_the_order_of_the_spans_does_not_count(trained):
    for related in RELATED:
        doc, turned = bare_doc(trained, related), bare_doc(trained, related)
        turned.spans["sc"] = list(turned.spans["sc"])[::-1] * 2
        one, other = trained(doc), trained(turned)
        assert found_relations(one) == found_relations(other)
        for a, b in zip(one._.relations, other._.relations, strict=True):
            assert a.score == pytest.approx(b.score, abs=1e-6)


def test_each_doc_has_the_relations_it_has_alone(trained):
    together = predict(trained)
    for related, doc in zip(RELATED, together, strict=True):
        alone = trained(bare_doc(trained, related))
        assert found_relations(alone) == found_relations(doc)
        for a, b in zip(alone._.relations, doc._.relations, strict=True):
            assert a.score == pytest.approx(b.score, abs=1e-5)


def test_pairs_in_small_blocks_have_the_same_scores(trained, monkeypatch):
    trained.get_pipe(NAME).cfg["threshold"] = 0.0
    expected = predict(trained)
    for module in ("relation_candidates", "relation_arguments"):
        monkeypatch.setattr(f"spacy_spanbert.pipeline.{module}.BLOCK_PAIRS", 2)
    for doc, before in zip(predict(trained), expected, strict=True):
        assert found_relations(doc) == found_relations(before)
        scores = [r.score for r in before._.relations]
        assert [r.score for r in doc._.relations] == pytest.approx(scores, abs=1e-5)


def test_a_label_of_spans_that_was_never_seen_is_scored_as_unknown(tiny_bert):
    nlp = make_relations_nlp(tiny_bert, threshold=0.0, candidates={"label_pairs": "any"})
    doc = nlp(bare_doc(nlp, ("Anna left Rome", [(0, 1, "NEW"), (2, 3, "OTHER")], [])))
    assert len(doc._.relations) == 2
    assert all(np.isfinite(r.score) for r in doc._.relations)


@pytest.mark.parametrize("use", ["pipe", "evaluate"])
def test_a_doc_without_spans_gets_an_error_and_no_relations(trained, use):
    examples = [
        Example(bare_doc(trained, related, None), gold_doc(trained, related)) for related in RELATED
    ]
    uses = {
        "pipe": lambda: list(trained.pipe(["Anna lives in Paris ."])),
        "evaluate": lambda: trained.evaluate(examples),
    }
    with pytest.raises(
        SpanbertError, match=r"'Anna lives in Paris \. ?' does not have.*gold_spans"
    ):
        uses[use]()


SEVERAL_PROCESSES = """
import sys, warnings, spacy
from spacy.tokens import Doc
from spacy_spanbert import Relation
sys.path.insert(0, sys.argv[2])
from tests.relation_pipeline import RELATED, bare_doc, found_relations
warnings.simplefilter("error")
nlp = spacy.load(sys.argv[1])
data = [*RELATED, ("", [], [])] * 2
def docs(): return [bare_doc(nlp, related) for related in data]
expected = [found_relations(doc) for doc in nlp.pipe(docs())]
found = list(nlp.pipe(docs(), n_process=2, batch_size=4))
assert [found_relations(doc) for doc in found] == expected
assert any(expected)
assert all(0 < r.score <= 1 for doc in found for r in doc._.relations)
print("done")
"""


def test_several_processes_after_a_forward_pass_in_the_parent(trained, tmp_path, request):
    trained.to_disk(tmp_path)
    run = subprocess.run(
        [sys.executable, "-c", SEVERAL_PROCESSES, str(tmp_path), str(request.config.rootpath)],
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "done\n", "")


def test_strange_texts_are_annotated_and_learned_from(tiny_bert):
    nlp = make_relations_nlp(tiny_bert, encoder={"model": {"window": 24, "batch_pieces": 256}})

    def example(text):
        doc, gold = nlp.make_doc(text), nlp.make_doc(text)
        for one in (doc, gold):
            ends = [(i, i + 1, "PER") for i in range(min(3, len(one)))] + [(0, len(one), "GPE")]
            one.spans["sc"] = [Span(one, *span) for span in ends if span[0] < span[1]]
        spans = list(gold.spans["sc"])
        related = [Relation(spans[0], spans[-1], "rules")] if len(spans) > 2 else []
        gold._.relations = related
        return Example(doc, gold)

    examples = [example(text) for text in STRANGE.values()]
    assert_learned(nlp, examples)
    nlp.get_pipe(NAME).cfg["threshold"] = 0.0
    docs = list(nlp.pipe((example.predicted for example in examples), batch_size=3))
    assert all(np.isfinite(r.score) for doc in docs for r in doc._.relations)
