"""What the component `spanbert_relations` learns from, and what teaches it nothing."""

import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Example

from spacy_spanbert import Relation
from spacy_spanbert.annotations.relations import has_relations
from spacy_spanbert.errors import SpanbertError
from tests.finder_pipeline import ANNOTATING, add_finder
from tests.relation_pipeline import (
    RELATED,
    add_relations,
    bare_doc,
    found_relations,
    gold_doc,
    make_relations_nlp,
    predict,
    relation_examples,
)
from tests.tiny_pipeline import add_encoder, add_spancat, fit, initialize, make_optimizer

NAME = "spanbert_relations"


def gold_of(nlp, symmetric=()):
    """What is to be found: symmetric relations from the span that comes first."""
    gold = []
    for related in RELATED:
        triples = found_relations(gold_doc(nlp, related))
        gold.append(
            sorted(
                (*t[2:4], *t[:2], t[4]) if t[4] in symmetric and t[2] < t[0] else t for t in triples
            )
        )
    return gold


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"symmetric": ["spouse_of"]},
        {"multilabel": True},
        {"multilabel": True, "symmetric": ["spouse_of"], "spans_key": "other"},
        {"candidates": {"label_pairs": "any"}},
        {"negatives": 0.5, "loss": {"none_weight": 0.8, "positive_weight": 1.5}},
        {"model": {"biaffine_width": 4, "activation": "gelu"}},
        {"model": {"context_width": 0, "representation": "ffn_endpoints_mean"}},
        {"model": {"context_words": 0, "representation": "endpoints_mean", "dropout": 0.1}},
    ],
    ids=str,
)
def test_relations_of_ten_sentences_are_learned_by_heart(tiny_bert, settings):
    nlp = make_relations_nlp(tiny_bert, **settings)
    key = settings.get("spans_key", "sc")
    fit(nlp, relation_examples(nlp, spans_key=key), 80)
    assert nlp.evaluate(relation_examples(nlp, spans_key=key))["relations_f"] == 1.0
    docs = predict(nlp, key=key)
    assert [found_relations(doc) for doc in docs] == gold_of(nlp, settings.get("symmetric", ()))
    assert all(0.5 <= r.score <= 1 for doc in docs for r in doc._.relations)


def test_no_words_no_spans_and_one_span_give_no_relations_and_teach_nothing(tiny_bert):
    nlp = make_relations_nlp(tiny_bert)
    strange = [
        ("", [], []),
        ("Anna", [], []),
        ("Anna left", [(0, 1, "PER")], []),
        # a label that was never seen
        ("Anna left Rome", [(0, 1, "NEW"), (2, 3, "OTHER")], []),
    ]
    docs = predict(nlp, strange)
    assert all(has_relations(doc) and not doc._.relations for doc in docs)
    assert nlp(nlp.make_doc(""))._.relations == []
    before = nlp.get_pipe(NAME).to_bytes()
    losses = nlp.update(relation_examples(nlp, strange), sgd=make_optimizer(), losses={})
    assert losses[NAME] == 0.0
    assert nlp.get_pipe(NAME).to_bytes() == before


def test_a_label_of_relations_that_was_never_seen_teaches_nothing(tiny_bert):
    nlp = make_relations_nlp(tiny_bert)
    related = ("Anna left Rome", [(0, 1, "PER"), (2, 3, "GPE")], [(0, 1, "unheard_of")])
    losses = nlp.update(relation_examples(nlp, [related]), sgd=make_optimizer(), losses={})
    assert losses[NAME] > 0  # as no relation
    assert "unheard_of" not in nlp.get_pipe(NAME).labels
    with pytest.raises(SpanbertError, match="cannot take 'unheard_of' any more"):
        nlp.get_pipe(NAME).add_label("unheard_of")


def test_a_doc_without_annotation_teaches_nothing_beside_others(tiny_bert):
    nlp = make_relations_nlp(tiny_bert)
    gold = relation_examples(nlp)
    unannotated = relation_examples(nlp)
    for example in unannotated:
        for key in ("relations.heads", "relations.tails"):
            del example.reference.spans[key]
    alone = nlp.update(gold, sgd=False, losses={})[NAME]
    nlp.get_pipe("spanbert").flush()
    beside = nlp.update([*gold, *unannotated], sgd=False, losses={})[NAME]
    assert beside == pytest.approx(alone, rel=1e-4)
    assert nlp.evaluate(unannotated)["relations_f"] is None


def test_relations_of_a_plain_python_loop_are_set_on_the_reference(tiny_bert):
    """Example.from_dict knows spans, but no relations: these are set on the reference Doc."""
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_relations(nlp)

    def example():
        gold = {"spans": {"sc": [(0, 4, "PER"), (14, 19, "GPE")]}}
        made = Example.from_dict(nlp.make_doc("Anna lives in Paris."), gold)
        anna, paris = made.reference.spans["sc"]
        made.reference._.relations = [Relation(anna, paris, "lives_in")]
        return made

    initialize(nlp, tiny_bert, [example()])
    sgd = make_optimizer()
    for _ in range(30):
        nlp.update([example()], sgd=sgd)
    doc = nlp.make_doc("Anna lives in Paris.")
    doc.spans["sc"] = [Span(doc, 0, 1, "PER"), Span(doc, 3, 4, "GPE")]
    assert found_relations(nlp(doc)) == [(0, 1, 3, 4, "lives_in")]


def test_what_is_wrong_at_initialization_is_told(tiny_bert, capsys):
    nothing = [("Anna left", [(0, 1, "PER")], [])]
    with pytest.raises(SpanbertError, match=r"no labels: 1 of the gold Docs .* none has one"):
        make_relations_nlp(tiny_bert, data=nothing)
    with pytest.raises(SpanbertError, match="symmetric names friend_of, but the labels"):
        make_relations_nlp(tiny_bert, symmetric=["friend_of"])
    typo = [["PERSON", "GPE"]]
    with pytest.raises(
        SpanbertError, match=r"nothing to learn(.|\n)*no candidate pair: 9 "
    ) as error:
        make_relations_nlp(tiny_bert, candidates={"label_pairs": typo})
    names = "names 'PERSON'; the labels of gold spans are 'GPE', 'ORG', 'PER'"
    assert names in str(error.value)
    capsys.readouterr()
    make_relations_nlp(tiny_bert, candidates={"label_pairs": [["PER", "GPE"], *typo]})
    assert names in capsys.readouterr().err
    make_relations_nlp(tiny_bert, candidates={"nested": False})
    told = capsys.readouterr().err
    assert "9 relations between 25 gold spans in 10 annotated Docs" in told
    assert "no candidate pair: 4 (based_in 2, rules 2)" in told
    assert "relations_f" not in told


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 1.5}, "threshold is 1.5, expected a probability"),
        ({"gold_share": -0.1}, "gold_share is -0.1, expected a share, 0 to 1"),
        ({"negatives": 0.0}, "negatives is 0.0, expected a share, above 0"),
        ({"spans_key": ""}, "spans_key is '', expected a text"),
        ({"lr_scale": 0.0}, "lr_scale is 0.0"),
        ({"loss": {"negatives": 0.5}}, "has no option 'negatives'; there are: positive_weight"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, message):
    with pytest.raises(SpanbertError, match=message):
        add_relations(spacy.blank("en"), **settings)


def test_negatives_are_drawn_and_gold_pairs_always_kept(tiny_bert):
    nlp = make_relations_nlp(tiny_bert, negatives=0.3, candidates={"label_pairs": "any"})
    pipe = nlp.get_pipe(NAME)
    examples = relation_examples(nlp)
    counts = set()
    for _ in range(8):
        nlp.get_pipe("spanbert").update(examples, sgd=False)
        (pairs, rows, labels, logits), _ = pipe.begin_update(examples)
        assert len(pairs.heads) == len(pairs.tails) == len(logits)
        assert len(set(rows.tolist())) == len(labels) == 9
        starts = pairs.arguments.starts
        spouses = [
            sorted((int(starts[pairs.heads[row]]), int(starts[pairs.tails[row]])))
            for row, label in zip(rows, labels, strict=True)
            if pipe.labels[label] == "spouse_of"
        ]
        assert all(head != tail for head, tail in spouses)
        counts.add(len(logits))
    assert len(counts) > 1
    assert max(counts) < 40  # of 48


def test_predicted_spans_are_learned_from(tiny_bert):
    """With `annotating_components` the spans come from another component."""
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_spancat(nlp)
    add_relations(nlp, gold_share=0.0)
    examples = [
        Example(bare_doc(nlp, related, None), gold_doc(nlp, related)) for related in RELATED
    ]
    initialize(nlp, tiny_bert, examples)
    with nlp.select_pipes(disable=[NAME]):
        fit(nlp, examples, 60)
    with pytest.raises(SpanbertError, match="annotating_components"):
        nlp.update(examples, sgd=False)
    sgd = make_optimizer()
    for _ in range(50):
        nlp.update(examples, sgd=sgd, annotates=["spanbert", "spanbert_spancat"])
    scores = nlp.evaluate(examples)
    assert scores["spans_sc_f"] == 1.0
    assert scores["relations_f"] == 1.0


def test_relations_between_the_candidates_of_a_span_finder_are_learned(tiny_bert, capsys):
    """These have no labels; those of gold arguments are in the way neither of pairs nor scores."""
    data = [RELATED[0], RELATED[4], RELATED[5]]
    nlp = spacy.blank("en")
    add_encoder(nlp)
    add_finder(nlp, threshold=0.0)
    add_relations(nlp, spans_key="candidates")

    def examples():
        return [Example(bare_doc(nlp, one, None), gold_doc(nlp, one)) for one in data]

    initialize(nlp, tiny_bert, examples())
    told = capsys.readouterr().err
    assert "Out of reach" not in told
    assert "3 of these Docs have no gold spans in doc.spans['candidates']: they are learned" in told
    with pytest.raises(SpanbertError, match=r"name it and the encoder in .* annotating_components"):
        nlp.update(examples(), sgd=False)
    sgd = make_optimizer()
    for _ in range(40):
        nlp.update(examples(), sgd=sgd, annotates=ANNOTATING)
    scores = nlp.evaluate(examples())
    assert scores["relations_f"] == scores["relations_nested_f"] == 1.0
    (relation,) = nlp("The mayor of New York met Anna .")._.relations
    assert (relation.head.text, relation.tail.text) == ("The mayor of New York", "New York")
    assert relation.head.label_ == ""
