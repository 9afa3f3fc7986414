import pytest
import spacy
from spacy.tokens import Doc, Span

from spacy_spanbert.annotations.coverage import span_coverage
from spacy_spanbert.annotations.coverage_table import render_coverage

VOCAB = spacy.blank("en").vocab


def make_doc(spans, n_words=40):
    doc = Doc(VOCAB, words=[f"w{i}" for i in range(n_words)])
    doc.spans["sc"] = [Span(doc, start, end, label) for start, end, label in spans]
    return doc


def test_all_tables_are_as_worked_by_hand():
    docs = [make_doc([(0, 2, "PER"), (0, 14, "PER"), (3, 4, "LOC"), (0, 40, "LOC")]), Doc(VOCAB)]
    assert render_coverage(span_coverage(docs, "sc", 14)).splitlines() == [
        "4 gold spans in 1 document; 3 inside another; 3 (75.0%) within reach of max_length 14; "
        "1 document without doc.spans['sc'] not counted.",
        "",
        "label   spans   within reach   too long",
        "-----   -----   ------------   --------",
        "LOC         2          50.0%          1",
        "PER         2         100.0%",
        "(all)       4          75.0%          1",
        "",
        "words   spans   within reach   too long",
        "-----   -----   ------------   --------",
        "1           1         100.0%",
        "2           1         100.0%",
        "13-16       1         100.0%",
        "31+         1           0.0%          1",
        "",
        "max_length   within reach   recall at most",
        "----------   ------------   --------------",
        "1                       1            25.0%",
        "2                       2            50.0%",
        "3                       2            50.0%",
        "5                       2            50.0%",
        "8                       2            50.0%",
        "12                      2            50.0%",
        "14 *                    3            75.0%",
        "16                      3            75.0%",
        "20                      3            75.0%",
        "30                      3            75.0%",
        "any                     4           100.0%",
    ]


def test_a_corpus_without_gold_spans_gives_one_sentence():
    assert render_coverage(span_coverage([make_doc([])], "sc", 5)) == (
        "0 gold spans in 1 document."
    )


def test_repetitions_are_mentioned():
    text = render_coverage(span_coverage([make_doc([(0, 1, "A"), (0, 1, "A")])], "sc", None))
    assert "within reach of spans of any length; 1 repetition not counted." in text


@pytest.mark.parametrize(("overlap", "header"), [("nested", "crossing"), ("flat", "overlapping")])
def test_spans_that_cannot_stand_together_are_named_by_the_rule(overlap, header):
    coverage = span_coverage([make_doc([(0, 3, "A"), (1, 4, "A")])], "sc", None, overlap=overlap)
    label_table = render_coverage(coverage).split("\n\n")[1]
    assert label_table.splitlines()[0].split()[-1] == header


def test_a_share_is_not_rounded_to_all_or_none():
    docs = [make_doc([(0, 1, "A")]) for _ in range(2999)] + [make_doc([(0, 9, "B")])]
    text = render_coverage(span_coverage(docs, "sc", 8))
    assert "2,999 (99.9%) within reach" in text


def test_labels_cannot_control_the_terminal():
    assert "\x1b" not in render_coverage(span_coverage([make_doc([(0, 1, "\x1b[2J")])], "sc", 5))
