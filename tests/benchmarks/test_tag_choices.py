"""Choices of the entity recognizer: which are trained, and the page of their results."""

from itertools import product
from typing import Any

import pytest

from benchmarks.arguments import RESULTS, ROOT
from benchmarks.readme_table import TABLES, load_reports, render
from benchmarks.tag_choices import trainings
from benchmarks.tag_choices_page import PAGE, choices_page
from spacy_spanbert.errors import SpanbertError
from spacy_spanbert.pipeline.tag_settings import (
    AGGREGATES,
    DECODERS,
    TARGETS,
    check_tag_settings,
)

TASKS = next(table for table in TABLES if table.name == "tasks")
WAYS = [way for _, ways in trainings() for way in ways]
REPORT: dict[str, Any] = {
    "benchmark": "tag_choices",
    "date": "2026-01-02",
    "command": "python -m benchmarks.tag_choices",
    "machine": {"cpu": "Some CPU", "n_cores": 2, "n_threads": 2, "bfloat16": [], "load": None},
    "versions": {"torch": "2", "spacy": "3"},
    "settings": {"minutes": 7.0},
    "results": {
        "summary": [],
        "speed": {},
        "choices": [{**way, "f": number / 1000} for number, way in enumerate(WAYS)],
    },
}


def test_everything_that_can_be_combined_is_scored_once():
    combined = []
    for values in product(TARGETS, AGGREGATES, DECODERS):
        way = dict(zip(("target", "aggregate", "decode"), values, strict=True))
        try:
            check_tag_settings(way, "spanbert_ner", {})
        except SpanbertError:
            continue
        combined.append(way)
    assert sorted(map(str, WAYS)) == sorted(map(str, combined))


@pytest.mark.parametrize(("training", "ways"), list(trainings()))
def test_what_is_decoded_from_a_training_was_trained_for_it(training, ways):
    assert training in ways
    for way in ways:
        assert way["target"] == training["target"]
        assert (way["decode"] == "crf") == (training["decode"] == "crf")


def test_the_page_has_the_score_of_each_choice_and_empty_cells_for_the_others():
    page = choices_page(REPORT)
    assert "at most 7 minutes" in page
    assert page.endswith("2026-01-02, Some CPU, 2 cores, `python -m benchmarks.tag_choices`.\n")
    rows = [line[2:-2].split(" | ") for line in page.splitlines() if line.startswith("| ")]
    header, _, *body = rows
    assert header == ["target", "aggregate", *DECODERS]
    assert len(body) == len(TARGETS) * len(AGGREGATES)
    found = {
        (target, aggregate, decode): cell
        for target, aggregate, *cells in body
        for decode, cell in zip(DECODERS, cells, strict=True)
    }
    scores = {tuple(way.values()): f"0.{number:03}" for number, way in enumerate(WAYS)}
    assert found == dict.fromkeys(product(TARGETS, AGGREGATES, DECODERS), "") | scores


def test_the_readme_links_the_page_only_if_there_are_results():
    assert f"; [`{PAGE}`]({PAGE}) compares" in render(TASKS, {"tag_choices": REPORT})
    published = render(TASKS, load_reports(TASKS, RESULTS))
    assert (PAGE in published) == (ROOT / PAGE).is_file()
