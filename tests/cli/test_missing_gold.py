"""Gold that there is none of is named, so that scores of nothing are not taken for bad ones."""

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example
from typer.testing import CliRunner

from spacy_spanbert import Relation
from spacy_spanbert.cli import app
from spacy_spanbert.cli.missing_gold import find_missing_gold
from tests.cli.annotate_command import text_of
from tests.tiny_pipeline import make_nlp

KEYED = {"@scorers": "spacy-spanbert.span_scorer.v1", "spans_key": "own"}
# factory and config: what it is scored against
SCORED = [
    ("spanbert_spancat", {"spans_key": "mine"}, "spans (doc.spans['mine'])"),
    ("spanbert_spancat", {"scorer": KEYED}, "spans (doc.spans['own'])"),
    ("spanbert_span_finder", {"training_key": "mine"}, "spans (doc.spans['mine'])"),
    ("spanbert_relations", {}, "relations (doc._.relations)"),
    ("spanbert_ner", {}, "entities (doc.ents)"),
    ("spanbert_tagger", {}, "tags (token.tag)"),
    ("spanbert_tagger", {"attribute": "pos"}, "tags (token.pos)"),
    ("spanbert_textcat", {}, "any of its labels (doc.cats): A"),
    ("ner", {}, "entities (doc.ents)"),
    ("tagger", {}, "tags (token.tag)"),
    ("spancat", {}, "spans (doc.spans['sc'])"),
    ("textcat_multilabel", {}, "any of its labels (doc.cats): A"),
]


def annotate(doc: Doc) -> Doc:
    spans = [Span(doc, 0, 1, "PER"), Span(doc, 2, 3, "GPE")]
    for key in ("mine", "own", "sc"):
        doc.spans[key] = spans
    doc._.relations = [Relation(*spans, "in")]
    doc.set_ents(spans, default="outside")
    doc.cats = {"A": 1.0}
    for word in doc:
        word.tag_, word.pos_ = "NN", "NOUN"
    return doc


@pytest.mark.parametrize(("factory", "config", "what"), SCORED)
def test_what_a_component_is_scored_against_is_named_where_no_doc_has_it(factory, config, what):
    nlp = spacy.blank("en")
    component = nlp.add_pipe(factory, config=config)
    if "textcat" in factory:
        component.add_label("A")
    bare, annotated = nlp.make_doc("Ann in Rome"), annotate(nlp.make_doc("Ann in Rome"))
    other = nlp.make_doc("Ann in Rome")
    other.cats, other.spans["other"] = {"B": 1.0}, []
    without, empty = Example(bare, other), Example(nlp.make_doc(""), nlp.make_doc(""))
    assert find_missing_gold(nlp, [without, empty]) == {factory: what}
    assert find_missing_gold(nlp, []) == {factory: what}
    # one Doc is enough, and annotated with nothing is annotated
    assert find_missing_gold(nlp, [without, Example(bare, annotated)]) == {}


def test_a_doc_annotated_with_nothing_is_annotated():
    nlp = spacy.blank("en")
    for factory in ("spanbert_spancat", "spanbert_ner", "spanbert_relations"):
        nlp.add_pipe(factory)
    doc = nlp.make_doc("Nothing here")
    doc.spans["sc"], doc._.relations = [], []
    doc.set_ents([], default="outside")
    assert find_missing_gold(nlp, [Example(nlp.make_doc("Nothing here"), doc)]) == {}


def test_what_has_no_scorer_needs_no_gold():
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer", config={"scorer": None})
    nlp.add_pipe("spanbert_ner", config={"scorer": None})
    assert find_missing_gold(nlp, []) == {}


def test_evaluate_warns_of_it_and_not_of_what_is_there(tiny_bert, tmp_path):
    nlp = make_nlp(tiny_bert)
    nlp.to_disk(tmp_path / "nlp")
    words = ["evaluate", str(tmp_path / "nlp"), str(tmp_path / "gold.spacy")]
    for is_annotated in (False, True):
        doc = nlp.make_doc("Ann left Rome")
        DocBin(docs=[annotate(doc) if is_annotated else doc]).to_disk(tmp_path / "gold.spacy")
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, result.output
        warning = "'spanbert_spancat' cannot be scored: no Doc of the corpus is annotated with"
        assert (f"{warning} spans (doc.spans['sc'])" in text_of(result)) != is_annotated
