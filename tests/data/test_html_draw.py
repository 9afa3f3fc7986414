from collections import Counter

import pytest
from hypothesis import given, settings
from spacy.tokens import Doc

from spacy_spanbert.data.docs import get_spans
from spacy_spanbert.data.html_draw import clean, draw_doc, label_class
from spacy_spanbert.data.problems import Place, Problems
from spacy_spanbert.data.records import RecordSpan
from tests.data.drawn_page import DrawnPage, squeeze
from tests.data.strategies import NLP, docs


def draw(doc: Doc, spans: list[RecordSpan]) -> DrawnPage:
    return DrawnPage("".join(f'<div class="p">{drawn}</div>' for drawn in draw_doc(doc, spans)))


def spans_in(doc: Doc) -> list[RecordSpan]:
    return get_spans(doc, "sc", Place(), Problems("stop"))


@settings(deadline=None)
@given(docs())
def test_the_text_is_all_there_with_its_spaces(doc: Doc) -> None:
    page = draw(doc, spans_in(doc))
    assert squeeze("\n".join(page.paragraphs)) == squeeze(clean(doc.text)), repr(doc.text)


@settings(deadline=None)
@given(docs())
def test_each_word_has_a_bar_for_each_span_over_it_at_a_height_of_its_own(doc: Doc) -> None:
    spans = spans_in(doc)
    page = draw(doc, spans)
    visible = [i for i in range(len(doc)) if clean(doc[i].text).strip()]
    drawn = []
    for span in spans:
        words = [i for i in visible if span.start <= i < span.end]
        drawn += [(words[0], words[-1], span.label)] if words else []
    covered = [i for i in visible if any(first <= i <= last for first, last, _ in drawn)]
    assert [squeeze(word.text) for word in page.words] == [
        squeeze(clean(doc[i].text)) for i in covered
    ]
    for i, word in zip(covered, page.words, strict=True):
        assert len(word.bars) == sum(first <= i <= last for first, last, _ in drawn)
        assert len(set(word.bars)) == len(word.bars)
        starting = Counter(clean(label) for first, _, label in drawn if first == i and label)
        assert Counter(label for _, label in word.chips) == starting
        assert {top for top, _ in word.chips} <= set(word.bars)


def test_nested_spans_are_one_below_the_other_and_keep_their_height() -> None:
    doc = Doc(NLP.vocab, words=list("abcdef"))
    spans = [RecordSpan(0, 6, "A"), RecordSpan(1, 5, "B"), RecordSpan(2, 4, "C")]
    page = draw(doc, [*spans, RecordSpan(3, 4, "D")])
    tops = [dict(zip(word.titles, word.bars, strict=True)) for word in page.words]
    first, step = tops[0]["A"], tops[1]["B"] - tops[1]["A"]
    assert step > 0
    heights = {"A": first, "B": first + step, "C": first + 2 * step, "D": first + 3 * step}
    assert tops[3] == heights
    assert all(heights[title] == top for word in tops for title, top in word.items())
    assert [list(word) for word in tops] == [
        *(["A"], ["A", "B"], ["A", "B", "C"], ["A", "B", "C", "D"]),
        *(["A", "B"], ["A"]),
    ]


def test_every_bar_makes_room_for_itself_also_where_spans_cross() -> None:
    doc = Doc(NLP.vocab, words=list("abc"))
    page = draw(doc, [RecordSpan(0, 2, "A"), RecordSpan(1, 3, "B")])
    room = [one["style"] for tag, one in page.tags if tag == "u"]
    assert room == [f"vertical-align:-{top}px" for word in page.words for top in word.bars]
    assert page.words[2].bars == page.words[1].bars[1:]


def test_bars_reach_over_the_space_inside_a_span_but_not_behind_it() -> None:
    doc = Doc(NLP.vocab, words=["in", "New", "York", "City", "now"])
    page = draw(doc, [RecordSpan(1, 3, "X"), RecordSpan(3, 4, "Y")])
    assert [word.text for word in page.words] == ["New ", "York", "City"]
    assert page.paragraphs == ["in New York City now "]


def test_no_space_is_added_where_the_text_has_none() -> None:
    doc = Doc(
        NLP.vocab,
        words=["“", "Pitt", ",", "”", "(", "U", "K", ")"],
        spaces=[0, 0, 0, 1, 0, 0, 0, 0],
    )
    page = draw(doc, [RecordSpan(1, 2, "PER"), RecordSpan(5, 6, "X"), RecordSpan(6, 7, "X")])
    assert page.paragraphs == ["“Pitt,” (UK)"]


def test_text_and_labels_are_escaped() -> None:
    doc = Doc(NLP.vocab, words=['<script>&"', "{x}", "&amp;"])
    page = draw(doc, [RecordSpan(0, 2, "<i>&\"'{0}", 0.5)])
    assert page.paragraphs == ['<script>&" {x} &amp; ']
    assert page.words[0].chips[0][1] == "<i>&\"'{0}"
    assert page.words[0].titles == ["<i>&\"'{0} 0.500"]
    assert {tag for tag, _ in page.tags} == {"div", "span", "i", "u", "b"}


def test_the_tooltip_has_the_score_of_its_own_span() -> None:
    doc = Doc(NLP.vocab, words=["a", "b"])
    page = draw(doc, [RecordSpan(0, 2, "A", 0.25), RecordSpan(1, 2, "A", 0.75)])
    assert [word.titles for word in page.words] == [["A 0.250"], ["A 0.250", "A 0.750"]]
    assert [word.chips[0][1] for word in page.words] == ["A", "A"]


def test_a_span_that_starts_with_white_space_is_labelled_at_its_first_word() -> None:
    doc = Doc(NLP.vocab, words=["\n", "a", "\n"], spaces=[False] * 3)
    page = draw(doc, [RecordSpan(0, 3, "A"), RecordSpan(2, 3, "B")])
    assert [[label for _, label in word.chips] for word in page.words] == [["A"]]


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x7f", "\x85", "\ufdd0", "\uffff", "\U0001fffe"]
)
def test_what_html_forbids_is_replaced(character: str) -> None:
    assert clean(f"a{character}b") == "a\ufffdb"


def test_what_html_allows_is_kept() -> None:
    text = "a\tb\nc\r\x0cd\xa0e 👩‍👩‍👧 é\u200fא"
    assert clean(text) == text


def test_labels_that_differ_in_case_share_a_class_and_others_do_not() -> None:
    assert label_class("per") == label_class("PER") != label_class("LOC")
    assert label_class("a b").isalnum()


def test_right_to_left_text_runs_from_the_right() -> None:
    import spacy

    doc = spacy.blank("he")("שלום עולם")
    (drawn,) = draw_doc(doc, [RecordSpan(0, 1, "X")])
    assert "direction: rtl" in drawn
