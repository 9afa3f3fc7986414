from pathlib import Path

import pytest
import spacy
import srsly
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.cli.evaluate import evaluate
from spacy.pipeline.spancat import spancat_score
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.training.span_scorer import make_span_scorer, score_spans

VOCAB = spacy.blank("en").vocab
Spans = list[tuple[int, int, str]]


def make_doc(words: list[str], spans: Spans | None, key: str = "sc", spaces=None) -> Doc:
    doc = Doc(VOCAB, words=words, spaces=spaces)
    if spans is not None:
        doc.spans[key] = [Span(doc, start, end, label) for start, end, label in spans]
    return doc


def make_example(predicted: Spans | None, gold: Spans | None, n_words: int = 12) -> Example:
    words = [f"w{i}" for i in range(n_words)]
    return Example(make_doc(words, predicted), make_doc(words, gold))


annotations = st.none() | st.lists(
    st.tuples(st.integers(0, 7), st.integers(1, 5), st.sampled_from("ABC")), max_size=6
).map(lambda spans: [(start, start + length, label) for start, length, label in spans])


@settings(deadline=None)
@given(st.lists(st.builds(make_example, annotations, annotations), max_size=4))
def test_overall_and_per_type_equal_spacys_where_words_are_the_same(examples):
    ours = score_spans(examples, "sc")
    theirs = spancat_score(examples, spans_key="sc")
    assert {key: ours[key] for key in theirs} == theirs


def test_hand_worked_nesting():
    # gold: [[her mother]'s friend] in [London]; "her" inside "her mother" is missed,
    # "mother's" is invented, "London" gets the wrong label
    gold = [(0, 4, "PER"), (0, 2, "PER"), (0, 1, "PER"), (5, 6, "GPE")]
    predicted = [(0, 4, "PER"), (0, 2, "PER"), (1, 3, "PER"), (5, 6, "LOC")]
    scores = score_spans([make_example(predicted, gold)], "sc")
    assert (scores["spans_sc_p"], scores["spans_sc_r"], scores["spans_sc_f"]) == (0.5, 0.5, 0.5)
    # inside, predicted: (0, 2) right and (1, 3) wrong; gold: (0, 2) found and (0, 1) missed
    assert (scores["spans_sc_inside_p"], scores["spans_sc_inside_r"]) == (0.5, 0.5)
    # containing, predicted: (0, 4) right; gold: (0, 4) and (0, 2), both found
    assert (scores["spans_sc_containing_p"], scores["spans_sc_containing_r"]) == (1.0, 1.0)
    assert (scores["spans_sc_boundaries_p"], scores["spans_sc_boundaries_r"]) == (0.75, 0.75)
    assert scores["spans_sc_label_accuracy"] == pytest.approx(2 / 3)
    assert scores["spans_sc_per_type"] == {
        "GPE": {"p": 0.0, "r": 0.0, "f": 0.0},
        "LOC": {"p": 0.0, "r": 0.0, "f": 0.0},
        "PER": {"p": pytest.approx(2 / 3), "r": pytest.approx(2 / 3), "f": pytest.approx(2 / 3)},
    }
    assert scores["spans_sc_per_length"] == {
        "1": {"p": 0.0, "r": 0.0, "f": 0.0, "n_predicted": 1, "n_gold": 2},
        "2": {"p": 0.5, "r": 1.0, "f": pytest.approx(2 / 3), "n_predicted": 2, "n_gold": 1},
        "3-4": {"p": 1.0, "r": 1.0, "f": 1.0, "n_predicted": 1, "n_gold": 1},
        "5-8": {"p": None, "r": None, "f": None, "n_predicted": 0, "n_gold": 0},
        "9-16": {"p": None, "r": None, "f": None, "n_predicted": 0, "n_gold": 0},
        "17+": {"p": None, "r": None, "f": None, "n_predicted": 0, "n_gold": 0},
    }


def test_an_inner_span_whose_outer_one_was_not_predicted_counts_for_recall_inside():
    scores = score_spans([make_example([(0, 1, "A")], [(0, 3, "A"), (0, 1, "A")])], "sc")
    assert scores["spans_sc_inside_r"] == 1.0
    assert scores["spans_sc_inside_p"] == 0.0  # no prediction lies inside another


def test_predictions_that_do_not_fit_the_gold_words_are_false_positives():
    predicted = make_doc(["New", "-", "York"], [(0, 1, "GPE"), (0, 3, "GPE")], spaces=[False] * 3)
    gold = make_doc(["New-York"], [(0, 1, "GPE")], spaces=[False])
    example = Example(predicted, gold)
    scores = score_spans([example], "sc")
    assert (scores["spans_sc_p"], scores["spans_sc_r"]) == (0.5, 1.0)
    assert scores["spans_sc_per_length"]["1"]["n_predicted"] == 2
    assert spancat_score([example], spans_key="sc")["spans_sc_p"] == 1.0  # what this mends


def test_gold_that_the_predicted_words_cannot_express_is_missed():
    predicted = make_doc(["New-York"], [(0, 1, "GPE")], spaces=[False])
    gold = make_doc(["New", "-", "York"], [(2, 3, "GPE")], spaces=[False] * 3)
    scores = score_spans([Example(predicted, gold)], "sc")
    assert (scores["spans_sc_p"], scores["spans_sc_r"], scores["spans_sc_f"]) == (0.0, 0.0, 0.0)


def test_gold_words_given_without_spaces_still_match():
    predicted = spacy.blank("en").make_doc("She's in Paris.")
    predicted.spans["sc"] = [Span(predicted, 3, 4, "GPE")]
    gold = make_doc(["She", "'s", "in", "Paris", "."], [(3, 4, "GPE")])
    assert score_spans([Example(predicted, gold)], "sc")["spans_sc_f"] == 1.0


def test_other_words_than_the_predicted_ones_are_refused():
    example = make_example([], [])
    example.reference = make_doc(["other"], [])
    with pytest.raises(SpanbertError, match="must have the same text"):
        score_spans([example], "sc")


def test_the_same_span_predicted_twice_counts_once():
    scores = score_spans([make_example([(0, 1, "A"), (0, 1, "A")], [(0, 1, "A")])], "sc")
    assert scores["spans_sc_p"] == 1.0


def test_without_any_annotated_reference_every_score_is_none():
    for examples in ([], [make_example([(0, 1, "A")], None)]):
        scores = score_spans(examples, "sc")
        assert len(scores) == 15
        assert set(scores.values()) == {None}


def test_references_without_the_key_are_skipped():
    skipped = make_example([(0, 1, "A"), (3, 4, "B")], None)
    scored = make_example([(0, 1, "A")], [(0, 1, "A")])
    assert score_spans([skipped, scored], "sc") == score_spans([scored], "sc")


def test_an_empty_reference_makes_every_prediction_wrong():
    scores = score_spans([make_example([(0, 1, "A")], [])], "sc")
    assert (scores["spans_sc_p"], scores["spans_sc_f"]) == (0.0, 0.0)
    assert scores["spans_sc_label_accuracy"] is None


def test_empty_documents_are_scored():
    assert score_spans([make_example([], [], n_words=0)], "sc")["spans_sc_f"] is None


def test_spans_without_words_count_and_are_never_right_by_accident():
    scores = score_spans([make_example([(1, 1, "A")], [(0, 1, "A")])], "sc")
    assert scores["spans_sc_p"] == 0.0


def test_the_key_of_the_component_is_used_unless_one_is_given():
    words = ["a", "b"]
    example = Example(make_doc(words, [(0, 1, "A")], "x"), make_doc(words, [(0, 1, "A")], "x"))
    assert make_span_scorer()([example], spans_key="x")["spans_x_f"] == 1.0
    assert make_span_scorer(spans_key="x")([example], spans_key="y")["spans_x_f"] == 1.0
    assert make_span_scorer()([example])["spans_sc_f"] is None


def test_spacy_evaluate_prints_and_writes_every_score(tmp_path: Path, capsys):
    nlp = spacy.blank("en")
    scorer = {"@scorers": "spacy-spanbert.span_scorer.v1", "spans_key": "sc"}
    ruler = nlp.add_pipe("span_ruler", config={"spans_key": "sc", "scorer": scorer})
    ruler.add_patterns(
        [{"label": "PER", "pattern": "her mother"}, {"label": "PER", "pattern": "her"}]
    )
    gold = nlp.make_doc("She saw her mother.")
    gold.spans["sc"] = [Span(gold, 2, 4, "PER"), Span(gold, 2, 3, "PER"), Span(gold, 0, 1, "PER")]
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[gold]).to_disk(tmp_path / "gold.spacy")
    output = tmp_path / "scores.json"

    evaluate(tmp_path / "model", tmp_path / "gold.spacy", output, silent=False)

    assert "SPAN F" in capsys.readouterr().out
    scores = srsly.read_json(output)
    expected = score_spans([Example(nlp("She saw her mother."), gold)], "sc")
    assert {key: scores[key] for key in expected} == srsly.json_loads(srsly.json_dumps(expected))
    assert scores["spans_sc_inside_r"] == 1.0
    assert scores["spans_sc_r"] == pytest.approx(2 / 3)
