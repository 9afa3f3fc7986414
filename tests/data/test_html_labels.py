from math import nan

from spacy_spanbert.data.html_labels import MOST_SHOWN, draw_labels
from tests.data.drawn_page import DrawnPage


def draw(cats: dict[str, float]) -> DrawnPage:
    return DrawnPage("".join(draw_labels(cats)))


def test_the_most_probable_label_comes_first_and_the_likely_ones_stand_out():
    page = draw({"email": 0.04, "weblog": 0.5, "reviews": 0.91234, "answers": nan})
    assert "".join(page.texts["strong"]) == "reviewsweblog"
    text = "".join(draw_labels({"b": 0.25, "a": 0.25, "c": 0.91234, "d": nan}))
    places = [text.index(part) for part in ("c<", "0.912", "a <", "0.250", "b <", "d <", "nan")]
    assert places == sorted(places)


def test_nothing_is_drawn_for_no_labels():
    assert draw({}).tags == []


def test_labels_are_escaped():
    page = draw({"<script>&\x00": 1.0})
    assert page.texts["strong"] == ["<script>&\ufffd"]
    assert {tag for tag, _ in page.tags} == {"p", "span", "strong"}


def test_of_many_labels_the_rest_is_counted():
    many = {str(n): n / 1000 for n in range(MOST_SHOWN + 3)}
    text = "".join(draw_labels(many))
    assert text.count('class="n"') == MOST_SHOWN
    assert "and 3 more" in text
    assert "more" not in "".join(draw_labels(dict(list(many.items())[:MOST_SHOWN])))
