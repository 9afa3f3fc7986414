import spacy
from spacy.tokens import Doc

from spacy_spanbert.data.html_relations import MOST_OPEN, draw_relations
from spacy_spanbert.data.records import RecordRelation, RecordSpan
from tests.data.drawn_page import DrawnPage

NLP = spacy.blank("en")
ANN, ACME = RecordSpan(0, 1, "PER"), RecordSpan(2, 3, "ORG")


def draw(*relations: RecordRelation, words: tuple[str, ...] = ("Ann", "of", "Acme")) -> DrawnPage:
    return DrawnPage("".join(draw_relations(Doc(NLP.vocab, words=words), relations)))


def test_a_relation_is_a_row_of_head_label_and_tail() -> None:
    page = draw(RecordRelation(ACME, ANN, "employs"), RecordRelation(ANN, ACME, "of"))
    assert page.texts["summary"] == ["2 relations"]
    assert page.texts["td"] == ["Acme", "employs", "Ann", "Ann", "of", "Acme"]
    assert page.texts["b"] == ["ORG", "PER", "PER", "ORG"]
    assert [tag for tag, _ in page.tags].count("tr") == 2


def test_scores_are_a_column_if_there_are_any() -> None:
    page = draw(RecordRelation(ANN, ACME, "of", 0.98765))
    assert page.texts["td"] == ["Ann", "of", "Acme", "0.988"]
    assert page.texts["summary"] == ["1 relation"]


def test_nothing_is_drawn_for_no_relations() -> None:
    assert draw().tags == []


def test_text_and_labels_are_escaped() -> None:
    odd = RecordRelation(RecordSpan(0, 1, '<b>&"'), RecordSpan(0, 1, ""), "<i>&amp;")
    page = draw(odd, words=("<script>",))
    assert page.texts["td"] == ["<script>", "<i>&amp;", "<script>"]
    assert page.texts["b"] == ['<b>&"']
    assert {tag for tag, _ in page.tags} == {"details", "summary", "table", "tr", "td", "b"}


def test_a_long_table_is_folded_up() -> None:
    relation = RecordRelation(ANN, ACME, "of")
    for n, is_open in ((MOST_OPEN, True), (MOST_OPEN + 1, False)):
        (attributes,) = [one for tag, one in draw(*[relation] * n).tags if tag == "details"]
        assert ("open" in attributes) == is_open
