import itertools
from collections import Counter

import numpy
import pytest

from spacy_spanbert.data.html_draw import label_class
from spacy_spanbert.data.html_page import (
    PAGE_END,
    PALETTE,
    choose_colors,
    contrast,
    page_head,
    text_color,
)
from tests.data.drawn_page import DrawnPage

# Machado, Oliveira and Fernandes (2009), severity 1, for linear red, green and blue.
COLOR_BLINDNESS = {
    "none": numpy.eye(3),
    "protanopia": numpy.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": numpy.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": numpy.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


def seen(color: str, eyes: str) -> numpy.ndarray:
    """The place of a colour in CIELAB, where distances are about those that people see."""
    channels = numpy.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = numpy.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    linear = (COLOR_BLINDNESS[eyes] @ linear).clip(0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = (numpy.array(to_xyz) @ linear) / [0.95047, 1, 1.08883]
    x, y, z = (numpy.cbrt(v) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return numpy.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("eyes", COLOR_BLINDNESS)
def test_the_first_eight_colours_are_told_apart(eyes: str) -> None:
    places = [seen(color, eyes) for color in PALETTE[:8]]
    distances = [numpy.linalg.norm(a - b) for a, b in itertools.combinations(places, 2)]
    assert min(distances) > 11  # about five times what can just be seen


@pytest.mark.parametrize("color", PALETTE)
def test_bars_stand_out_from_the_page_and_labels_from_their_ground(color: str) -> None:
    assert contrast(color, "#ffffff") >= 3
    assert contrast(text_color(color), color) >= 4.5


def test_contrast_is_that_of_the_web_guidelines() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#0072b2", "#0072b2") == 1


def test_colours_depend_on_nothing_but_the_labels() -> None:
    labels = [f"L{i:02d}" for i in range(12)]
    colors = choose_colors(labels)
    assert colors == choose_colors(reversed(labels + labels))
    assert len(set(colors.values())) == 12
    assert choose_colors([]) == {}


def test_labels_that_differ_in_case_share_a_colour_and_the_13th_label_the_first() -> None:
    assert len(set(choose_colors(["per", "PER", "loc"]).values())) == 2
    colors = choose_colors([f"L{i:02d}" for i in range(13)])
    assert colors["L12"] == colors["L00"]


def test_other_labels_of_a_pipeline_keep_the_colours_of_its_pages_the_same() -> None:
    labels = ["FAC", "LOC", "PER"]
    one = "".join(page_head("t", Counter(PER=1), 1, 1, labels))
    other = "".join(page_head("t", Counter(PER=1, LOC=2), 1, 1, labels))
    rule = f".{label_class('PER')} {{ background: {PALETTE[2]};"
    assert rule in one and rule in other
    assert label_class("LOC") not in one


def test_the_legend_counts_labels_the_commonest_first() -> None:
    counts = Counter({"B": 1234, "A": 2, "": 1})
    html = "".join(page_head("<T>", counts, 1, 2000)) + PAGE_END
    page = DrawnPage(html)
    assert page.texts["title"] == page.texts["h1"] == ["<T>"]
    assert page.texts["b"] == ["B", "A", "(no label)"]
    assert page.texts["li"] == ["1,234", "2", "1"]
    assert "1 document, 2,000 words, 1,237 spans" in page.texts["p"]


def test_a_page_without_spans_has_no_legend() -> None:
    page = DrawnPage("".join(page_head("T", Counter(), 0, 0)) + PAGE_END)
    assert "0 documents, 0 words, 0 spans" in page.texts["p"]
    assert "ul" not in {tag for tag, _ in page.tags}
